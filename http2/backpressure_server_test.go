package http2

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// What a stream has queued and not sent is bounded, whatever a handler does and
// however its client stalls; and a handler that waits for its client is let go when
// there is nothing to wait for any more.

// talkEnds are ends of a stall: what lets the handler go.
var talkEnds = []struct {
	name   string
	do     func(c *servedConn, id uint32)
	drains bool // the response arrives whole
}{
	{name: "the client reads after all", drains: true, do: func(c *servedConn, id uint32) {
		c.server.ReleaseWrites()
		c.WindowUpdate(0, 2*talkBytes)
		c.WindowUpdate(id, 2*talkBytes)
	}},
	{name: "the client resets the stream", do: func(c *servedConn, id uint32) { c.RST(id, wire.Cancel) }},
	{name: "the write deadline passes", do: func(*servedConn, uint32) { time.Sleep(2 * time.Minute) }},
	{name: "the client goes away", do: func(c *servedConn, _ uint32) { c.Close() }},
	{name: "the connection breaks", do: func(c *servedConn, _ uint32) { c.Conn().(*h2test.Conn).Reset() }},
	{name: "the server is shut down, and then closed", do: func(c *servedConn, _ uint32) {
		connsOf(c.hs).shutdown()
		settled()
		c.server.Close()
	}},
}

// talkCase is a case of the property, made of choices.
type talkCase struct {
	*talker
	stall     stall
	end       int // of talkEnds
	connect   bool
	trailers  bool
	userSched bool
}

func newTalkCase(c *choices) *talkCase {
	k := &talkCase{stall: stalls[c.next(len(stalls))], end: c.next(len(talkEnds))}
	k.connect = c.next(8) == 0
	k.trailers = c.next(4) == 0
	k.userSched = c.next(4) == 0
	k.talker = newTalker(c)
	return k
}

func (k *talkCase) handler(on *talking) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fill" {
			w.Write(make([]byte, wire.DefaultWindow))
			return
		}
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
		if k.trailers {
			w.Header().Set("Trailer", "X-Sum")
		}
		k.run(on, w)
		w.Header().Set("X-Sum", "1")
	}
}

// settings are the client's.
func (k *talkCase) settings() []wire.Setting {
	window := uint32(0)
	if k.stall.window {
		window = 1 << 30
	}
	return []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: window}}
}

// check checks the property in a bubble.
func (k *talkCase) check(t *testing.T) {
	on := new(talking)
	srv := new(Server)
	if k.userSched {
		srv.NewWriteScheduler = func() WriteScheduler { return new(inOrder) }
	}
	c := serving{srv: srv, handler: k.handler(on), settings: k.settings()}.start(t)
	before := heldMemory()
	id := k.begin(c)
	settled()
	if k.stall.byBytes {
		byteByByte(c.Peer, id)
	}
	if held := heldSince(before); held > talkBound {
		t.Errorf("after %d steps and %d bytes %d KiB are held, want at most %d", on.steps.Load(), on.bytes.Load(), held/kib, talkBound/kib)
	}
	end := talkEnds[k.end]
	end.do(c, id)
	if end.drains {
		if got, wrote := int64(len(c.body(id))), on.bytes.Load(); got != wrote || on.err != nil {
			t.Errorf("%d of %d bytes have arrived; the handler got %v", got, wrote, on.err)
		}
	}
	settled()
	if !on.stopped.Load() {
		t.Error("the handler still waits")
	}
}

// begin makes the request, and returns its stream.
func (k *talkCase) begin(c *servedConn) (id uint32) {
	id = 1
	if k.stall.conn {
		c.Request(1, h2test.EndStream, ":path", "/fill")
		c.body(1)
		id = 3
	}
	settled()
	if k.stall.unread {
		c.WindowUpdate(0, 1<<30)
		settled()
		c.server.StallWrites()
	}
	if k.connect {
		c.Request(id, h2test.KeepOpen, ":method", "CONNECT", ":scheme", "-", ":path", "-")
	} else {
		c.Request(id, h2test.EndStream)
	}
	return id
}

func TestMemoryOfAResponseIsBoundedWhateverItsHandlerDoes(t *testing.T) {
	cases := 144
	if short() {
		cases = 48
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range cases {
		c := make(choices, 40)
		for j := range c {
			c[j] = byte(r.Uint32())
		}
		c[0] = byte(i) // each stall, with each end
		c[1] = byte(i / len(stalls))
		k := newTalkCase(&c)
		synctest.Test(t, k.check)
		if t.Failed() {
			t.Fatalf("%s; %s; CONNECT %t, trailers %t, a user's scheduler %t; again and again: %v",
				k.stall.name, talkEnds[k.end].name, k.connect, k.trailers, k.userSched, k.talker)
		}
	}
}

// The rows of the trial that found the bound missing.
func TestHandlersThatWriteLittleAndFlushAreHeldBack(t *testing.T) {
	flushed := func(n int) *talker { return &talker{steps: []talk{{talkWrite, n}, {what: talkFlush}}} }
	for _, k := range []*talkCase{
		{talker: flushed(1), stall: stalls[0]},
		{talker: flushed(1000), stall: stalls[0]},
		{talker: flushed(1000), stall: stalls[2]},
		{talker: flushed(4096), stall: stalls[0]},
		{talker: &talker{steps: []talk{{what: talkInform}}}, stall: stalls[2]},
		{talker: flushed(1), stall: stalls[0], userSched: true},
	} {
		t.Run(k.stall.name+", "+k.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k.check(t)
			})
		})
	}
}
