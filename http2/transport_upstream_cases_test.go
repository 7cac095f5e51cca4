package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

const pairURL = "https://example.com/path?q=1"

// getting makes one GET request.
func getting(c *pairClient) { c.do(get(pairURL)) }

// posting makes one POST request with a body of seven bytes.
func posting(c *pairClient) { c.do(newRequest("POST", pairURL, strings.NewReader("content"))) }

// sending makes one request.
func sending(make func() *http.Request) func(c *pairClient) {
	return func(c *pairClient) { c.do(make()) }
}

// withHeader is a GET request with a field.
func withHeader(name string, values ...string) func(c *pairClient) {
	return func(c *pairClient) {
		req := get(pairURL)
		req.Header[name] = values
		c.do(req)
	}
}

// saying answers stream 1 with a field section alone.
func saying(fields ...string) func(p *h2test.Peer) {
	return func(p *h2test.Peer) { p.Headers(1, h2test.EndStream, fields...) }
}

// ok answers every request that these cases make on one connection.
func ok(p *h2test.Peer) {
	for id := uint32(1); id <= 5; id += 2 {
		p.Headers(id, h2test.KeepOpen, ":status", "200")
		p.Data(id, h2test.EndStream, "ok")
		twinPause()
	}
}

// okOnce answers stream 1.
func okOnce(p *h2test.Peer) {
	p.Headers(1, h2test.KeepOpen, ":status", "200")
	p.Data(1, h2test.EndStream, "ok")
}

// silence says nothing.
func silence(*h2test.Peer) {}

// resetting resets stream 1.
func resetting(code wire.ErrCode) func(p *h2test.Peer) {
	return func(p *h2test.Peer) { p.RST(1, code) }
}

var pairCases = []pairCase{
	// Requests.
	{name: "GET", program: getting, server: okOnce},
	{name: "POST", program: posting, server: okOnce},
	{name: "POST of unknown length", program: sending(func() *http.Request {
		return newRequest("POST", pairURL, struct{ io.Reader }{strings.NewReader("content")})
	}), server: okOnce},
	{name: "POST of nothing", program: sending(func() *http.Request { return newRequest("POST", pairURL, nil) }), server: okOnce},
	{name: "POST of NoBody", program: sending(func() *http.Request { return newRequest("POST", pairURL, http.NoBody) }), server: okOnce},
	{name: "PUT of a large body", program: sending(func() *http.Request {
		return newRequest("PUT", pairURL, strings.NewReader(long(60000)))
	}), server: okOnce},
	{name: "HEAD", program: sending(func() *http.Request { return newRequest("HEAD", pairURL, nil) }), server: saying(":status", "200", "content-length", "77")},
	{name: "DELETE", program: sending(func() *http.Request { return newRequest("DELETE", pairURL, nil) }), server: saying(":status", "204")},
	{name: "OPTIONS *", program: sending(func() *http.Request {
		req := newRequest("OPTIONS", "https://example.com", nil)
		req.URL.Path = "*"
		return req
	}), server: saying(":status", "204")},
	{name: "CONNECT", program: sending(func() *http.Request {
		req := newRequest("CONNECT", "https://example.com:443", strings.NewReader("ping"))
		req.Host = "tunnel.example:22"
		return req
	}), server: okOnce},
	{name: "unencrypted", program: sending(func() *http.Request { return get("http://example.com/") }), server: okOnce},
	{name: "Host", program: sending(func() *http.Request {
		req := get(pairURL)
		req.Host = "other.example"
		return req
	}), server: okOnce},
	{name: "cookies", program: withHeader("Cookie", "a=1; b=2;c=3", "d=4"), server: okOnce},
	{name: "te trailers", program: withHeader("Te", "trailers"), server: okOnce},
	{name: "te gzip", patch: "P64", program: withHeader("Te", "gzip"), server: okOnce},
	{name: "connection keep-alive", program: withHeader("Connection", "keep-alive"), server: okOnce},
	{name: "no user-agent", program: withHeader("User-Agent", ""), server: okOnce},
	{name: "accept-encoding", program: withHeader("Accept-Encoding", "br"), server: okOnce},
	{name: "range", program: withHeader("Range", "bytes=0-1"), server: okOnce},
	{name: "bad field name", on127: "checked-first", program: withHeader("A B", "x"), server: silence},
	{name: "bad field value", on127: "checked-first", program: withHeader("A", "x\ny"), server: silence},
	{name: "bad upgrade", program: withHeader("Upgrade", "websocket"), server: silence},
	{name: "request trailers", program: sending(func() *http.Request {
		req := newRequest("POST", pairURL, struct{ io.Reader }{strings.NewReader("content")})
		req.Trailer = http.Header{"X-A": {"1"}, "X-B": {"2", "3"}}
		return req
	}), server: okOnce},
	{name: "Expect without net/http", program: sending(func() *http.Request {
		req := newRequest("POST", pairURL, strings.NewReader("content"))
		req.Header.Set("Expect", "100-continue")
		return req
	}), server: okOnce},
	{name: "body too long", program: sending(func() *http.Request {
		req := newRequest("POST", pairURL, slowReader{strings.NewReader("content and more")})
		req.ContentLength = 7
		return req
	}), server: silence},
	{name: "body too short", patch: "P78", program: sending(func() *http.Request {
		req := newRequest("POST", pairURL, strings.NewReader("content"))
		req.ContentLength = 10
		return req
	}), server: okOnce},
	{name: "body that fails", program: sending(func() *http.Request {
		return newRequest("POST", pairURL, io.MultiReader(slowReader{strings.NewReader("some")}, failingReader{errors.New("disk on fire")}))
	}), server: silence},
	{name: "unsupported scheme", on127: "checked-first", program: sending(func() *http.Request { return get("gopher://example.com/") }), server: okOnce},
	{name: "several requests on a connection", program: func(c *pairClient) { getting(c); posting(c); getting(c) }, server: ok},
	{name: "Request.Close", program: func(c *pairClient) {
		req := get(pairURL)
		req.Close = true
		c.do(req)
		twinPause()
		getting(c)
	}, server: okOnce},

	// Responses.
	{name: "trailers", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "trailer", "X-A, X-B")
		p.Data(1, h2test.KeepOpen, "content")
		p.Headers(1, h2test.EndStream, "x-a", "1", "x-c", "2")
	}},
	{name: "trailers with a pseudo-header field", patch: "P67", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Headers(1, h2test.EndStream, ":status", "200")
	}},
	{name: "trailers that do not end", patch: "P67", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Headers(1, h2test.KeepOpen, "x-a", "1")
	}},
	{name: "fields", program: getting, server: saying(":status", "299", "x-a", "1", "x-b", "", "x-a", "2", "set-cookie", "a=1", "set-cookie", "b=2")},
	{name: "connection-specific fields", program: getting, server: saying(":status", "200", "connection", "close", "keep-alive", "x", "transfer-encoding", "chunked")},
	{name: "lengths that differ", program: getting, server: saying(":status", "200", "content-length", "5", "content-length", "6")},
	{name: "lengths that agree", program: getting, server: saying(":status", "200", "content-length", "0", "content-length", "0")},
	{name: "length of missing content", program: getting, server: saying(":status", "200", "content-length", "5")},
	{name: "too much content", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "3")
		p.Data(1, h2test.EndStream, "content")
	}},
	{name: "too little content", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "10")
		p.Data(1, h2test.EndStream, "content")
	}},
	{name: "304", program: getting, server: saying(":status", "304", "content-length", "100", "etag", "x")},
	{name: "gzip", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "gzip")
		p.Data(1, h2test.EndStream, gzipped("content"))
	}},
	{name: "broken gzip", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "gzip")
		p.Data(1, h2test.EndStream, "this is no gzip")
	}},
	{name: "gzip that is cut", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-encoding", "gzip")
		p.Data(1, h2test.EndStream, gzipped("content")[:20])
	}},
	{name: "1xx", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "103", "link", "</a>")
		p.Headers(1, h2test.KeepOpen, ":status", "100")
		okOnce(p)
	}},
	{name: "1xx with END_STREAM", program: getting, server: saying(":status", "103")},
	{name: "101", patch: "P65", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "101")
		okOnce(p)
	}},
	{name: "hook that fails", patch: "P81", program: func(c *pairClient) {
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Got1xxResponse: func(int, textproto.MIMEHeader) error { return errors.New("no") },
		})
		_, err := c.rt.RoundTrip(get(pairURL).WithContext(ctx))
		c.note("%v", err)
	}, server: func(p *h2test.Peer) { p.Headers(1, h2test.KeepOpen, ":status", "103") }},
	{name: "no status", program: getting, server: saying("x-a", "1")},
	{name: "status in words", program: getting, server: saying(":status", "fine")},
	{name: "status of two digits", patch: "P65", program: getting, server: saying(":status", "20")},
	{name: "upper case field", patch: "P76", program: getting, server: saying(":status", "200", "X-A", "1")},
	{name: "control character in a field", patch: "P76", program: getting, server: saying(":status", "200", "x-a", "1\x002")},
	{name: "request pseudo-header field", patch: "P76", program: getting, server: saying(":status", "200", ":path", "/")},
	{name: "DATA before HEADERS", patch: "P76", program: getting, server: func(p *h2test.Peer) { p.Data(1, h2test.EndStream, "x") }},
	{name: "DATA after END_STREAM", program: getting, server: func(p *h2test.Peer) {
		okOnce(p)
		twinPause()
		p.Data(1, h2test.EndStream, "x")
	}, patch: "P77"},
	{name: "DATA for HEAD", program: sending(func() *http.Request { return newRequest("HEAD", pairURL, nil) }), server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "x")
	}},
	{name: "padded DATA", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Raw(rawFrame(wire.Data, wire.FlagPadded|wire.FlagEndStream, 1, "\x03content\x00\x00\x00"))
	}},
	{name: "error response while the body is sent", program: func(c *pairClient) {
		c.do(newRequest("POST", pairURL, newSentBody("some", nil)))
	}, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "413")
		twinPause()
		p.Data(1, h2test.EndStream, "too large")
	}},
	{name: "closing a body early", program: func(c *pairClient) {
		res, err := c.rt.RoundTrip(get(pairURL))
		if err != nil {
			c.note("%v", err)
			return
		}
		c.note("close %v", res.Body.Close())
		_, err = res.Body.Read(make([]byte, 1))
		c.note("read %v", err)
	}, server: func(p *h2test.Peer) { p.Headers(1, h2test.KeepOpen, ":status", "200") }},

	// Resets.
	{name: "INTERNAL_ERROR", program: getting, server: resetting(wire.InternalError)},
	{name: "CANCEL", program: posting, server: resetting(wire.Cancel)},
	{name: "NO_ERROR", program: getting, server: resetting(wire.NoError)},
	{name: "unknown code", program: getting, server: resetting(0x77)},
	{name: "PROTOCOL_ERROR, then another request", program: func(c *pairClient) { getting(c); getting(c) }, server: resetting(wire.ProtocolError)},
	{name: "REFUSED_STREAM once", program: posting, server: func(p *h2test.Peer) {
		p.RST(1, wire.RefusedStream)
		twinPause()
		p.Headers(3, h2test.EndStream, ":status", "204")
	}},
	{name: "reset in the middle of a body", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "some")
		p.RST(1, wire.InternalError)
	}},

	// Cancellation.
	{name: "deadline while waiting", program: func(c *pairClient) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c.do(get(pairURL).WithContext(ctx))
	}, server: silence},
	{name: "deadline while reading", program: func(c *pairClient) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c.do(get(pairURL).WithContext(ctx))
	}, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "some")
	}},
	{name: "Request.Cancel", program: func(c *pairClient) {
		req := get(pairURL)
		cancel := make(chan struct{})
		req.Cancel = cancel //lint:ignore SA1019 programs use it
		time.AfterFunc(time.Second, func() { close(cancel) })
		c.do(req)
	}, server: silence},

	// Connections.
	{name: "server closes", program: getting, server: func(p *h2test.Peer) { p.Close() }},
	{name: "server closes in the middle of a body", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "some")
		p.Close()
	}},
	{name: "server closes between requests", program: func(c *pairClient) {
		getting(c)
		time.Sleep(time.Second)
		getting(c)
	}, server: func(p *h2test.Peer) {
		okOnce(p)
		twinPause()
		p.Close()
	}},
	{name: "GOAWAY, then the end", on127: "goaway-type", program: getting, server: func(p *h2test.Peer) {
		p.GoAway(1, wire.NoError, "bye")
		p.Close()
	}},
	{name: "GOAWAY below the request, with an error", program: getting, server: func(p *h2test.Peer) {
		p.GoAway(0, wire.EnhanceYourCalm, "calm")
	}, patch: "P80"},
	{name: "GOAWAY between requests", program: func(c *pairClient) {
		getting(c)
		time.Sleep(time.Second)
		getting(c)
	}, server: func(p *h2test.Peer) {
		okOnce(p)
		twinPause()
		p.GoAway(1, wire.NoError, "")
	}},
	{name: "GOAWAY while a response is under way", program: getting, server: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.GoAway(1, wire.NoError, "")
		p.Data(1, h2test.EndStream, "content")
	}},
	{name: "PING", program: getting, server: func(p *h2test.Peer) {
		p.Ping(false, [8]byte{1, 2, 3})
		okOnce(p)
	}},
	{name: "unknown frames", program: getting, server: func(p *h2test.Peer) {
		p.Raw(rawFrame(0x77, 0xff, 1, "whatever"))
		p.Raw(rawFrame(0x0a, 0, 0, "whatever"))
		okOnce(p)
	}},
	{name: "HEADERS on an idle stream", patch: "P77", program: getting, server: func(p *h2test.Peer) {
		p.Headers(9, h2test.EndStream, ":status", "200")
		okOnce(p)
	}},
	{name: "DATA on an idle stream", patch: "P75", program: getting, server: func(p *h2test.Peer) {
		p.Data(9, h2test.EndStream, "x")
	}},
	{name: "PUSH_PROMISE", patch: "P75", program: getting, server: func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.PushPromise, wire.FlagEndHeaders, 1, "\x00\x00\x00\x02"))
	}},
	{name: "a frame that is too large", patch: "P75", program: getting, server: func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Data, 0, 1, string(make([]byte, 16385))))
	}},
	{name: "a window beyond the maximum", patch: "P76", program: func(c *pairClient) {
		c.do(newRequest("POST", pairURL, newSentBody("some", nil)))
	}, server: func(p *h2test.Peer) { p.WindowUpdate(1, 1<<31-1) }},
	{name: "a refused request whose body has no GetBody", patch: "P103", program: func(c *pairClient) {
		c.do(newRequest("POST", pairURL, io.NopCloser(strings.NewReader("content"))))
	}, server: func(p *h2test.Peer) {
		p.RST(1, wire.RefusedStream)
		twinPause()
		p.Headers(3, h2test.EndStream, ":status", "204")
	}},
	{name: "10,001 informational responses", patch: "P104", program: getting, server: func(p *h2test.Peer) {
		for range maxInformationalSeen + 1 {
			p.Headers(1, h2test.KeepOpen, ":status", "103")
		}
		okOnce(p)
	}},
	{name: "broken compression", patch: "P75", program: getting, server: func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Headers, wire.FlagEndHeaders, 1, "\xff\xff\xff\xff\xff"))
	}},
}

// slowReader takes a moment for every read: the fields have been sent before.
type slowReader struct{ r io.Reader }

func (s slowReader) Read(p []byte) (int, error) {
	twinPause()
	return s.r.Read(p)
}

// failingReader fails.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }
