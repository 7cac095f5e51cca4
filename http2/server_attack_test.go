package http2

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// An attacker writes without ever reading: what it wrote, and the server has not
// read, is how far the server lets it go.
type attacker struct {
	*servedConn
	conn *h2test.Conn
}

// attack starts a server whose client stops reading after the greeting.
func (s serving) attack(t *testing.T, script func(a attacker)) {
	t.Helper()
	s.run(t, func(c *servedConn) {
		settled()
		c.server.StallWrites()
		script(attacker{c, c.Conn().(*h2test.Conn)})
	})
}

// flood writes frame n times, and returns how many bytes of it the server read.
func (a attacker) flood(frame []byte, n int) int {
	before := a.conn.Unread()
	a.conn.Write(bytes.Repeat(frame, n))
	settled()
	return before + n*len(frame) - a.conn.Unread()
}

// floodLimit is how much of a flood may be read before the server stops: what
// it reads at once, and as much again.
const floodLimit = 64 << 10

func TestServerStopsReadingAClientThatPingsAndNeverReads(t *testing.T) {
	serving{}.attack(t, func(a attacker) {
		if n := a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 100000); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
	})
}

func TestServerStopsReadingAClientThatSendsSettingsAndNeverReads(t *testing.T) {
	serving{}.attack(t, func(a attacker) {
		if n := a.flood(wire.AppendSettings(nil), 100000); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
	})
}

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

func TestServerGoesOnWhenAFloodIsReadAtLast(t *testing.T) {
	serving{handler: serverMux(nil)}.attack(t, func(a attacker) {
		a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 5000)
		a.server.ReleaseWrites()
		for range 5000 {
			a.Want("every PING is answered", h2test.PingFrame(true, [8]byte([]byte("12345678"))))
		}
		a.wantServed(1)
	})
}

func TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget(t *testing.T) {
	tests := []struct {
		name  string
		frame []byte
	}{
		{"empty DATA", rawFrame(wire.Data, 0, 1, "")},
		{"PRIORITY", rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x00\x10")},
		{"unknown types", rawFrame(0x0b, 0, 1, "")},
		{"PING", rawFrame(wire.Ping, 0, 0, "12345678")},
		{"SETTINGS", wire.AppendSettings(nil)},
		{"PRIORITY_UPDATE", rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x01u=1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serving{handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}.run(t, func(c *servedConn) {
				c.Request(1, h2test.KeepOpen, ":method", "POST")
				c.Ignore(h2test.PingAcks, h2test.AnySettings)
				c.Raw(bytes.Repeat(test.frame, 9000))
				c.WantNothing("a burst is harmless")
				time.Sleep(10 * time.Second)
				c.Raw(bytes.Repeat(test.frame, 9000))
				c.WantNothing("and so is another, later")
				c.Raw(bytes.Repeat(test.frame, 20000))
				c.Want("a flood is not", h2test.GoAwayFrame(1, wire.EnhanceYourCalm))
				c.counted.want(t, "it is counted", "conn_ENHANCE_YOUR_CALM_too_many_idle_frames")
			})
		})
	}
}

func TestServerEndsAConnectionThatContinuesAFieldSectionForEver(t *testing.T) {
	tests := []struct{ name, fragment string }{
		{"with fields", "\x00\x01a\x7f\x81\x00" + strings.Repeat("x", 256)},
		{"with references", strings.Repeat("\x82", 16000)},
		{"with nothing", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serving{hs: &http.Server{MaxHeaderBytes: 10000}}.run(t, func(c *servedConn) {
				c.Raw(rawFrame(wire.Headers, 0, 1, block))
				conn := c.Conn().(*h2test.Conn)
				sent := 0
				for range 20000 {
					f := rawFrame(wire.Continuation, 0, 1, test.fragment)
					sent += len(f)
					conn.Write(f)
					settled()
					if conn.Unread() == 0 && len(c.log.all()) > 0 {
						break
					}
				}
				c.Want("it is cut off", h2test.GoAwayFrame(0, wire.EnhanceYourCalm))
				if sent > 200000 {
					t.Errorf("%d bytes were read before", sent)
				}
			})
		})
	}
}

func TestServerCountsFieldsAtTheirFullSize(t *testing.T) {
	serving{
		hs:      &http.Server{MaxHeaderBytes: 100000},
		handler: serverMux(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }),
	}.run(t, func(c *servedConn) {
		// One field of 4,000 bytes in the table, and a thousand references to it.
		bomb := block + "\x40\x01b\x7f\xa1\x1e" + strings.Repeat("x", 4000) + strings.Repeat("\xbe", 1000)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, bomb))
		c.Want("the list is too large, however small it is on the wire", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "431"))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%d bytes were allocated", n)
		}
		c.Next() // the body
		c.wantServed(3)
	})
}

func TestServerDoesNotStartHandlersOfStreamsThatWereReset(t *testing.T) {
	release := newGate()
	paths := new(serverLog)
	serving{
		srv: &Server{MaxConcurrentStreams: 1},
		handler: func(w http.ResponseWriter, r *http.Request) {
			paths.add(r.URL.Path)
			release.wait()
			w.WriteHeader(204)
		},
	}.run(t, func(c *servedConn) {
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

func TestServerEndsAFloodOfResets(t *testing.T) {
	var running, most, ran atomic.Int64
	serving{
		srv: &Server{MaxConcurrentStreams: 10},
		handler: func(_ http.ResponseWriter, r *http.Request) {
			ran.Add(1)
			most.Store(max(most.Load(), running.Add(1)))
			<-r.Context().Done()
			time.Sleep(time.Millisecond) // it does not notice at once
			running.Add(-1)
		},
	}.run(t, func(c *servedConn) {
		conn := c.Conn().(*h2test.Conn)
		for id := uint32(1); id < 4000; id += 2 {
			conn.Write(append(rawFrame(wire.Headers, endHeaders|endStream, id, block), wire.AppendRSTStream(nil, id, wire.Cancel)...))
		}
		f := c.Next()
		for f.Type != wire.GoAway {
			f = c.Next()
		}
		if g, _ := wire.ParseGoAway(f.Header, f.Payload); g.Code != wire.EnhanceYourCalm {
			t.Errorf("the connection ends with %v", g.Code)
		}
		c.counted.want(t, "it is counted", "conn_ENHANCE_YOUR_CALM_too_many_early_resets")
		if n := most.Load(); n > 10 {
			t.Errorf("%d handlers ran at a time", n)
		}
		c.Close()
		time.Sleep(time.Second) // for the last handlers
	})
}

func TestServerEndsAClientThatMakesItReset(t *testing.T) {
	serving{handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}.run(t, func(c *servedConn) {
		conn := c.Conn().(*h2test.Conn)
		for id := uint32(1); id < 4000; id += 2 {
			conn.Write(append(rawFrame(wire.Headers, endHeaders|endStream, id, block), wire.AppendWindowUpdate(nil, id, 1<<31-1)...))
		}
		resets := 0
		f := c.Next()
		for ; f.Type != wire.GoAway; f = c.Next() {
			resets++
		}
		if g, _ := wire.ParseGoAway(f.Header, f.Payload); g.Code != wire.EnhanceYourCalm || resets > 1100 {
			t.Errorf("the connection ends with %v after %d resets", g.Code, resets)
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

func TestServerChangesEveryWindowInConstantTime(t *testing.T) {
	serving{
		srv:     &Server{MaxConcurrentStreams: 10000},
		handler: func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 5000)) },
		settings: []wire.Setting{
			{ID: wire.SettingInitialWindowSize, Val: 0},
		},
	}.run(t, func(c *servedConn) {
		c.Ignore(h2test.AnySettings)
		for id := uint32(1); id < 4000; id += 2 {
			c.Request(id, h2test.EndStream)
		}
		settled()
		var churn []byte
		for i := range uint32(4000) {
			churn = wire.AppendSettings(churn, wire.Setting{ID: wire.SettingInitialWindowSize, Val: i % 2})
		}
		conn := c.Conn().(*h2test.Conn)
		conn.Write(churn)
		settled()
		if n := conn.Unread(); n != 0 {
			t.Errorf("%d bytes of SETTINGS were not read", n)
		}
	})
}

func TestServerRejectsWhatIsNotHTTP2(t *testing.T) {
	for _, greeting := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\x00"} {
		t.Run(fmt.Sprintf("%q", greeting), func(t *testing.T) {
			serving{silent: true}.run(t, func(c *servedConn) {
				io.WriteString(c.Conn(), greeting)
				if !c.isOver() {
					t.Fatal("the connection goes on")
				}
				if got := c.log.String(); !strings.HasPrefix(got, "http2: server: error reading preface from client 192.0.2.1:50000: bogus greeting ") {
					t.Errorf("the log is %q", got)
				}
			})
		})
	}
}

func TestServerWantsSettingsFirst(t *testing.T) {
	serving{silent: true}.run(t, func(c *servedConn) {
		c.Raw([]byte(wire.Preface))
		c.Ping(false, [8]byte{})
		c.Want("the server's SETTINGS come first", h2test.FrameOfType(wire.Settings, 0))
		c.Want("RFC 9113 §3.4", h2test.GoAwayFrame(0, wire.ProtocolError))
		c.counted.want(t, "it is counted", "conn_PROTOCOL_ERROR_first_settings")
	})
}

func TestServerEndsTheConnectionASecondAfterAnError(t *testing.T) {
	var ended error
	serving{handler: func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		ended = r.Context().Err()
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Data(3, h2test.KeepOpen, "x")
		c.Want("the client is told", h2test.GoAwayFrame(1, wire.ProtocolError))
		time.Sleep(time.Second - time.Nanosecond)
		if c.isOver() {
			t.Error("the client has no time to read GOAWAY")
		}
		time.Sleep(time.Nanosecond)
		if !c.isOver() || ended == nil {
			t.Error("the connection goes on")
		}
	})
}
