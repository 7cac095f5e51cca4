package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestRequestWithoutBodyIsOneFrame(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/hello?a=b"))
		p := c.accept()
		p.Want("HEADERS are all there is", h2test.HeadersFrame(1, h2test.EndStream,
			":authority", "example.com", ":method", "GET", ":path", "/hello?a=b", ":scheme", "https"))
		p.Headers(1, h2test.EndStream, ":status", "204")
		if got := k.response().Status; got != "204 No Content" {
			t.Errorf("the status is %q", got)
		}
		p.WantNothing("the stream is over")
	})
}

func TestEndStreamRidesOnTheLastPieceOfABodyWithADeclaredLength(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.roundTrip(newRequest("POST", "https://example.com/", struct{ io.Reader }{strings.NewReader("content")}))
		req := newRequest("POST", "https://example.com/", newSentBody("content", io.EOF))
		req.ContentLength = int64(len("content"))
		p := c.accept()
		p.Want("a body of unknown length ends when it says so", headersOf(1, h2test.KeepOpen),
			h2test.DataFrame(1, "content", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
		c.roundTrip(req)
		p.Want("one frame has it all", headersOf(3, h2test.KeepOpen), h2test.DataFrame(3, "content", h2test.EndStream))
	})
}

func TestEndStreamRidesOnThePieceThatComesWithEOF(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.roundTrip(newRequest("POST", "https://example.com/", eofReader{strings.NewReader("content")}))
		p := c.accept()
		p.Want("the reader said that it is the end", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "content", h2test.EndStream))
	})
}

// eofReader returns io.EOF together with the last bytes.
type eofReader struct{ r *strings.Reader }

func (e eofReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.r.Len() == 0 {
		err = io.EOF
	}
	return n, err
}

func TestBodyLargerThanItsDeclaredLengthFails(t *testing.T) {
	for _, length := range []int64{3, 7} {
		withTransport(t, new(Transport), func(c *calling) {
			body := newSentBody("", nil)
			req := newRequest("POST", "https://example.com/", body)
			req.ContentLength = length
			k := c.roundTrip(req)
			p := c.accept()
			p.Want("the fields are sent", h2test.HeadersWith(1, h2test.KeepOpen, "content-length", strconv.Itoa(int(length))))
			body.feed(strings.Repeat("x", int(length))+"more", io.EOF)
			p.Want("nothing of the content does", h2test.RSTStreamFrame(1, wire.Cancel))
			wantErr(t, "the length is a promise", k.failure(), "http2: request body larger than specified content length")
			body.wantClosed(t, "RoundTrip has failed")
		})
	}
}

func TestBodyShorterThanItsDeclaredLengthFails(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := newRequest("POST", "https://example.com/", newSentBody("abc", io.EOF))
		req.ContentLength = 5
		k := c.roundTrip(req)
		p := c.accept()
		p.Want("the request does not look complete (RFC 9113 §8.1.1)", headersOf(1, h2test.KeepOpen),
			h2test.DataFrame(1, "abc", h2test.KeepOpen), h2test.RSTStreamFrame(1, wire.Cancel))
		if err := k.failure(); err != io.ErrUnexpectedEOF {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

func TestErrorOfARequestsBodyEndsTheStream(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		mine := errors.New("disk on fire")
		body := newSentBody("abc", mine)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("what was read before the error has been sent", headersOf(1, h2test.KeepOpen),
			h2test.DataFrame(1, "abc", h2test.KeepOpen), h2test.RSTStreamFrame(1, wire.Cancel))
		if err := k.failure(); err != mine {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
	})
}

func TestRequestTrailersEndTheStream(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := newRequest("POST", "https://example.com/", struct{ io.Reader }{strings.NewReader("content")})
		req.Trailer = http.Header{"X-Sum": nil}
		req.Body = onEOF{req.Body, func() { req.Trailer.Set("X-Sum", "42") }}
		c.roundTrip(req)
		p := c.accept()
		p.Want("trailers come last", h2test.HeadersWith(1, h2test.KeepOpen, "trailer", "X-Sum"),
			h2test.DataFrame(1, "content", h2test.KeepOpen), h2test.HeadersFrame(1, h2test.EndStream, "x-sum", "42"))
	})
}

// onEOF is a body that calls a function when it has been read.
type onEOF struct {
	io.ReadCloser
	f func()
}

func (b onEOF) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.f()
	}
	return n, err
}

func TestTrailersOfARequestWithoutBody(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := get("https://example.com/")
		req.Trailer = http.Header{"X-Sum": {"42"}}
		c.roundTrip(req)
		p := c.accept()
		p.Want("trailers come after the fields", h2test.HeadersWith(1, h2test.KeepOpen, "trailer", "X-Sum"),
			h2test.HeadersFrame(1, h2test.EndStream, "x-sum", "42"))
	})
}

func TestDeclaredTrailersThatWereNotSetEndWithAnEmptyFrame(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := newRequest("POST", "https://example.com/", struct{ io.Reader }{strings.NewReader("content")})
		req.Trailer = http.Header{"X-Sum": nil}
		c.roundTrip(req)
		p := c.accept()
		p.Want("an empty field section never ends a stream", headersOf(1, h2test.KeepOpen),
			h2test.DataFrame(1, "content", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
	})
}

func TestRequestThatIsCancelledAlreadyIsNotSent(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("the connection is up", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()

		ctx, cancel := context.WithCancel(c.t.Context())
		cancel()
		body := newSentBody("content", io.EOF)
		k = c.roundTrip(newRequest("POST", "https://example.com/", body).WithContext(ctx))
		if err := k.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
		body.wantClosed(t, "RoundTrip has failed")
		p.WantNothing("nobody is interested in an answer")
	})
}

func TestHeadersAreTracedThoughTheResponseTakesItsTime(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		l := new(eventLog)
		ctx := httptrace.WithClientTrace(c.t.Context(), &httptrace.ClientTrace{
			WroteHeaders: func() { l.add("headers") },
			WroteRequest: func(i httptrace.WroteRequestInfo) { l.addf("request %v", i.Err) },
		})
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		settled()
		l.want(t, "the request has been written", "headers", "request <nil>")
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		k.response().Body.Close()
	})
}

func TestRequestFieldsThatCannotBeSentLeaveTheConnectionUsable(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		body := newSentBody("content", io.EOF)
		bad := newRequest("POST", "https://example.com/", body)
		bad.Header = http.Header{"Bad\nName": {"x"}}
		wantErr(t, "a field's name is a token", c.roundTrip(bad).failure(), `http2: invalid HTTP header name "Bad\nName"`)
		body.wantClosed(t, "RoundTrip has failed")
		c.roundTrip(get("https://example.com/"))
		p.Want("identifiers have no gap", headersOf(3, h2test.EndStream))
	})
}

func TestConnectionOfASingleRequestIsClosedIfThatCannotBeSent(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		bad := get("https://example.com/")
		bad.Close = true
		bad.Header = http.Header{"Bad\nName": {"x"}}
		c.roundTrip(bad).failure()
		p := c.peer()
		time.Sleep(time.Minute)
		if _, err := io.ReadAll(p.Conn()); err != nil {
			t.Errorf("read: %v", err)
		}
	})
}

func TestExpectContinueIsWaitedForOnlyIfNetHTTPSaysHowLong(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := newRequest("POST", "https://example.com/", strings.NewReader("content"))
		req.Header.Set("Expect", "100-continue")
		c.roundTrip(req)
		p := c.accept()
		p.WantNow("the field goes out, the body too", h2test.HeadersWith(1, h2test.KeepOpen, "expect", "100-continue"),
			h2test.DataFrame(1, "content", h2test.EndStream))
	})
}

// expectContinue is a request that waits for 100 (Continue), for at most 2
// seconds.
func expectContinue(t *testing.T, script func(c *calling, k *trip, p *h2test.Peer, body *sentBody, l *eventLog)) {
	tr := &Transport{h1: &http.Transport{ExpectContinueTimeout: 2 * time.Second}}
	withTransport(t, tr, func(c *calling) {
		l := new(eventLog)
		ctx := httptrace.WithClientTrace(c.t.Context(), &httptrace.ClientTrace{
			Wait100Continue: func() { l.add("wait") },
			Got100Continue:  func() { l.add("continue") },
			WroteRequest:    func(i httptrace.WroteRequestInfo) { l.addf("wrote %v", i.Err) },
		})
		body := newSentBody("content", io.EOF)
		req := newRequest("POST", "https://example.com/", body).WithContext(ctx)
		req.ContentLength = int64(len("content"))
		req.Header.Set("Expect", "100-continue")
		k := c.roundTrip(req)
		p := c.accept()
		p.Want("the fields come first", h2test.HeadersWith(1, h2test.KeepOpen, "expect", "100-continue"))
		p.WantNothing("the body waits (RFC 9110 §10.1.1)")
		script(c, k, p, body, l)
	})
}

func TestBodyIsSentAfter100Continue(t *testing.T) {
	expectContinue(t, func(c *calling, k *trip, p *h2test.Peer, _ *sentBody, l *eventLog) {
		p.Headers(1, h2test.KeepOpen, ":status", "100")
		p.WantNow("the server wants it", h2test.DataFrame(1, "content", h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "200")
		k.response()
		l.want(t, "the trace hears of all of it", "wait", "continue", "wrote <nil>")
	})
}

func TestBodyIsSentIf100ContinueDoesNotCome(t *testing.T) {
	expectContinue(t, func(c *calling, _ *trip, p *h2test.Peer, _ *sentBody, l *eventLog) {
		time.Sleep(2 * time.Second)
		p.WantNow("the server may not know 100", h2test.DataFrame(1, "content", h2test.EndStream))
		settled()
		l.want(t, "the trace hears of all of it", "wait", "wrote <nil>")
	})
}

// P82.
func TestBodyIsNotSentAfterARefusalInPlaceOf100Continue(t *testing.T) {
	expectContinue(t, func(c *calling, k *trip, p *h2test.Peer, body *sentBody, l *eventLog) {
		p.Headers(1, h2test.EndStream, ":status", "417")
		k.response()
		p.WantNow("the rest is withheld without an error (RFC 9113 §8.1)", h2test.RSTStreamFrame(1, wire.NoError))
		body.wantClosed(t, "the request is over")
		l.want(t, "the trace hears of all of it", "wait", "wrote http2: aborting request body write")
	})
}

func TestExtendedConnectWaitsForSettings(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		req := newRequest("CONNECT", "https://example.com/chat", newSentBody("", nil))
		req.Header[":protocol"] = []string{"websocket"}
		k := c.roundTrip(req)
		p := c.peer()
		k.stillWaits("the server has not said whether it knows RFC 8441")
		p.Accept(wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 1})
		p.Want("CONNECT with all pseudo-header fields (RFC 8441 §4)", h2test.HeadersFrame(1, h2test.KeepOpen,
			":authority", "example.com", ":method", "CONNECT", ":path", "/chat", ":scheme", "https", ":protocol", "websocket"))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		req.Body.(*sentBody).feed("ping", nil)
		p.Want("bytes flow both ways", h2test.DataFrame(1, "ping", h2test.KeepOpen))
		p.Data(1, h2test.KeepOpen, "pong")
		buf := make([]byte, 10)
		if n, err := res.Body.Read(buf); string(buf[:n]) != "pong" {
			t.Errorf("Read: %q, %v", buf[:n], err)
		}
		res.Body.Close()
		p.Want("closing the body ends the tunnel", h2test.RSTStreamFrame(1, wire.Cancel))
	})
}

func TestExtendedConnectFailsWithServersThatDoNotKnowIt(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("", nil)
		req := newRequest("CONNECT", "https://example.com/chat", body)
		req.Header[":protocol"] = []string{"websocket"}
		k := c.roundTrip(req)
		p := c.accept()
		wantErr(t, "RFC 8441 §3", k.failure(), "net/http: extended connect not supported by peer")
		body.wantClosed(t, "RoundTrip has failed")
		p.WantNothing("nothing was sent")
	})
}

func TestRequestBodyIsClosedWhateverHappens(t *testing.T) {
	for name, url := range map[string]string{
		"http2: unencrypted HTTP/2 not enabled": "http://example.com/",
		"http2: unsupported scheme":             "ftp://example.com/",
	} {
		withTransport(t, new(Transport), func(c *calling) {
			body := newSentBody("content", io.EOF)
			wantErr(t, "this goes nowhere", c.roundTrip(newRequest("POST", url, body)).failure(), name)
			body.wantClosed(t, name)
		})
	}
}

func TestRoundTripFailsOnlyOnceItsBodyIsClosed(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(c.t.Context())
		body := &slowCloser{Reader: strings.NewReader(long(100000)), gate: newGate()}
		k := c.roundTrip(newRequest("POST", "https://example.com/", body).WithContext(ctx))
		c.accept()
		cancel()
		k.stillWaits("the program could look at its body (golang/go#60041)")
		body.gate.open()
		k.failure()
	})
}

// slowCloser is a body that takes its time to close.
type slowCloser struct {
	io.Reader
	gate *gate
}

func (s *slowCloser) Close() error {
	s.gate.wait()
	return nil
}

func TestRequestMayBeChangedOnceTheResponsesBodyIsClosed(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("", nil)
		req := newRequest("POST", "https://example.com/", body)
		req.Trailer = http.Header{"X-Sum": nil}
		k := c.roundTrip(req)
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		go body.feed("content", io.EOF)
		res.Body.Close()
		// With the race detector, a goroutine that still sends would show.
		req.Trailer["X-Sum"] = []string{"1"}
		req.Body, req.Trailer, req.Header = nil, nil, nil
		req.Method, req.URL = "", nil
		settled()
	})
}

func TestBodyThatFailsAtOnceIsARequestAndItsReset(t *testing.T) {
	failed := errors.New("no such file")
	for range 50 {
		withTransport(t, new(Transport), func(c *calling) {
			k := c.roundTrip(newRequest("POST", "https://example.com/", iotest.ErrReader(failed)))
			p := c.accept()
			p.Want("whichever goroutine is faster", headersOf(1, h2test.KeepOpen), h2test.RSTStreamFrame(1, wire.Cancel))
			if err := k.failure(); !errors.Is(err, failed) {
				t.Errorf("RoundTrip: %v", err)
			}
		})
	}
}

func TestBodyThatFailsWhileItsRequestWaitsForTheServersLimitIsNotSent(t *testing.T) {
	failed := errors.New("no such file")
	withTransport(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *calling) {
		c.roundTrip(get("https://example.com/"))
		p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
		p.Want("the server takes one stream", headersOf(1, h2test.EndStream))
		k := c.roundTrip(newRequest("POST", "https://example.com/", iotest.ErrReader(failed)))
		if err := k.failure(); !errors.Is(err, failed) {
			t.Errorf("RoundTrip: %v", err)
		}
		p.WantNothing("it was not opened")
	})
}
