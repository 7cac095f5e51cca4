package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

const (
	// defaultDrain is how long calls in flight may take after an interrupt.
	defaultDrain = 30 * time.Second
	// readHeaderTimeout ends connections that do not get as far as a request.
	readHeaderTimeout = 10 * time.Second
	// idleTimeout ends connections without requests, on both sides.
	idleTimeout = 5 * time.Minute
	// backendSilence is when a backend that calls wait for is asked for a sign of life. A gRPC server that sends nothing
	// takes a PING every five minutes, and closes the connection for more.
	backendSilence = 6 * time.Minute
	// selfSignedFor is how long a certificate of our own is valid.
	selfSignedFor = 365 * 24 * time.Hour
	// selfSigned is -tls's value for such a certificate.
	selfSigned = "self-signed"
)

// A gateway is a proxy as the flags describe it.
type gateway struct {
	listen  string // address
	backend string // URL
	tls     string // "" for none, selfSigned, or the names of two files: cert,key
	stack   string // name
	access  string // file of the access log, "-" for standard output, "" for none
	drain   time.Duration
}

// serve runs the proxy until an interrupt, or SIGTERM.
func (g gateway) serve() error {
	srv, ln, err := g.prepare()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the program
	return untilDone(ctx, srv, g.drain, func() error {
		if srv.TLSConfig != nil && len(srv.TLSConfig.Certificates) > 0 {
			return srv.ServeTLS(ln, "", "")
		}
		return srv.Serve(ln)
	})
}

// prepare checks the flags, and returns the server and what it listens on.
func (g gateway) prepare() (*http.Server, net.Listener, error) {
	if g.listen == "" || g.backend == "" {
		return nil, nil, errors.New("a proxy needs both -listen and -backend")
	}
	u, err := url.Parse(g.backend)
	if err != nil {
		return nil, nil, fmt.Errorf("-backend: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, nil, fmt.Errorf("-backend: %q is not an http or https URL", g.backend)
	}
	s, err := stack.Find(g.stack)
	if err != nil {
		return nil, nil, fmt.Errorf("-stack: %w", err)
	}
	cert, err := g.certificate()
	if err != nil {
		return nil, nil, fmt.Errorf("-tls: %w", err)
	}
	handler, err := g.handler(s, u)
	if err != nil {
		return nil, nil, fmt.Errorf("-access: %w", err)
	}
	mode := stack.Protocols
	if cert != nil {
		mode = stack.TLS
	}
	srv, err := s.NewServer(mode, handler, stack.Options{})
	if err != nil {
		return nil, nil, err
	}
	srv.ErrorLog = log.Default()
	srv.ReadHeaderTimeout, srv.IdleTimeout = readHeaderTimeout, idleTimeout
	if cert != nil {
		if srv.TLSConfig == nil {
			srv.TLSConfig = new(tls.Config)
		}
		srv.TLSConfig.Certificates = []tls.Certificate{*cert}
	}
	ln, err := net.Listen("tcp", g.listen)
	if err != nil {
		return nil, nil, fmt.Errorf("-listen: %w", err)
	}
	log.Printf("proxy to %s on %s://%s, with %s on both sides", u, mode.Scheme(), ln.Addr(), s.Path)
	return srv, ln, nil
}

// handler returns the proxy, with an access log if there is to be one.
func (g gateway) handler(s stack.Stack, backend *url.URL) (http.Handler, error) {
	out := io.Writer(os.Stdout)
	if g.access != "" && g.access != "-" {
		f, err := os.OpenFile(g.access, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		out = f // open until the end of the program
	}
	proxy := newProxy(s, backend, log.Default())
	if g.access == "" {
		return proxy, nil
	}
	return logAccess(proxy, slog.New(slog.NewTextHandler(out, nil))), nil
}

// certificate returns what the proxy speaks TLS with, nil if it does not.
func (g gateway) certificate() (*tls.Certificate, error) {
	switch g.tls {
	case "":
		return nil, nil
	case selfSigned:
		return g.signOwn()
	}
	certFile, keyFile, ok := strings.Cut(g.tls, ",")
	if !ok {
		return nil, fmt.Errorf("want two files, cert,key, or %q", selfSigned)
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	return &cert, err
}

// signOwn makes a certificate for this machine and the address to listen on, and says how to recognise it.
func (g gateway) signOwn() (*tls.Certificate, error) {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	host, _, err := net.SplitHostPort(g.listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "" && !slices.Contains(hosts, host) && (ip == nil || !ip.IsUnspecified()) {
		hosts = append(hosts, host)
	}
	cert, err := stack.SelfSigned(time.Now(), selfSignedFor, hosts...)
	if err != nil {
		return nil, err
	}
	log.Printf("self-signed certificate for %s, until %s, SHA-256 %x", strings.Join(hosts, ", "),
		cert.Leaf.NotAfter.Format(time.DateOnly), sha256.Sum256(cert.Leaf.Raw))
	return &cert, nil
}

// untilDone runs listen until ctx is done, then lets the requests in flight finish, for so long.
func untilDone(ctx context.Context, srv *http.Server, drain time.Duration, listen func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- listen() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Printf("stopping: calls in flight have %v", drain)
	timeout, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	err := srv.Shutdown(timeout)
	if errors.Is(err, context.DeadlineExceeded) {
		srv.Close()
		err = fmt.Errorf("calls were still in flight after %v, and were broken off", drain)
	}
	<-ended
	return err
}
