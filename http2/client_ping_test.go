package http2

import (
	"context"
	"io"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestPingWaitsForItsAnswer(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		done := make(chan error, 1)
		go func() { done <- c.cc.Ping(c.t.Context()) }()
		ping := c.Next()
		c.Ping(true, [8]byte{1})
		settled()
		select {
		case err := <-done:
			t.Fatalf("another PING's answer will not do: %v", err)
		default:
		}
		c.Ping(true, [8]byte(ping.Payload))
		if err := <-done; err != nil {
			t.Errorf("Ping: %v", err)
		}
	})
}

func TestPingEndsWithItsContext(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
		defer cancel()
		if err := c.cc.Ping(ctx); err != context.DeadlineExceeded {
			t.Errorf("Ping: %v", err)
		}
	})
}

func TestPingEndsWithTheConnection(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		done := make(chan error, 1)
		go func() { done <- c.cc.Ping(c.t.Context()) }()
		settled()
		c.Close()
		if err := <-done; err != io.ErrUnexpectedEOF {
			t.Errorf("Ping: %v", err)
		}
	})
}

func TestServersPingIsAnswered(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		c.Peer.Ping(false, [8]byte{1, 2, 3})
		c.Want("RFC 9113 §6.7", h2test.PingFrame(true, [8]byte{1, 2, 3}))
	})
}

// P84.
func TestServersAcknowledgementOfNoPingIsIgnored(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		c.Peer.Ping(true, [8]byte{1, 2, 3})
		c.WantNothing("RFC 9113 §6.7: acknowledgements are not answered")
	})
}

func TestSilentServerIsPingedAndGivenUp(t *testing.T) {
	counted := new(eventLog)
	tr := &Transport{ReadIdleTimeout: 5 * time.Second, PingTimeout: 2 * time.Second, CountError: counted.add}
	withConn(t, tr, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		time.Sleep(5 * time.Second)
		c.Want("is the server there?", h2test.FrameOfType(wire.Ping, 0))
		time.Sleep(2*time.Second - 1)
		k.stillWaits("it may yet answer")
		time.Sleep(time.Nanosecond)
		wantErr(t, "it is not", k.failure(), "http2: client connection lost")
		counted.want(t, "CountError knows", "conn_close_lost_ping", "read_frame_other")
	})
}

func TestServerThatAnswersPingsIsKept(t *testing.T) {
	withConn(t, &Transport{ReadIdleTimeout: 5 * time.Second}, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		for range 10 {
			ping := c.Next()
			time.Sleep(10 * time.Second)
			c.Ping(true, [8]byte(ping.Payload))
		}
		k.stillWaits("the server lives")
	})
}
