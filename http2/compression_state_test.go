package http2

import (
	"context"
	"io"
	"net/http"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// Field sections that nobody looks at still change the dynamic table, which those
// that follow refer to. The peer of these tests indexes whatever it sends.

func TestServerFollowsFieldSectionsAboveItsGoAway(t *testing.T) {
	var got string
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		got = r.Trailer.Get("X-New")
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "x-new")
		settled()
		c.hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 1)
		c.Request(3, h2test.EndStream, "x-new", "value")
		c.Headers(1, h2test.EndStream, "x-new", "value")
		c.Want("RFC 9113 §6.8: the ignored request is processed as far as compression goes", noContent(1))
		if got != "value" {
			t.Errorf("the trailer is %q", got)
		}
	})
}

func TestServerFollowsFieldSectionsAfterItsReset(t *testing.T) {
	var got string
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			panic(http.ErrAbortHandler)
		}
		got = r.Header.Get("X-New")
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.InternalError))
		c.Headers(1, h2test.EndStream, "x-new", "value")
		c.Request(3, h2test.EndStream, "x-new", "value")
		c.Want("RFC 9113 §5.1: the discarded section is processed as far as compression goes", noContent(3))
		if got != "value" {
			t.Errorf("the field is %q", got)
		}
	})
}

func TestTransportFollowsFieldSectionsAfterItsReset(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(c.t.Context())
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		cancel()
		k.failure()
		p.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.Cancel))
		p.Headers(1, h2test.EndStream, ":status", "200", "x-new", "value")
		settled() // the server is there
		p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Ping })
		k = c.roundTrip(get("https://example.com/"))
		p.Want("another request", headersOf(3, h2test.EndStream))
		p.Headers(3, h2test.EndStream, ":status", "200", "x-new", "value")
		if got := k.response().Header.Get("X-New"); got != "value" {
			t.Errorf("the field is %q", got)
		}
	})
}
