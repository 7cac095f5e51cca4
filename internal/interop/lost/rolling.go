package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/bench/relay"
	"h2fork.example/net/internal/interop/stack"
)

const (
	// proxyClients is how many clients send requests through the proxy, each one after the other.
	proxyClients = 16
	// replaceEvery is how long a backend lives.
	replaceEvery = 100 * time.Millisecond
	// shutdownLimit is how long a backend may take to shut down, in which nothing has to be waited for.
	shutdownLimit = 10 * time.Second
	// linkDelay and linkRate are the link's between the proxy and its backends, where there is one.
	linkDelay = 10 * time.Millisecond
	linkRate  = 100 << 20
)

// replaceBackends sends requests through a proxy, whose backend is replaced so many times, and counts those that do not come back.
func replaceBackends(s stack.Stack, delay time.Duration, times int, step func()) (*outcome, error) {
	service := &service{stack: s}
	if err := service.replace(); err != nil {
		return nil, err
	}
	dial := service.dial
	if delay > 0 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		link := relay.Link{Delay: delay, Rate: linkRate}
		go link.Serve(ln, func() (net.Conn, error) { return service.dial(context.Background()) })
		dial = dialAddr(ln.Addr().String())
	}
	front, err := startFront(s, dial)
	if err != nil {
		return nil, err
	}
	out := new(outcome)
	stopClients := startClients(front.url, out)
	for range times {
		time.Sleep(replaceEvery)
		if err := service.replace(); err != nil {
			return nil, err
		}
		step()
	}
	stopClients()
	front.close()
	return out, service.stop()
}

// startClients sends requests to url until stop is called, which waits for those that are under way.
func startClients(url string, out *outcome) (stop func()) {
	tr := &http.Transport{MaxIdleConnsPerHost: proxyClients}
	var done atomic.Bool
	var clients sync.WaitGroup
	for c := range proxyClients {
		clients.Go(func() {
			for i := 0; !done.Load(); i++ {
				ctx, cancel := context.WithTimeout(context.Background(), postTimeout)
				out.count(post(ctx, tr, url, fmt.Sprintf("order %d of client %d", i, c)))
				cancel()
			}
		})
	}
	return func() {
		done.Store(true)
		clients.Wait()
		tr.CloseIdleConnections()
	}
}

// A front is the proxy. Its clients speak HTTP/1, so that only its connections to the backends are compared.
type front struct {
	url    string
	server *http.Server
	client stack.Transport
}

func startFront(s stack.Stack, dial func(context.Context) (net.Conn, error)) (*front, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	proxy := s.ReverseProxy(&url.URL{Scheme: "http", Host: "backend.example"}, new(stack.Buffers))
	tr := dialer(s, dial)
	proxy.Transport = tr
	proxy.ErrorLog = stack.DiscardLog
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, err)
	}
	f := &front{url: "http://" + ln.Addr().String(), server: &http.Server{Handler: proxy, ErrorLog: stack.DiscardLog}, client: tr}
	go f.server.Serve(ln)
	return f, nil
}

func (f *front) close() {
	f.server.Close()
	f.client.CloseIdleConnections()
}

// A service is a backend that is replaced by a new one while clients use it.
type service struct {
	stack stack.Stack
	ended sync.WaitGroup

	mu      sync.Mutex
	current *backend // guarded by mu; nil once the service has ended
	errs    []error  // guarded by mu; of backends that did not shut down
}

// dial connects to the backend that is the current one. Its listener has accepted the connection when it is replaced:
// one that waits in the kernel when a listener is closed is broken off, which no HTTP implementation can help.
func (s *service) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, net.ErrClosed
	}
	nc, err := dialAddr(s.current.ln.Addr().String())(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-s.current.ln.accepted:
		return nc, nil
	case <-ctx.Done():
		nc.Close()
		return nil, fmt.Errorf("a backend does not accept a connection: %w", ctx.Err())
	}
}

// replace starts a new backend, has it used for new connections, and then shuts down the one that it replaces.
func (s *service) replace() error {
	b, err := startBackend(s.stack)
	if err != nil {
		return err
	}
	s.shutDown(s.use(b))
	return nil
}

// use makes b the current backend and returns the one before.
func (s *service) use(b *backend) (before *backend) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.current = s.current, b
	return before
}

// shutDown begins to shut b down.
func (s *service) shutDown(b *backend) {
	if b == nil {
		return
	}
	s.ended.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownLimit)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			b.server.Close()
			s.mu.Lock()
			s.errs = append(s.errs, fmt.Errorf("a backend did not shut down within %v: %w", shutdownLimit, err))
			s.mu.Unlock()
		}
	})
}

// stop shuts the last backend down, and waits for all of them.
func (s *service) stop() error {
	s.shutDown(s.use(nil))
	s.ended.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}

// A backend echoes requests over HTTP/2 without TLS.
type backend struct {
	server *http.Server
	ln     *listener
}

func startBackend(s stack.Stack) (*backend, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server, err := s.NewServer(stack.Protocols, http.HandlerFunc(echo), stack.Options{})
	if err != nil {
		return nil, err
	}
	b := &backend{server: server, ln: &listener{Listener: ln, accepted: make(chan struct{}, 1)}}
	go server.Serve(b.ln)
	return b, nil
}

// A listener says when it has accepted a connection.
type listener struct {
	net.Listener
	accepted chan struct{} // a receive for each connection; service.dial makes one at a time
}

// Accept returns the next connection.
func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		l.accepted <- struct{}{}
	}
	return nc, err
}
