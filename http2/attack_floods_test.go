package http2

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// CVE-2019-9512, PING flood.
func TestServerStopsReadingAClientThatPingsAndNeverReads(t *testing.T) {
	serving{}.attack(t, func(a attacker) {
		if n := a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 100000); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
	})
}

// CVE-2019-9515, SETTINGS flood.
func TestServerStopsReadingAClientThatSendsSettingsAndNeverReads(t *testing.T) {
	serving{}.attack(t, func(a attacker) {
		if n := a.flood(wire.AppendSettings(nil), 100000); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
	})
}

func TestServerGoesOnWhenAFloodIsReadAtLast(t *testing.T) {
	serving{handler: nil}.attack(t, func(a attacker) {
		a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 5000)
		a.server.ReleaseWrites()
		for range 5000 {
			a.Want("every PING is answered", h2test.PingFrame(true, [8]byte([]byte("12345678"))))
		}
		a.wantServed(1)
	})
}

// moveNothing are frames that move nothing, after what leads up to
// them. CVE-2019-9512, 9513, 9515 and 9518, and what is left if only those are
// charged.
var moveNothing = []struct {
	name    string
	prepare func(c *servedConn)
	frame   []byte
}{
	{"empty DATA", openPost, rawFrame(wire.Data, 0, 1, "")},
	{"DATA of padding only", openPost, rawFrame(wire.Data, wire.FlagPadded, 1, "\x00")},
	{"PRIORITY", openPost, rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x00\x10")},
	{"PRIORITY of streams that do not exist", openPost, rawFrame(wire.Priority, 0, 99, "\x00\x00\x00\x00\x10")},
	{"PRIORITY_UPDATE", openPost, rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x01u=1")},
	{"unknown types", openPost, rawFrame(0x0b, 0, 1, "")},
	{"PING", openPost, rawFrame(wire.Ping, 0, 0, "12345678")},
	{"SETTINGS", openPost, wire.AppendSettings(nil)},
	{"acknowledgements of no PING", openPost, rawFrame(wire.Ping, wire.FlagAck, 0, "12345678")},
	{"WINDOW_UPDATE of the connection", openPost, wire.AppendWindowUpdate(nil, 0, 1)},
	{"WINDOW_UPDATE of an open stream", openPost, wire.AppendWindowUpdate(nil, 1, 1)},
	{"WINDOW_UPDATE of a closed stream", completed, wire.AppendWindowUpdate(nil, 1, 1)},
	{"RST_STREAM of a complete stream", completed, wire.AppendRSTStream(nil, 1, wire.Cancel)},
	{"RST_STREAM of a stream that it has reset", resetByClient, wire.AppendRSTStream(nil, 1, wire.Cancel)},
	{"HEADERS on a stream that we have reset", resetByServer, rawFrame(wire.Headers, endHeaders|endStream, 1, block)},
	{"requests after goodbye", openAndSayGoodbye, rawFrame(wire.Headers, endHeaders|endStream, 3, block)},
	{"malformed requests after goodbye", openAndSayGoodbye, rawFrame(wire.Headers, endHeaders|endStream, 3, "\x82")},
}

func openPost(c *servedConn) { c.Request(1, h2test.KeepOpen, ":method", "POST") }

func completed(c *servedConn) { c.wantServed(1) }

func resetByClient(c *servedConn) {
	c.Request(1, h2test.EndStream)
	c.RST(1, wire.Cancel)
}

func resetByServer(c *servedConn) {
	c.Request(1, h2test.EndStream, ":path", "/abort")
	c.Want("the handler aborts", h2test.RSTStreamFrame(1, wire.InternalError))
}

func openAndSayGoodbye(c *servedConn) {
	openPost(c)
	settled()
	c.GoAway(0, wire.NoError, "")
	c.Want("the server does so too", h2test.GoAwayFrame(1, wire.NoError))
}

// untilDoneOrAbort is untilDone, but for /abort.
func untilDoneOrAbort(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/abort" {
		panic(http.ErrAbortHandler)
	}
	untilDone(w, r)
}

func TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget(t *testing.T) {
	for _, test := range moveNothing {
		t.Run(test.name, func(t *testing.T) {
			serving{handler: untilDoneOrAbort}.withBystander(t, func(c *servedConn) {
				test.prepare(c)
				c.Ignore(h2test.PingAcks, h2test.AnySettings)
				c.write(bytes.Repeat(test.frame, 9000))
				c.WantNothing("a burst is harmless")
				time.Sleep(10 * time.Second)
				c.write(bytes.Repeat(test.frame, 9000))
				c.WantNothing("and so is another, later")
				c.write(bytes.Repeat(test.frame, 20000))
				c.wantSentAway("too_many_idle_frames")
			})
		})
	}
}

// A GOAWAY may carry as much debug data as fits, and may come again.
func TestServerLogsOneGoAwayOfManyAndNotAllOfIt(t *testing.T) {
	serving{handler: untilDone}.withBystander(t, func(c *servedConn) {
		openPost(c)
		c.Ignore(h2test.PingAcks)
		c.write(bytes.Repeat(wire.AppendGoAway(nil, 0, wire.InternalError, bytes.Repeat([]byte{0}, 10000)), 20))
		c.Want("the server says goodbye too", h2test.GoAwayFrame(1, wire.NoError))
		settled()
		if lines := c.log.all(); len(lines) != 1 || len(lines[0]) > 2000 {
			t.Errorf("%d lines were logged, %d bytes", len(lines), len(c.log.String()))
		}
		c.write(bytes.Repeat(wire.AppendGoAway(nil, 0, wire.NoError, nil), 20000))
		c.wantSentAway("too_many_idle_frames")
	})
}

// An honest client may answer each DATA frame with WINDOW_UPDATE for every piece
// of it that it has consumed.
func TestServerDoesNotMindWindowUpdatesForWhatItSends(t *testing.T) {
	const size, piece = 4 << 20, 128
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		p := make([]byte, 16<<10)
		for range size / len(p) {
			w.Write(p)
		}
	}}.withBystander(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		for got := 0; got < size; {
			f := c.Next()
			if f.Type == wire.GoAway {
				t.Fatal("the client is sent away")
			}
			if f.Type != wire.Data {
				continue
			}
			got += len(f.Payload)
			for n := len(f.Payload); n > 0; n -= piece {
				c.WindowUpdate(0, uint32(min(n, piece)))
				c.WindowUpdate(1, uint32(min(n, piece)))
			}
		}
	})
}

// CVE-2026-27141: no type of frame is a surprise.
func TestServerIgnoresFramesOfTypesThatNobodyKnows(t *testing.T) {
	serving{handler: untilDone}.withBystander(t, func(c *servedConn) {
		openPost(c)
		for kind := 0x0a; kind <= 0xff; kind++ {
			if wire.FrameType(kind) == wire.PriorityUpdate {
				continue
			}
			for id := range uint32(4) {
				c.write(rawFrame(wire.FrameType(kind), 0xff, id, "\x00\x00\x00\x00\x00"))
			}
		}
		c.WantNothing("there is nothing to say")
		c.wantServed(3)
	})
}

// What an error quotes is logged, and sent in GOAWAY.
func TestServerDoesNotRepeatAllOfWhatIsWrong(t *testing.T) {
	var got error
	reads := func(_ http.ResponseWriter, r *http.Request) {
		_, got = io.ReadAll(r.Body)
	}
	serving{handler: reads}.withBystander(t, func(c *servedConn) {
		c.Raw(openPostOf(1))
		settled() // the handler reads
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, "\x00"+hpackString(strings.Repeat("A", 100000))+"\x00"))
		f := c.Next()
		for f.Type != wire.RSTStream {
			f = c.Next()
		}
		settled()
		var se StreamError
		if !errors.As(got, &se) || len(got.Error()) > 2000 {
			t.Errorf("the handler gets %T, %.100v", got, got)
		}
		if n := len(c.log.String()); n > 2000 {
			t.Errorf("%d bytes were logged", n)
		}
	})
}
