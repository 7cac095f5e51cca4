package stack

import (
	"net"
	"net/http"
	"sync"
)

// A connServer serves connections with http2.Server.ServeConn, as programs do that have a listener of their
// own: there is no HTTP/1 in it.
type connServer struct {
	ln    net.Listener
	serve func(net.Conn)

	mu    sync.Mutex
	conns map[net.Conn]bool // guarded by mu; nil when closed
	wg    sync.WaitGroup    // of the goroutines that serve
}

func newConnServer(ln net.Listener, s Stack, h http.Handler, o Options) *connServer {
	return &connServer{ln: ln, serve: s.serveConn(h, o), conns: make(map[net.Conn]bool)}
}

// run accepts connections until close.
func (c *connServer) run() error {
	for {
		nc, err := c.ln.Accept()
		if err != nil {
			return err
		}
		c.mu.Lock()
		if c.conns == nil {
			nc.Close()
		} else {
			c.conns[nc] = true
			c.wg.Go(func() {
				c.serve(nc)
				c.mu.Lock()
				delete(c.conns, nc)
				c.mu.Unlock()
			})
		}
		c.mu.Unlock()
	}
}

// close closes the listener and every connection, and waits until none is served.
func (c *connServer) close() {
	c.ln.Close()
	c.mu.Lock()
	for nc := range c.conns {
		nc.Close()
	}
	c.conns = nil
	c.mu.Unlock()
	c.wg.Wait()
}
