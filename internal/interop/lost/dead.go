package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

const (
	// deadTimeout is the deadline of a request to a server that answers at once.
	deadTimeout = 100 * time.Millisecond
	// pingWait is how long a cancelled request's PING may take until it is answered. It takes no time on loopback.
	pingWait = time.Second
)

// deadConnection sends requests one after the other on a connection that has gone dead, until one succeeds or patience is
// over. With cancelled, a request was cancelled while the connection was well, and the server answered the client's PING.
func deadConnection(s stack.Stack, cancelled bool, patience time.Duration, step func()) (*outcome, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	srv, err := s.Start(stack.Protocols, mux, stack.Options{})
	if err != nil {
		return nil, err
	}
	defer srv.Close()
	net, err := startHole(srv.Addr)
	if err != nil {
		return nil, err
	}
	defer net.close()
	tr := dialer(s, dialAddr(net.ln.Addr().String()))
	send := func(path string) error {
		ctx, cancel := context.WithTimeout(context.Background(), deadTimeout)
		defer cancel()
		return post(ctx, tr, "http://backend.example"+path, "are you there?")
	}

	if err := send("/echo"); err != nil {
		return nil, err
	}
	if cancelled {
		before := net.answered.Load()
		if err := send("/never"); !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		for end := time.Now().Add(pingWait); net.answered.Load() == before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return nil, errors.New("the cancelled request's PING was not answered")
			}
		}
	}
	net.swallow()
	out := &outcome{dead: true}
	for begin := time.Now(); !out.recovered && out.took < patience; step() {
		err := send("/echo")
		out.took = time.Since(begin)
		out.count(err)
		out.recovered = err == nil
	}
	return out, nil
}

// A hole is a network that relays connections, and from a moment on takes all that is sent on those that it has and
// carries none of it, without closing them.
type hole struct {
	ln       net.Listener
	to       string       // address
	answered atomic.Int64 // bytes that the servers have sent
	running  sync.WaitGroup

	mu    sync.Mutex
	wires []*wire // guarded by mu
}

// A wire is one connection through it.
type wire struct {
	client, server net.Conn
	cut            atomic.Bool
}

func startHole(to string) (*hole, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hole{ln: ln, to: to}
	h.running.Go(h.accept)
	return h, nil
}

func (h *hole) accept() {
	for {
		client, err := h.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", h.to)
		if err != nil {
			client.Close()
			continue
		}
		w := &wire{client: client, server: server}
		h.mu.Lock()
		h.wires = append(h.wires, w)
		h.mu.Unlock()
		h.running.Go(func() { w.carry(server, client, new(atomic.Int64)) })
		h.running.Go(func() { w.carry(client, server, &h.answered) })
	}
}

// carry is one direction. What ends one end ends the other unless the wire is cut.
func (w *wire) carry(dst, src net.Conn, carried *atomic.Int64) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if !w.cut.Load() {
			dst.Write(buf[:n])
			carried.Add(int64(n))
		}
		if err != nil {
			break
		}
	}
	if !w.cut.Load() {
		dst.Close()
	}
}

// swallow cuts the connections that there are. Those that are made later work.
func (h *hole) swallow() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.wires {
		w.cut.Store(true)
	}
}

func (h *hole) close() {
	h.ln.Close()
	h.mu.Lock()
	for _, w := range h.wires {
		w.client.Close()
		w.server.Close()
	}
	h.mu.Unlock()
	h.running.Wait()
}
