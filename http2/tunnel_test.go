package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// P89. RFC 9113 §8.5: on a stream that CONNECT has made a tunnel there are DATA and
// frames that manage the stream.

// tunnels echoes what comes through a tunnel, and would send trailers.
func tunnels(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "A")
	w.Header().Set(http.TrailerPrefix+"B", "2")
	if r.Header.Get("X-Refuse") != "" {
		w.WriteHeader(http.StatusForbidden)
	}
	w.(http.Flusher).Flush()
	io.Copy(w, r.Body)
	w.Header().Set("A", "1")
}

// connect opens a tunnel at a server.
func connect(c *servedConn, id uint32, more ...string) {
	c.Request(id, h2test.KeepOpen, append([]string{":method", "CONNECT", ":scheme", "-", ":path", "-"}, more...)...)
}

func TestServerSendsNoTrailersThroughATunnel(t *testing.T) {
	serving{handler: tunnels}.run(t, func(c *servedConn) {
		connect(c, 1)
		c.Want("it is open", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"))
		c.Data(1, h2test.EndStream, "ping")
		c.Want("DATA is all that comes", h2test.DataFrame(1, "ping", h2test.EndStream))
	})
}

func TestServerSendsTrailersIfThereIsNoTunnel(t *testing.T) {
	serving{handler: tunnels}.run(t, func(c *servedConn) {
		connect(c, 1, "x-refuse", "1")
		c.Want("it is refused", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "403"))
		c.Data(1, h2test.EndStream, "")
		c.Want("a response like any other", h2test.HeadersFrame(1, h2test.EndStream, "a", "1", "b", "2"))
	})
}

func TestServerTakesNoFieldSectionThroughATunnel(t *testing.T) {
	var got error
	serving{handler: serverMux(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		_, got = io.ReadAll(r.Body)
	})}.run(t, func(c *servedConn) {
		connect(c, 1)
		c.Want("it is open", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"))
		c.Headers(1, h2test.EndStream, "a", "1")
		c.Want("a stream error", h2test.RSTStreamFrame(1, wire.ProtocolError))
		c.wantServed(3)
		settled()
		var se StreamError
		if !errors.As(got, &se) || se.Code != ErrCodeProtocol {
			t.Errorf("the handler's Read: %v", got)
		}
	})
}

// tunnelRequest is a CONNECT request with trailers, which it should not have.
func tunnelRequest() *http.Request {
	req := newRequest("CONNECT", "https://example.com:443", strings.NewReader("ping"))
	req.Trailer = http.Header{"A": {"1"}}
	return req
}

func TestTransportSendsNoTrailersThroughATunnel(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(tunnelRequest())
		p := c.accept()
		p.Want("DATA is all that is sent", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "ping", h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "pong")
		wantBody(t, k.response(), "pong")
	})
}

func TestTransportTakesNoFieldSectionThroughATunnel(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(newRequest("CONNECT", "https://example.com:443", newSentBody("ping", nil)))
		p := c.accept()
		p.Want("a tunnel", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "ping", h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		p.Headers(1, h2test.EndStream, "a", "1")
		p.Want("a stream error", h2test.RSTStreamFrame(1, wire.ProtocolError))
		var se StreamError
		if _, err := io.ReadAll(res.Body); !errors.As(err, &se) || se.Code != ErrCodeProtocol {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestTransportTakesTrailersIfThereIsNoTunnel(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(newRequest("CONNECT", "https://example.com:443", nil))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "403")
		p.Headers(1, h2test.EndStream, "a", "1")
		res := k.response()
		wantBody(t, res, "")
		if res.Trailer.Get("A") != "1" {
			t.Errorf("the trailers are %v", res.Trailer)
		}
	})
}
