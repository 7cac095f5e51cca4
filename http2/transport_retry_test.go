package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestRefusedRequestIsSentAgain(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.RST(1, wire.RefusedStream)
		p.WantNow("at once (RFC 9113 §8.7)", headersOf(3, h2test.EndStream))
		p.RST(3, wire.RefusedStream)
		p.WantNothing("then after a second")
		time.Sleep(1100 * time.Millisecond)
		p.WantNow("or a bit more", headersOf(5, h2test.EndStream))
		p.Headers(5, h2test.EndStream, ":status", "204")
		k.response()
	})
}

func TestRefusedRequestIsSentAgainWithANewBody(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(newRequest("POST", "https://example.com/", strings.NewReader("content")))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "content", h2test.EndStream))
		p.RST(1, wire.RefusedStream)
		p.Want("the same again", headersOf(3, h2test.KeepOpen), h2test.DataFrame(3, "content", h2test.EndStream))
		p.Headers(3, h2test.EndStream, ":status", "204")
		k.response()
	})
}

func TestErrorOfGetBodyIsTheRequests(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		mine := errors.New("no second body")
		req := newRequest("POST", "https://example.com/", strings.NewReader("content"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, mine }
		k := c.roundTrip(req)
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.RST(1, wire.RefusedStream)
		if err := k.failure(); err != mine {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

func TestRequestThatIsRefusedForEverFails(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Patience = 10 * time.Minute
		p.RST(1, wire.RefusedStream)
		for range 7 {
			f := p.Next()
			p.RST(f.StreamID, wire.RefusedStream)
		}
		err := k.failure()
		var se StreamError
		if !errors.As(err, &se) || se.Code != ErrCodeRefusedStream {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

func TestCancellationEndsThePauseBeforeARetryAndClosesTheNewBody(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(c.t.Context())
		var bodies []*sentBody
		req := newRequest("POST", "https://example.com/", newSentBody("content", io.EOF)).WithContext(ctx)
		req.GetBody = func() (io.ReadCloser, error) {
			bodies = append(bodies, newSentBody("content", io.EOF))
			return bodies[len(bodies)-1], nil
		}
		k := c.roundTrip(req)
		p := c.accept()
		p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Data })
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.RST(1, wire.RefusedStream)
		p.Want("a second one", headersOf(3, h2test.KeepOpen))
		p.RST(3, wire.RefusedStream)
		k.stillWaits("a third one is due in a second")
		cancel()
		if err := k.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
		for i, b := range bodies {
			if !b.isClosed() {
				t.Errorf("body %d of %d is open", i+1, len(bodies))
			}
		}
	})
}

func TestRequestThatMayHaveBeenProcessedIsNotSentAgain(t *testing.T) {
	for _, code := range []wire.ErrCode{wire.NoError, wire.InternalError, wire.Cancel, wire.ProtocolError, wire.EnhanceYourCalm, wire.HTTP11Required} {
		withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
			p.RST(1, code)
			var se StreamError
			if err := k.failure(); !errors.As(err, &se) || se.Code != ErrCode(code) {
				t.Errorf("RoundTrip: %v", err)
			}
			if code == wire.ProtocolError {
				p.WantClosed("what the server refuses may be this client")
			} else {
				p.WantNothing("it is not sent again")
			}
			c.noDial()
		})
	}
}

func TestRequestOnAConnectionThatBreaksIsNotSentAgain(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Close()
		if err := k.failure(); err != io.ErrUnexpectedEOF {
			t.Errorf("RoundTrip: %v", err)
		}
		c.noDial()
	})
}

func TestRequestAboveAGoAwayIsSentOnANewConnection(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k1 *trip, p *h2test.Peer) {
		k2 := c.roundTrip(newRequest("POST", "https://example.com/2", strings.NewReader("content")))
		p.Want("another request", headersOf(3, h2test.KeepOpen), h2test.DataFrame(3, "content", h2test.EndStream))
		p.GoAway(1, wire.NoError, "")
		other := c.accept()
		other.Want("the second one comes here", h2test.HeadersWith(1, h2test.KeepOpen, ":path", "/2"), h2test.DataFrame(1, "content", h2test.EndStream))
		other.Headers(1, h2test.EndStream, ":status", "204")
		k2.response()
		p.Headers(1, h2test.EndStream, ":status", "204")
		k1.response()
		p.WantClosed("the first connection has done its work")
		c.noDial()
	})
}

func TestFirstRequestRefusedByAGoAwayWithAnErrorFails(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.GoAway(0, wire.EnhanceYourCalm, "go away")
		wantErr(t, "a new connection would not do better", k.failure(), "http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM")
		c.noDial()
	})
}

func TestRequestBelowAGoAwayGetsItsErrorWhenTheConnectionEnds(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.GoAway(1, wire.InternalError, "out of paper")
		p.GoAway(1, wire.NoError, "again")
		k.stillWaits("the server may still answer")
		p.Close()
		err := k.failure()
		var ge GoAwayError
		if !errors.As(err, &ge) || ge != (GoAwayError{LastStreamID: 1, ErrCode: ErrCodeInternal, DebugData: "out of paper"}) {
			t.Errorf("RoundTrip: %#v", err)
		}
		wantErr(t, "callers match texts", err, `http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=INTERNAL_ERROR, debug="out of paper"`)
	})
}

// P83.
func TestGoAwayOnAnIdleConnectionClosesIt(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		p.GoAway(1, wire.NoError, "")
		p.WantClosed("no request needs it")
		c.roundTrip(get("https://example.com/"))
		c.accept().Want("the next request has a new one", headersOf(1, h2test.EndStream))
	})
}

func TestWaitingRequestsMoveToANewConnectionAfterAGoAway(t *testing.T) {
	withTransport(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *calling) {
		k1 := c.roundTrip(get("https://example.com/1"))
		p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
		p.Want("a request", headersOf(1, h2test.EndStream))
		k2 := c.roundTrip(get("https://example.com/2"))
		k2.stillWaits("the server takes one stream")
		p.GoAway(1<<31-1, wire.NoError, "")
		other := c.accept()
		other.Want("the second request", h2test.HeadersWith(1, h2test.EndStream, ":path", "/2"))
		other.Headers(1, h2test.EndStream, ":status", "204")
		k2.response()
		p.Headers(1, h2test.EndStream, ":status", "204")
		k1.response()
	})
}

// A request that waits for its turn has not been sent.
func TestRequestThatWaitsOnAConnectionThatBreaksIsSentOnANewOne(t *testing.T) {
	for name, end := range map[string]func(c *calling, p *h2test.Peer){
		"closed":            func(_ *calling, p *h2test.Peer) { p.Close() },
		"reset":             func(_ *calling, p *h2test.Peer) { p.Conn().(*h2test.Conn).Reset() },
		"left, then closed": func(_ *calling, p *h2test.Peer) { p.GoAway(1, wire.NoError, ""); p.Close() },
		"broken on our end": func(c *calling, _ *h2test.Peer) { c.ours[0].Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			withTransport(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *calling) {
				first := c.roundTrip(get("https://example.com/"))
				p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
				p.Want("the first", headersOf(1, h2test.EndStream))
				second := c.roundTrip(newRequest("POST", "https://example.com/", newSentBody("content", io.EOF)))
				settled()
				end(c, p)
				p = c.accept()
				p.Want("the second", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "content", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
				p.Headers(1, h2test.EndStream, ":status", "204")
				second.response()
				first.failure() // it may have been processed
			})
		})
	}
}

// A connection that takes no more writes is read to its end, and for no longer than that
// takes, or a second.
func TestConnectionThatRefusesAWriteIsLeftAndEnds(t *testing.T) {
	broken := errors.New("cable cut")
	for name, test := range map[string]struct {
		end  func(p *h2test.Peer, cc *ClientConn)
		want string // the error of the request that is under way
	}{
		"by itself":  {func(*h2test.Peer, *ClientConn) { time.Sleep(time.Second) }, "cable cut"},
		"by its end": {func(p *h2test.Peer, _ *ClientConn) { p.Close() }, "unexpected EOF"},
		"by Close":   {func(_ *h2test.Peer, cc *ClientConn) { cc.Close() }, errClientConnForceClosed.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			tr := new(Transport)
			withTransport(t, tr, func(c *calling) {
				body := newSentBody("", nil)
				first := c.roundTrip(newRequest("POST", "https://example.com/", body))
				p := c.accept()
				p.Want("a request", headersOf(1, h2test.KeepOpen))
				cc := pooledConn(tr)
				c.ours[0].FailWrites(0, broken)
				body.feed("content", nil)
				settled()
				first.stillWaits("for what the server may have said")
				c.roundTrip(get("https://example.com/"))
				c.accept().Want("the next request goes elsewhere", headersOf(1, h2test.EndStream))
				test.end(p, cc)
				settled()
				if err := first.failure(); !strings.Contains(err.Error(), test.want) {
					t.Errorf("RoundTrip: %v, want %v", err, test.want)
				}
				body.wantClosed(t, "RoundTrip has failed")
			})
		})
	}
}

func TestConnectionWhoseServerSaysProtocolErrorIsNotReused(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.RST(1, wire.ProtocolError)
		k.failure()
		c.roundTrip(get("https://example.com/"))
		c.accept().Want("the next request has a new one", headersOf(1, h2test.EndStream))
	})
}

// P109.
func TestRequestsThatShareABadDialGetItsError(t *testing.T) {
	reason := errors.New("no route to host")
	for name, bad := range map[string]brokenConn{
		"as soon as it is written to": {write: reason},
		"as soon as it is read from":  {read: reason},
	} {
		t.Run(name, func(t *testing.T) {
			withTransport(t, new(Transport), func(c *calling) {
				dials := 0
				open := newGate()
				c.tr.DialTLSContext = gatedDial(open, func(context.Context, string, string, *tls.Config) (net.Conn, error) {
					client, server := h2test.Pipe()
					t.Cleanup(func() { server.Close() })
					dials++
					bad := bad
					bad.Conn = client
					return &bad, nil
				})
				var all []*trip
				for range 5 {
					k := c.roundTrip(get("https://example.com/"))
					k.stillWaits("for the connection")
					all = append(all, k)
				}
				open.open()
				for _, k := range all {
					if err := k.failure(); !errors.Is(err, reason) {
						t.Errorf("RoundTrip: %v, want %v", err, reason)
					}
				}
				if dials != 1 {
					t.Errorf("%d connections were dialled for all of them", dials)
				}
			})
		})
	}
}

func TestConnectionThatNeverWorkedFailsTheRequest(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.tr.DialTLSContext = closedDial
		body := newSentBody("content", io.EOF)
		err := c.roundTrip(newRequest("POST", "https://example.com/", body)).failure()
		// Either side of the connection may be the first to find out.
		if err != io.ErrUnexpectedEOF && !errors.Is(err, h2test.ErrPipe) {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
	})
}
