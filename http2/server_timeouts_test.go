package http2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestServerEndsAConnectionThatIsIdleTooLong(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}, handler: serverMux(nil)}.run(t, func(c *servedConn) {
		time.Sleep(30 * time.Second)
		c.wantServed(1)
		time.Sleep(59 * time.Second)
		c.WantNothing("the time is counted from the last stream's end")
		time.Sleep(time.Second)
		c.WantDrain("it is over", 1)
		time.Sleep(999 * time.Millisecond)
		c.WantNothing("the client has a second to read GOAWAY")
		c.WantClosed("then the connection is closed")
	})
}

func TestServerIsNotKeptBusyByPings(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
		for range 5 {
			time.Sleep(10 * time.Second)
			c.Ping(false, [8]byte{1})
			c.Want("a PING is answered", h2test.PingFrame(true, [8]byte{1}))
		}
		time.Sleep(10 * time.Second)
		c.WantDrain("PING does not make a connection less idle", 0)
	})
}

func TestServerIsNotIdleWhileAStreamIsOpen(t *testing.T) {
	serving{
		srv:     &Server{IdleTimeout: time.Second},
		handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		time.Sleep(time.Hour)
		c.WantNothing("a stream is open")
	})
}

func TestServerClosesAnIdleConnectionWhoseClientReadsNothing(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
		c.server.StallWrites()
		time.Sleep(2 * time.Minute)
		if !c.hasReturned() {
			t.Error("GOAWAY cannot be sent, and the connection stays for ever")
		}
	})
}

func TestServerClosesABrokenConnectionWhoseClientReadsNothing(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		c.server.StallWrites()
		c.Data(1, h2test.EndStream, "on an idle stream")
		time.Sleep(time.Minute)
		if !c.hasReturned() {
			t.Error("GOAWAY cannot be sent, and the connection stays for ever")
		}
	})
}

func TestServerAsksASilentClientWhetherItIsThere(t *testing.T) {
	serving{srv: &Server{ReadIdleTimeout: 10 * time.Second, PingTimeout: 3 * time.Second}}.run(t, func(c *servedConn) {
		for range 3 {
			time.Sleep(9 * time.Second)
			c.WantNothing("the client was heard of less than 10 seconds ago")
			f := c.Next()
			if f.Type != wire.Ping || f.Flags.Has(wire.FlagAck) {
				t.Fatalf("want PING, got %v", f)
			}
			time.Sleep(2 * time.Second)
			c.Ping(true, [8]byte(f.Payload))
		}
		c.counted.want(t, "nothing went wrong")
	})
}

func TestServerIgnoresAnAcknowledgementOfNoPing(t *testing.T) {
	serving{handler: serverMux(nil)}.run(t, func(c *servedConn) {
		c.Ping(true, [8]byte{1, 2, 3})
		c.WantNothing("RFC 9113 §6.7: acknowledgements are not answered")
		c.wantServed(1)
	})
}

func TestServerClosesAConnectionThatLosesItsPing(t *testing.T) {
	serving{srv: &Server{ReadIdleTimeout: 10 * time.Second, PingTimeout: 3 * time.Second}}.run(t, func(c *servedConn) {
		time.Sleep(10 * time.Second)
		c.WantNow("the client is asked", h2test.FrameOfType(wire.Ping, 0))
		c.Ping(true, [8]byte{1, 2, 3})
		time.Sleep(3*time.Second - time.Millisecond)
		c.WantNothing("another PING's answer is none, and there is still time")
		time.Sleep(time.Millisecond)
		settled()
		c.WantClosed("nothing came")
		c.counted.want(t, "CountError is told", "conn_close_lost_ping")
		c.log.want(t, "and so is the log", "timeout waiting for PING response")
	})
}

func TestServerWaits15SecondsForAPingByDefault(t *testing.T) {
	serving{srv: &Server{ReadIdleTimeout: time.Second}}.run(t, func(c *servedConn) {
		c.Patience = time.Minute
		c.Want("the client is asked", h2test.FrameOfType(wire.Ping, 0))
		begin := time.Now()
		c.WantClosed("nothing came")
		if d := time.Since(begin); d != 15*time.Second {
			t.Errorf("the connection was closed after %v", d)
		}
	})
}

func TestServerHTTP2ConfigSetsThePingTimeouts(t *testing.T) {
	conf := &http.HTTP2Config{SendPingTimeout: 2 * time.Second, PingTimeout: 3 * time.Second}
	serving{
		srv: &Server{ReadIdleTimeout: time.Hour, PingTimeout: time.Hour},
		hs:  &http.Server{HTTP2: conf},
	}.run(t, func(c *servedConn) {
		begin := time.Now()
		c.Want("the client is asked", h2test.FrameOfType(wire.Ping, 0))
		c.WantClosed("nothing came")
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("the connection was closed after %v", d)
		}
	})
}

func TestServerClosesAConnectionWhoseWriteMovesNothing(t *testing.T) {
	serving{srv: &Server{WriteByteTimeout: 5 * time.Second}, handler: serverMux(nil)}.run(t, func(c *servedConn) {
		c.server.StallWrites()
		c.Request(1, h2test.EndStream, ":path", "/served")
		time.Sleep(5*time.Second - time.Nanosecond)
		if c.hasReturned() {
			t.Error("it ended too soon")
		}
		time.Sleep(time.Nanosecond)
		if !c.hasReturned() {
			t.Error("it did not end")
		}
	})
}

func TestServerLetsAWriteThatMovesAByteContinue(t *testing.T) {
	serving{
		srv:     &Server{WriteByteTimeout: 5 * time.Second},
		handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 100)) },
	}.run(t, func(c *servedConn) {
		c.server.LimitBuffer(1)
		c.Request(1, h2test.EndStream)
		c.Conn().SetReadDeadline(time.Time{})
		var b [1]byte
		for range 20 {
			time.Sleep(4 * time.Second)
			if n, err := c.Conn().Read(b[:]); n != 1 || err != nil {
				t.Fatalf("read: %d, %v", n, err)
			}
		}
	})
}

func TestServerEndsTheBodyAtReadTimeout(t *testing.T) {
	var got result
	serving{
		hs: &http.Server{ReadTimeout: 5 * time.Second},
		handler: serverMux(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			got = result{len(b), err}
			w.WriteHeader(204)
		}),
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, "abc")
		time.Sleep(5*time.Second - time.Millisecond)
		c.WantNothing("there is still time")
		c.Want("the handler is told that the body does not come", noContent(1), h2test.RSTStreamFrame(1, wire.NoError))
		if got.n != 3 || !errors.Is(got.err, os.ErrDeadlineExceeded) {
			t.Errorf("ReadAll: %v", got)
		}
		c.wantServed(3)
	})
}

func TestServerResetsAStreamAtWriteTimeout(t *testing.T) {
	var got error
	serving{
		hs: &http.Server{WriteTimeout: 5 * time.Second},
		handler: serverMux(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			_, got = w.Write(make([]byte, 10000))
		}),
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		time.Sleep(5*time.Second - time.Millisecond)
		c.WantNothing("there is still time")
		c.Want("the stream is over, and only the stream", h2test.RSTStreamFrame(1, wire.InternalError))
		settled()
		if !errors.Is(got, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", got)
		}
		c.wantServed(3)
	})
}

func TestServerUpgradedRequestHasAWriteTimeout(t *testing.T) {
	serving{
		hs: &http.Server{WriteTimeout: 5 * time.Second},
		opts: ServeConnOpts{
			UpgradeRequest: &http.Request{Method: "GET", ProtoMajor: 1, ProtoMinor: 1},
		},
		handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}.run(t, func(c *servedConn) {
		time.Sleep(5 * time.Second)
		c.WantNow("stream 1 is like any other", h2test.RSTStreamFrame(1, wire.InternalError))
	})
}

func TestServerEndsAConnectionWithoutAPreface(t *testing.T) {
	serving{silent: true}.run(t, func(c *servedConn) {
		c.Want("the server's SETTINGS do not wait for the client", h2test.FrameOfType(wire.Settings, 0))
		c.Raw([]byte(wire.Preface[:10]))
		time.Sleep(10*time.Second - time.Nanosecond)
		if c.hasReturned() {
			t.Fatal("it ended too soon")
		}
		time.Sleep(time.Nanosecond)
		if !c.hasReturned() {
			t.Fatal("it did not end after 10 seconds")
		}
	})
}

func TestServerEndsAConnectionWithoutSettings(t *testing.T) {
	serving{silent: true}.run(t, func(c *servedConn) {
		c.Raw([]byte(wire.Preface))
		time.Sleep(2*time.Second - time.Nanosecond)
		if c.hasReturned() {
			t.Fatal("it ended too soon")
		}
		time.Sleep(time.Nanosecond)
		if !c.hasReturned() {
			t.Fatal("it did not end after 2 seconds")
		}
		c.log.want(t, "the log says why", "timeout waiting for SETTINGS frames from 192.0.2.1:50000")
	})
}

// goroutines is how many goroutines of this package's engine there are.
func goroutines() int {
	synctest.Wait()
	buf := make([]byte, 1<<20)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "internal/conn.(*Conn)") {
			n++
		}
	}
	return n
}

func TestServerIdleConnectionHasOneGoroutine(t *testing.T) {
	release := newGate()
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		release.wait()
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		for id := uint32(1); id < 20; id += 2 {
			c.Request(id, h2test.EndStream)
		}
		settled()
		release.open()
		for range 10 {
			c.nextHeaders()
		}
		time.Sleep(2 * time.Second)
		if n := goroutines(); n != 1 {
			t.Errorf("%d goroutines after two seconds of idleness", n)
		}
	})
}

func TestServerConnectionWithoutRequestsHasOneGoroutine(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		time.Sleep(2 * time.Second)
		if n := goroutines(); n != 1 {
			t.Errorf("%d goroutines after two seconds of idleness", n)
		}
		c.Ping(false, [8]byte{1})
		c.Want("a PING is answered", h2test.PingFrame(true, [8]byte{1}))
		time.Sleep(2 * time.Second)
		if n := goroutines(); n != 1 {
			t.Errorf("%d goroutines, two seconds after a PING", n)
		}
	})
}
