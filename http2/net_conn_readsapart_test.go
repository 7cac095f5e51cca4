package http2

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/h2test"
)

// Connections in memory end their reads: they are served as those of a network are.
func init() {
	readsApart = func(nc net.Conn) bool {
		_, inMemory := nc.(*h2test.Conn)
		return !inMemory && conn.ReadsApart(nc)
	}
}

// stuckConn leaves a Read waiting after Close.
type stuckConn struct {
	*h2test.Conn
	closed  atomic.Bool
	release chan struct{}
}

func newStuckConn(c *h2test.Conn) *stuckConn {
	return &stuckConn{Conn: c, release: make(chan struct{})}
}

func (c *stuckConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.closed.Load() {
		<-c.release
	}
	return n, err
}

func (c *stuckConn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

func TestServeConnReturnsThoughAReadGoesOnWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		nc := newStuckConn(server)
		defer close(nc.release)
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			(&Server{IdleTimeout: time.Second}).ServeConn(nc, &ServeConnOpts{BaseConfig: new(http.Server)})
		}()
		p := h2test.NewPeer(t, client)
		defer p.Close()
		p.Greet()
		time.Sleep(time.Minute)
		select {
		case <-returned:
		default:
			t.Error("the connection has been idle for too long, and ServeConn has not returned")
		}
	})
}

func TestShutdownReturnsThoughAReadGoesOnWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		nc := newStuckConn(client)
		defer close(nc.release)
		cc, err := new(Transport).NewClientConn(nc)
		if err != nil {
			t.Fatal(err)
		}
		p := h2test.NewPeer(t, server)
		defer p.Close()
		p.Ignore(h2test.WindowUpdates)
		p.Accept()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := cc.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown returns %v", err)
		}
	})
}
