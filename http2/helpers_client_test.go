package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// calling is a Transport in a bubble. Its connections lead to the script, which
// plays the servers.
type calling struct {
	t     *testing.T
	tr    *Transport
	dials chan *h2test.Conn // the servers' ends
	ours  []*h2test.Conn    // the Transport's
	addrs []string          // that were dialled
	peers []*h2test.Peer
}

// withTransport runs a script in a bubble. Its connections are closed
// afterwards; that the bubble ends shows that they leave no goroutine behind.
func withTransport(t *testing.T, tr *Transport, script func(c *calling)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &calling{t: t, tr: tr, dials: make(chan *h2test.Conn, 20)}
		tr.DialTLSContext = func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			client, server := h2test.Pipe()
			c.addrs = append(c.addrs, addr)
			c.ours = append(c.ours, client)
			c.dials <- server
			return client, nil
		}
		defer func() {
			close(c.dials)
			for server := range c.dials {
				server.Close()
			}
			for _, p := range c.peers {
				p.Close()
			}
		}()
		script(c)
	})
}

// peer is the server's side of the next connection that is dialled.
func (c *calling) peer() *h2test.Peer {
	c.t.Helper()
	server := <-c.dials
	p := h2test.NewPeer(c.t, server)
	p.Ignore(h2test.WindowUpdates)
	p.IgnoreFields("user-agent", "accept-encoding")
	c.peers = append(c.peers, p)
	return p
}

// accept is peer, with the greetings exchanged.
func (c *calling) accept(settings ...wire.Setting) *h2test.Peer {
	c.t.Helper()
	p := c.peer()
	p.Accept(settings...)
	return p
}

// noDial checks that no other connection was dialled.
func (c *calling) noDial() {
	c.t.Helper()
	synctest.Wait()
	if n := len(c.dials); n > 0 {
		c.t.Errorf("%d more connections were dialled", n)
	}
}

// trip is a RoundTrip under way.
type trip struct {
	t    *testing.T
	done chan struct{}
	res  *http.Response
	err  error
}

// roundTrip starts a RoundTrip.
func (c *calling) roundTrip(req *http.Request) *trip { return startTrip(c.t, c.tr, req) }

func startTrip(t *testing.T, rt http.RoundTripper, req *http.Request) *trip {
	k := &trip{t: t, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.res, k.err = rt.RoundTrip(req)
	}()
	return k
}

// returned reports whether RoundTrip has returned.
func (k *trip) returned() bool { return isClosed(k.done) }

// stillWaits checks that RoundTrip has not returned.
func (k *trip) stillWaits(sentence string) {
	k.t.Helper()
	if k.returned() {
		k.t.Errorf("%s\nRoundTrip has returned %v, %v", sentence, k.res, k.err)
	}
}

// response is the response, which comes without time passing.
func (k *trip) response() *http.Response {
	k.t.Helper()
	if !k.returned() {
		k.t.Fatal("RoundTrip has not returned")
	}
	if k.err != nil {
		k.t.Fatalf("RoundTrip: %v", k.err)
	}
	return k.res
}

// failure is the error, which comes without time passing.
func (k *trip) failure() error {
	k.t.Helper()
	if !k.returned() {
		k.t.Fatal("RoundTrip has not returned")
	}
	if k.err == nil {
		k.t.Fatalf("RoundTrip returned a response, %v", k.res.Status)
	}
	return k.err
}

// wantBody checks what a response's body consists of, and closes it.
func wantBody(t *testing.T, res *http.Response, want string) {
	t.Helper()
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != want {
		t.Errorf("the body is %.80q, %v; want %.80q", got, err, want)
	}
	res.Body.Close()
}

// wantErr checks an error's text.
func wantErr(t *testing.T, sentence string, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("%s\n got %v\nwant %v", sentence, err, want)
	}
}

// get is a GET request.
func get(url string) *http.Request { return newRequest("GET", url, nil) }

// newRequest is http.NewRequest without an error.
func newRequest(method, url string, body io.Reader) *http.Request {
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		panic(err)
	}
	return req
}

// headersOf is a HEADERS frame that opens a stream, whatever its fields.
func headersOf(id uint32, endStream bool) h2test.Expectation {
	return h2test.HeadersWith(id, endStream)
}

// sentBody is a request's body that a script feeds, and that knows whether it
// was closed. It may be made outside of the bubble that it is used in.
type sentBody struct {
	mu      sync.Mutex
	changed sync.Cond
	buf     []byte
	err     error // after buf
	closes  int
}

func newSentBody(content string, err error) *sentBody {
	b := &sentBody{buf: []byte(content), err: err}
	b.changed.L = &b.mu
	return b
}

// feed adds to what can be read; err ends it.
func (b *sentBody) feed(content string, err error) {
	b.mu.Lock()
	b.buf = append(b.buf, content...)
	b.err = err
	b.mu.Unlock()
	b.changed.Broadcast()
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.buf) == 0 && b.err == nil && b.closes == 0 {
		b.changed.Wait()
	}
	if b.closes > 0 {
		return 0, errors.New("read of a closed body")
	}
	n := copy(p, b.buf)
	b.buf = b.buf[n:]
	if len(b.buf) == 0 && n == 0 {
		return n, b.err
	}
	return n, nil
}

func (b *sentBody) Close() error {
	b.mu.Lock()
	b.closes++
	b.mu.Unlock()
	b.changed.Broadcast()
	return nil
}

func (b *sentBody) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closes > 0
}

// wantClosed checks that the body has been closed, now.
func (b *sentBody) wantClosed(t *testing.T, sentence string) {
	t.Helper()
	if !b.isClosed() {
		t.Errorf("%s: the request's body is open", sentence)
	}
}

// long is a body of n bytes, in which a lost or repeated piece shows.
func long(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()[:n]
}

// hangingDial waits until it is given up.
func hangingDial(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type dialFunc func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error)

// gatedDial is dial, once the gate is open.
func gatedDial(g *gate, dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error) {
		g.wait()
		return dial(ctx, network, addr, cfg)
	}
}

func failingDial(err error) dialFunc {
	return func(context.Context, string, string, *tls.Config) (net.Conn, error) { return nil, err }
}

// closedDial returns a connection that the server closes at once.
func closedDial(context.Context, string, string, *tls.Config) (net.Conn, error) {
	client, server := h2test.Pipe()
	server.Close()
	return client, nil
}
