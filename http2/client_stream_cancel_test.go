package http2

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// pings passes over our PINGs, which a reset of an unheard stream comes with.
func pings(f h2test.Frame) bool { return f.Type == wire.Ping && !f.Flags.Has(wire.FlagAck) }

func TestCancelledContextEndsTheStream(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(c.t.Context())
		body := newSentBody("", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body).WithContext(ctx))
		p := c.accept()
		p.Ignore(pings)
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		cancel()
		if err := k.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
		p.Want("the server is told", h2test.RSTStreamFrame(1, wire.Cancel))
	})
}

func TestDeadlineEndsTheStreamWhileItsBodyIsRead(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
		defer cancel()
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "some")
		got, err := io.ReadAll(k.response().Body)
		if string(got) != "some" || err != context.DeadlineExceeded {
			t.Errorf("the body is %q, %v", got, err)
		}
		p.Want("the server is told", h2test.RSTStreamFrame(1, wire.Cancel))
	})
}

func TestCancellingAfterTheEndDoesNothing(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(c.t.Context())
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "content")
		res := k.response()
		cancel()
		settled()
		wantBody(t, res, "content")
		p.WantNothing("the stream was over")
	})
}

func TestRequestThatWaitsForAStreamIsCancelled(t *testing.T) {
	withTransport(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *calling) {
		k1 := c.roundTrip(get("https://example.com/1"))
		p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
		p.Want("the first request", headersOf(1, h2test.EndStream))
		ctx, cancel := context.WithCancel(c.t.Context())
		body := newSentBody("content", io.EOF)
		k2 := c.roundTrip(newRequest("POST", "https://example.com/2", body).WithContext(ctx))
		k3 := c.roundTrip(get("https://example.com/3"))
		k2.stillWaits("the server takes one stream")
		c.noDial()
		cancel()
		if err := k2.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
		p.WantNothing("it was never sent")
		p.Headers(1, h2test.EndStream, ":status", "204")
		k1.response()
		p.Want("identifiers have no gap", h2test.HeadersWith(3, h2test.EndStream, ":path", "/3"))
		p.Headers(3, h2test.EndStream, ":status", "204")
		k3.response()
	})
}

func TestDialIsGivenUpWhenNobodyWaitsForIt(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.tr.DialTLSContext = hangingDial
		ctx, cancel := context.WithCancel(c.t.Context())
		body := newSentBody("content", io.EOF)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body).WithContext(ctx))
		k.stillWaits("the dial hangs")
		cancel()
		if err := k.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
	})
}

func TestOneCancelledRequestDoesNotEndTheDialOfOthers(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		dial, gate := c.tr.DialTLSContext, newGate()
		c.tr.DialTLSContext = gatedDial(gate, dial)
		ctx, cancel := context.WithCancel(c.t.Context())
		k1 := c.roundTrip(get("https://example.com/1").WithContext(ctx))
		k1.stillWaits("the dial takes its time")
		k2 := c.roundTrip(get("https://example.com/2"))
		k2.stillWaits("for the same dial")
		cancel()
		k1.failure()
		k2.stillWaits("it does not fail with the first")
		gate.open()
		p := c.accept()
		p.Want("the second request", h2test.HeadersWith(1, h2test.EndStream, ":path", "/2"))
		c.noDial()
	})
}

func TestDialErrorIsTheRequests(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		mine := errors.New("no route to anywhere")
		c.tr.DialTLSContext = failingDial(mine)
		body := newSentBody("content", io.EOF)
		if err := c.roundTrip(newRequest("POST", "https://example.com/", body)).failure(); err != mine {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
	})
}
