package http2

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestServerRejectsWhatIsNotHTTP2(t *testing.T) {
	for _, greeting := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\x00"} {
		t.Run(fmt.Sprintf("%q", greeting), func(t *testing.T) {
			serving{silent: true}.withBystander(t, func(c *servedConn) {
				io.WriteString(c.Conn(), greeting)
				if !c.hasReturned() {
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
	serving{silent: true}.withBystander(t, func(c *servedConn) {
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
		if c.hasReturned() {
			t.Error("the client has no time to read GOAWAY")
		}
		time.Sleep(time.Nanosecond)
		if !c.hasReturned() || ended == nil {
			t.Error("the connection goes on")
		}
	})
}

// CVE-2022-27664 and its kin: a client that has been sent away gets no more time by going
// on, and nothing that it sends is looked at.
func TestServerIsNotKeptByFramesAfterItsGoAway(t *testing.T) {
	var ran atomic.Int64
	serving{handler: func(http.ResponseWriter, *http.Request) { ran.Add(1) }}.withBystander(t, func(c *servedConn) {
		c.Data(3, h2test.KeepOpen, "on an idle stream")
		c.Want("the client is told", h2test.GoAwayFrame(0, wire.ProtocolError))
		for id := uint32(1); id < 20; id += 2 {
			c.write(openWhole(id))
			c.write(rawFrame(wire.Ping, 0, 0, "12345678"))
			time.Sleep(99 * time.Millisecond)
		}
		c.WantNothing("there is nothing more to say")
		time.Sleep(10 * time.Millisecond)
		if !c.hasReturned() || ran.Load() > 0 {
			t.Errorf("the connection goes on, and %d handlers ran", ran.Load())
		}
	})
}

func TestServerDoesNotReadForEverWhatComesAfterItsGoAway(t *testing.T) {
	serving{srv: &Server{MaxUploadBufferPerConnection: 65535}}.withBystander(t, func(c *servedConn) {
		c.Data(3, h2test.KeepOpen, "on an idle stream")
		c.Want("the client is told", h2test.GoAwayFrame(0, wire.ProtocolError))
		a := attacker{c, c.Conn().(*h2test.Conn)}
		if n := a.flood(wire.AppendData(nil, 1, false, make([]byte, 16384)), 1000); n < 65535 || n > 2*mib {
			t.Errorf("%d bytes of 16 MiB were read", n)
		}
		time.Sleep(time.Second)
		if !c.hasReturned() {
			t.Error("the connection goes on")
		}
	})
}

// A shutdown has to end, whatever clients do.
func TestServerShutdownEndsAConnectionThatReadsNothing(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		settled()
		c.server.StallWrites()
		a := attacker{c, c.Conn().(*h2test.Conn)}
		a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 100000)
		a.hs.Shutdown(context.Background())
		time.Sleep(31*time.Second - time.Nanosecond) // one for the PING, which is not acknowledged
		if a.hasReturned() {
			t.Error("it had no time to read GOAWAY")
		}
		time.Sleep(time.Nanosecond)
		if !a.hasReturned() {
			t.Error("the connection goes on")
		}
	})
}

// A client that disappears takes everything with it that it had begun.
func TestServerLeavesNothingRunningForAClientThatIsGone(t *testing.T) {
	h := new(slowToNotice)
	serving{handler: h.handle}.attack(t, func(a attacker) {
		for id := uint32(1); id < 1000; id += 2 {
			a.write(openPostOf(id))
		}
		settled()
		h.wantAtMost(a.servedConn, 250)
		if !a.hasReturned() {
			t.Error("the connection goes on")
		}
	})
}
