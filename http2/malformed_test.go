package http2

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// RFC 9113 §8.1.1: a malformed request or response is a stream error, and the
// connection goes on.

func TestServerResetsMalformedRequests(t *testing.T) {
	post := func(p *h2test.Peer, namesAndValues ...string) {
		p.Request(1, h2test.KeepOpen, append([]string{":method", "POST"}, namesAndValues...)...)
		settled()
	}
	for name, script := range map[string]func(p *h2test.Peer){
		"a field name in upper case":        func(p *h2test.Peer) { p.Request(1, h2test.EndStream, "X-Upper", "1") },
		"Host that is not :authority":       func(p *h2test.Peer) { p.Request(1, h2test.EndStream, "host", "other.example") },
		"content that has not its length":   func(p *h2test.Peer) { post(p, "content-length", "5"); p.Data(1, h2test.EndStream, "1234") },
		"trailers with a pseudo-field":      func(p *h2test.Peer) { post(p); p.Headers(1, h2test.EndStream, ":path", "/") },
		"trailers that do not end it":       func(p *h2test.Peer) { post(p); p.Headers(1, h2test.KeepOpen, "x", "y") },
		"trailers with a field not allowed": func(p *h2test.Peer) { post(p, "trailer", "x"); p.Headers(1, h2test.EndStream, "upgrade", "h2c") },
	} {
		t.Run(name, func(t *testing.T) {
			serving{handler: serverMux(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}.run(t, func(c *servedConn) {
				script(c.Peer)
				c.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.ProtocolError))
				c.wantServed(3)
			})
		})
	}
}

// P7.
func TestServerAnswersConnectionSpecificFieldsWith400BeforeItResets(t *testing.T) {
	for _, field := range [][2]string{
		{"connection", "close"}, {"keep-alive", "5"}, {"proxy-connection", "close"},
		{"transfer-encoding", "chunked"}, {"upgrade", "h2c"}, {"te", "gzip"},
	} {
		t.Run(field[0], func(t *testing.T) {
			serving{handler: serverMux(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })}.run(t, func(c *servedConn) {
				c.Request(1, h2test.EndStream, field[0], field[1])
				c.Want("RFC 9113 §8.1.1 allows a response", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "400"))
				c.Next() // its content, which says why
				c.Want("and wants a stream error", h2test.RSTStreamFrame(1, wire.ProtocolError))
				c.wantServed(3)
			})
		})
	}
}

func TestTransportResetsMalformedTrailers(t *testing.T) {
	for name, script := range map[string]func(p *h2test.Peer){
		"with a pseudo-field":       func(p *h2test.Peer) { p.Headers(1, h2test.EndStream, ":status", "200") },
		"that do not end it":        func(p *h2test.Peer) { p.Headers(1, h2test.KeepOpen, "x", "y") },
		"with a field not allowed":  func(p *h2test.Peer) { p.Headers(1, h2test.EndStream, "X-Upper", "y") },
		"with a value that is none": func(p *h2test.Peer) { p.Headers(1, h2test.EndStream, "x", "\n") },
	} {
		t.Run(name, func(t *testing.T) {
			withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
				p.Headers(1, h2test.KeepOpen, ":status", "200")
				res := k.response()
				script(p)
				p.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.ProtocolError))
				var se StreamError
				if _, err := io.ReadAll(res.Body); !errors.As(err, &se) || se.Code != ErrCodeProtocol {
					t.Errorf("Read: %v", err)
				}
				c.roundTrip(get("https://example.com/"))
				p.Want("the connection is good", headersOf(3, h2test.EndStream))
			})
		})
	}
}
