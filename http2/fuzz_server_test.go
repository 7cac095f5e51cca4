package http2

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// fuzzPause, a frame type that RFC 9113 has both ends ignore, makes time pass: its payload's length in milliseconds.
// Without a payload, each end does what it can.
const fuzzPause wire.FrameType = 0xf0

// FuzzServerConnection sends a server whatever a client may send after the preface. Nothing may panic, the connection
// and all its goroutines must end when the client is gone, handlers may not read more than was sent, and what the
// server sends must be what RFC 9113 lets it send.
func FuzzServerConnection(f *testing.F) {
	for setup, stream := range serverSeeds() {
		f.Add(byte(setup), stream)
		f.Add(byte(setup|fuzzSplit|fuzzSlow), stream)
	}
	f.Fuzz(func(t *testing.T, setup byte, stream []byte) {
		if len(stream) > 1<<14 {
			return
		}
		synctest.Test(t, func(t *testing.T) { fuzzServer(t, setup, stream) })
	})
}

// What the bits of a setup mean; the lower ones choose the scheduler.
const (
	fuzzReset = 1 << (4 + iota) // the peer's connection breaks, instead of ending
	fuzzSplit                   // reads are short
	fuzzSlow                    // the peer takes in little at a time
)

var fuzzSchedulers = []func() WriteScheduler{
	nil,
	NewRandomWriteScheduler,
	func() WriteScheduler { return NewPriorityWriteScheduler(nil) },
	func() WriteScheduler { return new(inOrder) },
}

func fuzzServer(t *testing.T, setup byte, stream []byte) {
	client, server := h2test.Pipe()
	fuzzTransmission(client, server, setup)
	lines := new(eventLog)
	srv := &Server{
		NewWriteScheduler:    fuzzSchedulers[int(setup)%len(fuzzSchedulers)],
		MaxConcurrentStreams: 5,
		IdleTimeout:          time.Hour,
	}
	bodies := new(fuzzBodies)
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		srv.ServeConn(server, &ServeConnOpts{BaseConfig: quietServer(lines), Handler: bodies})
	}()
	peer := newFuzzPeer(client, 0)
	client.Write([]byte(wire.Preface))
	peer.play(stream)
	hangUp(client, setup)
	<-returned
	sent := peer.all()
	client.Close()
	if err := peer.check(maxConnWindow+maxConnUnread, 0); err != nil {
		t.Error(err)
	}
	if setup&fuzzReset == 0 {
		if err := checkOutput(sent, stream, false); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(lines.String(), "panic") {
		t.Error(lines)
	}
	synctest.Wait() // for the handlers
	if n := bodies.read.Load(); n > int64(len(stream))+peer.filled {
		t.Errorf("handlers read %d bytes of %d", n, int64(len(stream))+peer.filled)
	}
}

// fuzzTransmission makes the connection what setup says.
func fuzzTransmission(peer, ours *h2test.Conn, setup byte) {
	if setup&fuzzSplit != 0 {
		ours.SplitReads(7)
	}
	if setup&fuzzSlow != 0 {
		ours.LimitBuffer(500)
	}
}

// hangUp ends the peer's side.
func hangUp(c *h2test.Conn, setup byte) {
	if setup&fuzzReset != 0 {
		c.Reset()
	} else {
		c.CloseWrite()
	}
}

func (b *fuzzBodies) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch r.URL.Path {
	case "/echo":
		io.Copy(w, b.of(r))
	case "/large":
		w.Write(make([]byte, 20_000))
	case "/flush":
		h.Set("Trailer", "A")
		io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
		h.Set("A", "b")
	case "/grpc":
		h.Set("Content-Type", "application/grpc")
		h.Set("Grpc-Status", "5")
		w.(http.Flusher).Flush()
	case "/push":
		if p, ok := w.(http.Pusher); ok {
			p.Push("/echo", nil)
		}
	case "/wait":
		<-r.Context().Done()
	case "/panic":
		panic(http.ErrAbortHandler)
	case "/early":
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNoContent)
	case "/duplex":
		http.NewResponseController(w).EnableFullDuplex()
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		w.WriteHeader(200)
		io.Copy(w, b.of(r))
		fmt.Fprint(w, r.Trailer)
	default:
		n, _ := io.Copy(io.Discard, r.Body) // its WriteTo; the others Read
		b.read.Add(n)
		h["X"] = r.Header["X"]
	}
}

// serverSeeds are conversations to start from.
func serverSeeds() [][]byte {
	seed := func(add func(c *fuzzFrames)) []byte {
		c := newFuzzFrames()
		c.b = wire.AppendSettings(c.b)
		c.b = wire.AppendSettingsAck(c.b)
		add(c)
		return c.b
	}
	return [][]byte{
		seed(func(c *fuzzFrames) { c.request(1, true, "/"); c.pause(0); c.request(3, true, "/flush"); c.pause(5) }),
		seed(func(c *fuzzFrames) {
			c.request(1, false, "/echo")
			c.b = wire.AppendData(c.b, 1, false, []byte("hello"))
			c.pause(0)
			c.b = wire.AppendDataPadded(c.b, 1, true, []byte("there"), make([]byte, 9))
		}),
		seed(func(c *fuzzFrames) {
			c.b = wire.AppendSettings(c.b, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 10}, wire.Setting{ID: wire.SettingHeaderTableSize, Val: 0})
			c.request(1, true, "/large")
			c.pause(0)
			c.b = wire.AppendWindowUpdate(c.b, 1, 5000)
			c.pause(0)
			c.b = wire.AppendRSTStream(c.b, 1, wire.Cancel)
			c.request(3, true, "/early")
		}),
		seed(func(c *fuzzFrames) {
			c.request(1, false, "/duplex")
			c.b = wire.AppendData(c.b, 1, false, []byte("hello"))
			c.pause(0)
			c.fields(1, true, "a", "trailer")
			c.request(3, true, "/push")
			c.request(5, true, "/panic")
			c.request(7, true, "/wait")
			c.b = wire.AppendPing(c.b, false, [8]byte{1})
			c.pause(2000)
		}),
		seed(func(c *fuzzFrames) {
			c.request(1, true, "/grpc")
			c.request(3, false, "/wait")
			c.b = wire.AppendPriority(c.b, 3, wire.PriorityParam{StreamDep: 1, Weight: 3, Exclusive: true})
			c.b = wire.AppendPriorityUpdate(c.b, 1, "u=1, i")
			c.b = wire.AppendGoAway(c.b, 0, wire.NoError, []byte("bye"))
			c.pause(0)
			c.b = wire.AppendData(c.b, 3, true, make([]byte, 300))
		}),
		seed(func(c *fuzzFrames) {
			for id := uint32(1); id < 20; id += 2 {
				c.request(id, false, "/wait")
				c.b = wire.AppendRSTStream(c.b, id, wire.Cancel)
			}
			c.b = wire.AppendWindowUpdate(c.b, 0, 0)
		}),
		seed(func(c *fuzzFrames) {
			c.request(1, false, "/wait")
			c.request(3, false, "/")
			c.fill(1, 200)
			c.fill(3, 3000)
			c.request(5, false, "/echo")
			c.fill(5, 100)
			c.b = wire.AppendRSTStream(c.b, 1, wire.Cancel)
			c.fill(3, 5000)
		}),
	}
}

// fuzzFrames makes seeds.
type fuzzFrames struct {
	b   []byte
	enc *hpack.Encoder
	buf strings.Builder
}

func newFuzzFrames() *fuzzFrames {
	c := new(fuzzFrames)
	c.enc = hpack.NewEncoder(&c.buf)
	c.enc.SetMaxDynamicTableSize(0) // so that a fuzzer may leave sections out
	return c
}

func (c *fuzzFrames) fields(id uint32, end bool, namesAndValues ...string) {
	c.buf.Reset()
	for _, f := range h2test.Fields(namesAndValues...) {
		c.enc.WriteField(f)
	}
	c.b = wire.AppendHeaders(c.b, wire.HeadersParam{StreamID: id, EndStream: end, EndHeaders: true, Fragment: []byte(c.buf.String())})
}

func (c *fuzzFrames) request(id uint32, end bool, path string) {
	method := "POST"
	if end {
		method = "GET"
	}
	c.fields(id, end, ":method", method, ":scheme", "https", ":path", path, ":authority", "a", "x", "y")
}

// pause waits for ms milliseconds, or for whatever happens at once.
func (c *fuzzFrames) pause(ms int) {
	c.b = append(c.b, rawFrame(fuzzPause, 0, 0, strings.Repeat("\x00", ms))...)
}

// fill sends kib KiB of content, as far as windows allow.
func (c *fuzzFrames) fill(id uint32, kib int) {
	c.b = append(c.b, rawFrame(fuzzFill, 0, id, strings.Repeat("\x00", kib))...)
}

// fuzzBodies is a handler of many kinds, which counts what is read of requests' bodies.
type fuzzBodies struct{ read atomic.Int64 }

// of is r's body, with its bytes counted.
func (b *fuzzBodies) of(r *http.Request) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Body.Read(p)
		b.read.Add(int64(n))
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// quietServer is a net/http server that logs nowhere else.
func quietServer(l *eventLog) *http.Server { return &http.Server{ErrorLog: log.New(l, "", 0)} }
