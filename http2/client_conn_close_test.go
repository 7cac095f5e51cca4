package http2

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestShutdownOfAnIdleConnectionSaysGoodbye(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		if err := c.cc.Shutdown(c.t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		c.Want("no stream of the server's was seen", h2test.GoAwayFrame(0, wire.NoError))
		c.WantClosed("no request needs it")
		if st := c.cc.State(); !st.Closed || !st.Closing {
			t.Errorf("the state is %+v", st)
		}
	})
}

func TestShutdownWaitsForRequests(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		done := make(chan error, 1)
		go func() { done <- c.cc.Shutdown(c.t.Context()) }()
		c.Want("the server is told", h2test.GoAwayFrame(0, wire.NoError))
		wantErr(t, "no more requests", c.roundTrip("/").failure(), "http2: client conn not usable")
		c.Headers(1, h2test.KeepOpen, ":status", "200")
		c.Data(1, h2test.EndStream, "content")
		wantBody(t, k.response(), "content")
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		c.WantClosed("the last request has been answered")
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
		defer cancel()
		if err := c.cc.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Errorf("Shutdown: %v", err)
		}
		c.Want("the server is told", h2test.GoAwayFrame(0, wire.NoError))
		c.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
	})
}

func TestShutdownWithAServerThatReadsNoMoreEndsWithItsContext(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		c.client.StallWrites()
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
		defer cancel()
		if err := c.cc.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Errorf("Shutdown: %v", err)
		}
		time.Sleep(time.Minute)
		if !c.cc.State().Closed {
			t.Error("the connection is never closed")
		}
	})
}

func TestCloseInterruptsRequests(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		k1 := c.roundTrip("/1")
		c.Want("a request", headersOf(1, h2test.EndStream))
		k2 := c.roundTrip("/2")
		c.Want("another", headersOf(3, h2test.EndStream))
		c.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k1.response()
		c.cc.Close()
		wantErr(t, "while waiting", k2.failure(), "http2: client connection force closed via ClientConn.Close")
		_, err := io.ReadAll(res.Body)
		wantErr(t, "while reading", err, "http2: client connection force closed via ClientConn.Close")
		res.Body.Close()
		wantErr(t, "afterwards", c.roundTrip("/").failure(), "http2: client conn not usable")
		c.cc.Close()
	})
}

func TestIdleConnectionIsClosedInTime(t *testing.T) {
	withConn(t, &Transport{IdleConnTimeout: time.Minute}, func(c *connected) {
		time.Sleep(30 * time.Second)
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		time.Sleep(time.Hour)
		c.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		time.Sleep(time.Minute - time.Millisecond)
		c.WantNothing("a minute is not over")
		c.WantClosed("now it is")
	})
}

func TestReservedConnectionIsNotIdle(t *testing.T) {
	withConn(t, &Transport{IdleConnTimeout: time.Minute}, func(c *connected) {
		c.cc.ReserveNewRequest()
		time.Sleep(time.Hour)
		c.WantNothing("a request is about to use it")
	})
}

func TestServerThatReadsNoMoreIsGivenUp(t *testing.T) {
	withConn(t, &Transport{WriteByteTimeout: 5 * time.Second}, func(c *connected) {
		c.client.StallWrites()
		k := c.roundTrip("/")
		time.Sleep(5*time.Second - 1)
		k.stillWaits("it may yet read")
		time.Sleep(time.Nanosecond)
		if err := k.failure(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// Close must not wait for a server that reads no more (CVE-2022-27664).
func TestCloseOfAConnectionWithPendingOutputReturns(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		c.client.StallWrites()
		k := c.roundTrip("/")
		settled()
		c.cc.Close()
		k.failure()
	})
}

// stubborn is a TLS connection as far as closing it goes: it says goodbye first,
// and its peer does not listen.
type stubborn struct {
	*h2test.Conn
	gone gate
}

func (s *stubborn) Close() error {
	s.gone.wait()
	return nil
}

func (s *stubborn) NetConn() net.Conn { return innerConn{s.Conn, &s.gone} }

type innerConn struct {
	net.Conn
	gone *gate
}

func (c innerConn) Close() error {
	c.gone.open()
	return c.Conn.Close()
}

func TestCloseDoesNotWaitForTLSToSayGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		defer server.Close()
		nc := &stubborn{Conn: client}
		nc.gone.changed.L = &nc.gone.mu
		cc, err := new(Transport).NewClientConn(nc)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		cc.Close()
		if d := time.Since(begin); d != 250*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
	})
}
