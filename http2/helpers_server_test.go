package http2

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// serving is a server for one connection.
type serving struct {
	srv      *Server
	hs       *http.Server // for ServeConnOpts.BaseConfig; nil for an empty one
	opts     ServeConnOpts
	handler  http.HandlerFunc
	settings []wire.Setting // the client's
	silent   bool           // the script greets
}

// servedConn is a served connection, and the client's side of it.
type servedConn struct {
	*h2test.Peer
	t        *testing.T
	srv      *Server
	hs       *http.Server
	server   *h2test.Conn // the server's end
	returned chan struct{}
	log      *eventLog
	counted  *eventLog // names that CountError was told
}

// run serves a connection in a bubble, and runs the script on the client's side,
// which is closed afterwards. That the bubble ends shows that the connection
// leaves no goroutine behind.
func (s serving) run(t *testing.T, script func(c *servedConn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		script(s.start(t))
	})
}

// start is run's beginning, for a script that lives in a bubble already.
func (s serving) start(t *testing.T) *servedConn {
	client, server := h2test.Pipe()
	return s.startOn(t, client, server)
}

func (s serving) startOn(t *testing.T, client, server *h2test.Conn) *servedConn {
	c := &servedConn{
		Peer:     h2test.NewPeer(t, client),
		t:        t,
		srv:      s.srv,
		hs:       s.hs,
		server:   server,
		returned: make(chan struct{}),
		log:      new(eventLog),
		counted:  new(eventLog),
	}
	if c.srv == nil {
		c.srv = new(Server)
	}
	if c.srv.CountError == nil {
		c.srv.CountError = c.counted.add
	}
	if c.hs == nil {
		c.hs = new(http.Server)
	}
	if c.hs.ErrorLog == nil {
		c.hs.ErrorLog = log.New(c.log, "", 0)
	}
	c.IgnoreFields("date")
	c.Ignore(h2test.WindowUpdates)
	opts := s.opts
	opts.BaseConfig = c.hs
	if s.handler != nil {
		opts.Handler = s.handler
	}
	go func() {
		defer close(c.returned)
		c.srv.ServeConn(server, &opts)
	}()
	t.Cleanup(func() {
		c.Close()
		<-c.returned
	})
	if !s.silent {
		c.Greet(s.settings...)
	}
	return c
}

// hasReturned reports whether ServeConn has returned.
func (c *servedConn) hasReturned() bool { return isClosed(c.returned) }

// wantServed checks that the connection works: a request on stream id is
// answered.
func (c *servedConn) wantServed(id uint32) {
	c.t.Helper()
	c.Request(id, h2test.EndStream, ":path", "/served")
	c.Want("the connection still serves requests", h2test.HeadersWith(id, h2test.EndStream, ":status", "204"))
}

// serverMux runs the handler of a path, and answers 204 to /served.
func serverMux(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL != nil && r.URL.Path == "/served" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		handler(w, r)
	}
}

// answerOK answers with a body of two bytes.
func answerOK(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// bodyOK are the frames of answerOK's response.
func bodyOK(id uint32) []h2test.Expectation {
	return []h2test.Expectation{
		h2test.HeadersFrame(id, h2test.KeepOpen, ":status", "200", "content-type", "text/plain; charset=utf-8", "content-length", "2"),
		h2test.DataFrame(id, "ok", h2test.EndStream),
	}
}

// noContent is the frame of a 204 response.
func noContent(id uint32) h2test.Expectation {
	return h2test.HeadersWith(id, h2test.EndStream, ":status", "204")
}

// settled waits until nothing moves any more.
func settled() { synctest.Wait() }

// rawFrame is a frame of any type, with any flags and payload.
func rawFrame(t wire.FrameType, flags wire.Flags, id uint32, payload string) []byte {
	b := wire.AppendHeader(nil, wire.Header{Type: t, Flags: flags, StreamID: id, Length: uint32(len(payload))})
	return append(b, payload...)
}

// result is the outcome of something a handler did.
type result struct {
	n   int
	err error
}

func (r result) String() string { return fmt.Sprintf("%d, %v", r.n, r.err) }

// gate holds goroutines up until it is opened. Unlike a channel it may be made
// outside of the bubble that it is used in.
type gate struct {
	mu      sync.Mutex
	changed sync.Cond
	isOpen  bool
}

func newGate() *gate {
	g := new(gate)
	g.changed.L = &g.mu
	return g
}

func (g *gate) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.isOpen {
		g.changed.Wait()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	g.isOpen = true
	g.mu.Unlock()
	g.changed.Broadcast()
}

// nextHeaders is the next HEADERS frame.
func (c *servedConn) nextHeaders() h2test.Frame {
	c.t.Helper()
	for {
		if f := c.Next(); f.Type == wire.Headers {
			return f
		}
	}
}
