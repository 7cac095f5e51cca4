package http2

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// unclosable is a connection whose Close does not return before the gate is open.
type unclosable struct {
	*h2test.Conn
	gate *gate
}

func (c unclosable) Close() error {
	c.gate.wait()
	return c.Conn.Close()
}

// stuckEnds are ways in which a connection ends while it has a request, on stream 1. They return once the request has a
// response, or has failed.
var stuckEnds = map[string]func(c *calling, p *h2test.Peer, cc *ClientConn, cancel func()){
	"Close": func(_ *calling, _ *h2test.Peer, cc *ClientConn, _ func()) { go cc.Close() },
	"the response to the last request": func(_ *calling, p *h2test.Peer, cc *ClientConn, _ func()) {
		cc.SetDoNotReuse()
		p.Headers(1, h2test.EndStream, ":status", "204")
	},
	"its content": func(_ *calling, p *h2test.Peer, cc *ClientConn, _ func()) {
		cc.SetDoNotReuse()
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "content")
	},
	"the response after a GOAWAY": func(_ *calling, p *h2test.Peer, _ *ClientConn, _ func()) {
		p.GoAway(1, wire.NoError, "")
		p.Headers(1, h2test.EndStream, ":status", "204")
	},
	"a GOAWAY that names no request": func(c *calling, p *h2test.Peer, _ *ClientConn, _ func()) {
		p.GoAway(0, wire.NoError, "")
		q := c.accept()
		q.Want("the request is sent again", headersOf(1, h2test.EndStream))
		q.Headers(1, h2test.EndStream, ":status", "204")
	},
	"the cancellation of the last request": func(_ *calling, _ *h2test.Peer, cc *ClientConn, cancel func()) {
		cc.SetDoNotReuse()
		cancel()
	},
	"an error of the server's": func(_ *calling, p *h2test.Peer, _ *ClientConn, _ func()) { p.Data(0, h2test.KeepOpen, "x") },
	"the end of the server":    func(_ *calling, p *h2test.Peer, _ *ClientConn, _ func()) { p.Close() },
	"Shutdown, and the response": func(_ *calling, p *h2test.Peer, cc *ClientConn, _ func()) {
		go cc.Shutdown(context.Background())
		settled()
		p.Headers(1, h2test.EndStream, ":status", "204")
	},
}

// P123: a program's own net.Conn may take its time to close. That holds up no request, whose RoundTrip and whose Body.Close
// return at once.
func TestCloseOfANetConnThatBlocksHoldsUpNoRequest(t *testing.T) {
	for name, end := range stuckEnds {
		t.Run(name, func(t *testing.T) {
			tr := new(Transport)
			withTransport(t, tr, func(c *calling) {
				closing := newGate()
				dial := tr.DialTLSContext
				tr.DialTLSContext = func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error) {
					nc, err := dial(ctx, network, addr, cfg)
					return unclosable{nc.(*h2test.Conn), closing}, err
				}
				defer synctest.Wait()
				defer closing.open()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				k := c.roundTrip(get("https://example.com/").WithContext(ctx))
				p := c.accept()
				p.Want("a request", headersOf(1, h2test.EndStream))
				end(c, p, pooledConn(tr), cancel)
				settled()
				if !k.returned() {
					t.Fatal("RoundTrip waits for Close")
				}
				if k.err != nil {
					return
				}
				read := startTrip(t, readingAll{k.res}, nil)
				settled()
				if !read.returned() {
					t.Error("the body waits for Close")
				}
			})
		})
	}
}

// pooledConn is the connection of a Transport that has one.
func pooledConn(tr *Transport) *ClientConn {
	pool := tr.connPool().(*clientConnPool)
	pool.mu.Lock()
	defer pool.mu.Unlock()
	for _, h := range pool.hosts {
		return h.conns[0]
	}
	return nil
}

// readingAll reads and closes a response's body.
type readingAll struct{ res *http.Response }

func (r readingAll) RoundTrip(*http.Request) (*http.Response, error) {
	b := make([]byte, 100)
	var err error
	for err == nil {
		_, err = r.res.Body.Read(b)
	}
	return nil, r.res.Body.Close()
}

// Shutdown's context counts for closing, too.
func TestShutdownReturnsThoughCloseBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		defer server.Close()
		nc := unclosable{client, newGate()}
		cc, err := new(Transport).NewClientConn(nc)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { done <- cc.Shutdown(ctx) }()
		settled()
		cancel()
		settled()
		select {
		case <-done:
		default:
			t.Error("Shutdown waits for Close")
		}
		nc.gate.open()
		settled()
	})
}
