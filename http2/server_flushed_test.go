package http2

import (
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// What a Flush that returned nil has accepted is sent before the end of its stream,
// whatever that is, as far as windows allow.

// flushedEnds are ends of a stream. handler is what its handler does in the end,
// client what the client does then.
var flushedEnds = map[string]struct {
	handler http.HandlerFunc
	client  func(c *servedConn)
}{
	"a write deadline in the past": {handler: func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(-time.Second))
	}},
	"a write deadline that passes": {handler: func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second)
	}},
	"a panic":              {handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	"the handler's return": {handler: func(http.ResponseWriter, *http.Request) {}},
	"an error of the stream": {handler: untilDone, client: func(c *servedConn) {
		c.WindowUpdate(1, wire.MaxWindow) // overflows
	}},
	"an error of the connection": {handler: untilDone, client: func(c *servedConn) {
		c.Raw(rawFrame(wire.Ping, 0, 0, "short"))
	}},
	"the client's end of the connection": {handler: untilDone, client: func(c *servedConn) {
		c.Conn().(*h2test.Conn).CloseWrite()
	}},
	"a shutdown": {handler: func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }, client: func(c *servedConn) {
		connsOf(c.hs).shutdown()
		time.Sleep(2 * time.Second)
	}},
}

// P105.
func TestWhatWasFlushedArrivesWhateverEndsTheStream(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, end := range flushedEnds {
		for i := range 24 {
			c := make(choices, 40)
			for j := range c {
				c[j] = byte(r.Uint32())
			}
			k := newTalker(&c)
			stalled, userSched := i%2 == 0, i%4 < 2
			synctest.Test(t, func(t *testing.T) {
				flushed := new(talking)
				s := serving{srv: new(Server), settings: wide, handler: func(w http.ResponseWriter, r *http.Request) {
					k.flush(flushed, w)
					end.handler(w, r)
				}}
				if userSched {
					s.srv.NewWriteScheduler = func() WriteScheduler { return new(inOrder) }
				}
				c := s.start(t)
				c.WindowUpdate(0, 1<<30)
				settled()
				if stalled {
					c.server.StallWrites()
				}
				c.Request(1, h2test.EndStream)
				settled()
				if end.client != nil {
					end.client(c)
				}
				settled()
				c.server.ReleaseWrites()
				got := c.content(1)
				if want := flushed.bytes.Load(); got < want {
					t.Errorf("%d of %d bytes that were flushed have arrived", got, want)
				}
			})
			if t.Failed() {
				t.Fatalf("%s; the network takes nothing %t, a user's scheduler %t; a handler that does %v", name, stalled, userSched, k)
			}
		}
	}
}

// flush talks for a while, less than a stream may have waiting, and flushes in the
// end. on knows what was flushed.
func (k *talker) flush(on *talking, w http.ResponseWriter) {
	wrote := new(talking)
	for range 3 {
		for _, s := range k.steps {
			if wrote.bytes.Load()+int64(s.size) > 10*kib {
				continue
			}
			k.do(wrote, s, w)
		}
	}
	if http.NewResponseController(w).Flush() == nil {
		on.bytes.Store(wrote.bytes.Load())
	}
}

// content reads until nothing comes any more, and returns how many bytes of content
// stream id had.
func (c *servedConn) content(id uint32) (n int64) {
	c.t.Helper()
	settled()
	nc := c.Conn()
	header := make([]byte, wire.HeaderLen)
	for {
		nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(nc, header); err != nil {
			return n
		}
		h := wire.ParseHeader(header)
		if _, err := io.CopyN(io.Discard, nc, int64(h.Length)); err != nil {
			c.t.Error(err)
			return n
		}
		if h.Type == wire.Data && h.StreamID == id {
			n += int64(h.Length)
		}
	}
}
