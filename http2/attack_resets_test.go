package http2

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// provocations are streams that make a server send RST_STREAM: what opens one, and
// what provokes.
var provocations = []struct {
	name          string
	open, provoke func(id uint32) []byte
}{
	{"WINDOW_UPDATE that overflows", openWhole, func(id uint32) []byte { return wire.AppendWindowUpdate(nil, id, wire.MaxWindow) }},
	{"WINDOW_UPDATE of 0", openWhole, func(id uint32) []byte { return rawFrame(wire.WindowUpdate, 0, id, "\x00\x00\x00\x00") }},
	{"PRIORITY of bad length", openWhole, func(id uint32) []byte { return rawFrame(wire.Priority, 0, id, "\x00") }},
	{"PRIORITY on itself", openWhole, func(id uint32) []byte {
		return rawFrame(wire.Priority, 0, id, string([]byte{0, 0, byte(id >> 8), byte(id), 16}))
	}},
	{"DATA after END_STREAM", openWhole, func(id uint32) []byte { return rawFrame(wire.Data, 0, id, "x") }},
	{"HEADERS after END_STREAM", openWhole, func(id uint32) []byte { return rawFrame(wire.Headers, endHeaders|endStream, id, block) }},
	{"DATA beyond content-length", openSized, func(id uint32) []byte { return rawFrame(wire.Data, 0, id, "xx") }},
	{"DATA short of content-length", openSized, func(id uint32) []byte { return rawFrame(wire.Data, endStream, id, "") }},
	{"trailers without END_STREAM", openSized, func(id uint32) []byte { return rawFrame(wire.Headers, endHeaders, id, "\x00\x01a\x00") }},
	{"trailers with pseudo-fields", openSized, func(id uint32) []byte { return rawFrame(wire.Headers, endHeaders|endStream, id, "\x84") }},
}

// openWhole is a request without a body.
func openWhole(id uint32) []byte { return rawFrame(wire.Headers, endHeaders|endStream, id, block) }

// openSized is a request whose body has one octet.
func openSized(id uint32) []byte {
	return rawFrame(wire.Headers, endHeaders, id, block+"\x0f\x0d\x011") // content-length: 1
}

// slowToNotice is a handler that takes a while to notice that its request is gone.
type slowToNotice struct{ ran, running, most atomic.Int64 }

func (h *slowToNotice) handle(_ http.ResponseWriter, r *http.Request) {
	h.ran.Add(1)
	n := h.running.Add(1)
	h.most.Store(max(h.most.Load(), n))
	<-r.Context().Done()
	time.Sleep(time.Millisecond)
	h.running.Add(-1)
}

// wantAtMost checks how many handlers ran at a time, and that none does any more
// once the client is gone.
func (h *slowToNotice) wantAtMost(c *servedConn, n int64) {
	c.t.Helper()
	if got := h.most.Load(); got > n {
		c.t.Errorf("%d handlers ran at a time, want %d", got, n)
	}
	c.Close()
	time.Sleep(time.Minute)
	if got := h.running.Load(); got != 0 {
		c.t.Errorf("%d handlers run for a client that is gone", got)
	}
}

// CVE-2023-44487, Rapid Reset.
func TestServerEndsAFloodOfResets(t *testing.T) {
	h := new(slowToNotice)
	serving{srv: &Server{MaxConcurrentStreams: 10}, handler: h.handle}.withBystander(t, func(c *servedConn) {
		for id := uint32(1); id < 4000; id += 2 {
			c.write(append(openWhole(id), wire.AppendRSTStream(nil, id, wire.Cancel)...))
		}
		c.wantSentAway("too_many_early_resets")
		h.wantAtMost(c, 10)
	})
}

// CVE-2025-8671, MadeYouReset.
func TestServerEndsAClientThatMakesItReset(t *testing.T) {
	for _, p := range provocations {
		t.Run(p.name, func(t *testing.T) {
			h := new(slowToNotice)
			serving{srv: &Server{MaxConcurrentStreams: 10}, handler: h.handle}.withBystander(t, func(c *servedConn) {
				for id := uint32(1); id < 4000; id += 2 {
					c.write(append(p.open(id), p.provoke(id)...))
				}
				if resets := c.wantSentAway("too_many_early_resets"); resets > 1100 {
					t.Errorf("after %d resets", resets)
				}
				h.wantAtMost(c, 10)
			})
		})
	}
}

// Streams beyond the limit are refused, and it is the client that makes us.
func TestServerEndsAClientThatKeepsOpeningStreamsBeyondTheLimit(t *testing.T) {
	h := new(slowToNotice)
	serving{srv: &Server{MaxConcurrentStreams: 10}, handler: h.handle}.withBystander(t, func(c *servedConn) {
		for id := uint32(1); id < 4000; id += 2 {
			c.write(openWhole(id))
		}
		c.wantSentAway("too_many_early_resets")
		h.wantAtMost(c, 10)
	})
}

// RFC 9113 §8.1.1: malformed requests are reset, or answered with 400 and reset.
func TestServerEndsAClientWhoseRequestsAreAllMalformed(t *testing.T) {
	for name, fields := range map[string]string{
		"upper case":        block + "\x00\x01A\x00",
		"an empty name":     block + "\x00\x00\x00",
		"no method":         "\x87\x84\x01\x01a",
		"a line break":      block + "\x00\x01a\x01\n",
		"pseudo-field last": block + "\x00\x01a\x00\x82",
	} {
		t.Run(name, func(t *testing.T) {
			serving{handler: func(http.ResponseWriter, *http.Request) { t.Error("a handler ran") }}.withBystander(t, func(c *servedConn) {
				for id := uint32(1); id < 4000; id += 2 {
					c.write(rawFrame(wire.Headers, endHeaders|endStream, id, fields))
				}
				c.wantSentAway("too_many_early_resets")
			})
		})
	}
}

func TestServerDoesNotStartHandlersOfStreamsThatWereReset(t *testing.T) {
	release := newGate()
	paths := new(eventLog)
	serving{
		srv: &Server{MaxConcurrentStreams: 1},
		handler: func(w http.ResponseWriter, r *http.Request) {
			paths.add(r.URL.Path)
			release.wait()
			w.WriteHeader(204)
		},
	}.withBystander(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream, ":path", "/1")
		settled()
		c.RST(1, wire.Cancel)
		c.Request(3, h2test.EndStream, ":path", "/3")
		settled()
		c.RST(3, wire.Cancel)
		c.Request(5, h2test.EndStream, ":path", "/5")
		settled()
		paths.want(t, "one handler may run at a time, and one does", "/1")
		release.open()
		c.Want("the next one runs", noContent(5))
		paths.want(t, "the handler of a stream that was reset is never started", "/1", "/5")
	})
}

func TestServerGivesBackTheWindowOfRequestsThatAreNeverHandled(t *testing.T) {
	release := newGate()
	serving{
		srv:     &Server{MaxConcurrentStreams: 1, MaxUploadBufferPerConnection: 65535},
		handler: func(http.ResponseWriter, *http.Request) { release.wait() },
	}.run(t, func(c *servedConn) {
		defer release.open()
		c.Request(1, h2test.EndStream)
		settled()
		c.RST(1, wire.Cancel)
		p := h2test.NewPeer(t, c.Conn()) // one that looks at WINDOW_UPDATE
		for id := uint32(3); id < 23; id += 2 {
			c.Request(id, h2test.KeepOpen, ":method", "POST")
			c.Data(id, h2test.KeepOpen, strings.Repeat("x", 30000))
			settled()
			c.RST(id, wire.Cancel)
			p.Want("the connection's window is restored", h2test.WindowUpdateFrame(0, 30000))
		}
	})
}

// CVE-2019-9514, reset flood.
func TestServerStopsReadingAClientThatProvokesResetsAndNeverReads(t *testing.T) {
	serving{}.attack(t, func(a attacker) {
		a.flood(rawFrame(wire.Headers, endHeaders, 1, block), 1)
		if n := a.flood(rawFrame(wire.WindowUpdate, 0, 1, "\x00\x00\x00\x00"), 100000); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
	})
}

func TestServerStopsReadingAClientWhoseHandlersAbortAndThatNeverReads(t *testing.T) {
	var ran atomic.Int64
	serving{handler: func(http.ResponseWriter, *http.Request) {
		ran.Add(1)
		panic(http.ErrAbortHandler)
	}}.attack(t, func(a attacker) {
		for id := uint32(1); id < 40000; id += 2 {
			a.conn.Write(rawFrame(wire.Headers, endHeaders|endStream, id, block))
			if id%200 == 1 {
				settled()
			}
		}
		settled()
		if n := ran.Load(); n > 5000 {
			t.Errorf("%d handlers ran, whose resets nobody reads", n)
		}
	})
}

func TestServerLetsAClientCancelHalfOfItsRequests(t *testing.T) {
	serving{handler: serverMux(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}.run(t, func(c *servedConn) {
		for id := uint32(1); id < 10000; id += 4 {
			c.Request(id, h2test.EndStream)
			c.wantServed(id + 2)
			c.RST(id, wire.Cancel)
		}
	})
}
