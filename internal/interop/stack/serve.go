package stack

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
)

// A Mode is a way to serve HTTP/2.
type Mode int

// The ways to serve HTTP/2.
const (
	Handler   Mode = iota // h2c.NewHandler behind an HTTP/1 server
	Protocols             // http.Server.Protocols with unencrypted HTTP/2, and ConfigureServer
	TLS                   // "h2" through ALPN
)

func (m Mode) String() string {
	return [...]string{"h2c.NewHandler", "Protocols", "TLS"}[m]
}

// Scheme is the URL scheme of a server in mode m.
func (m Mode) Scheme() string {
	if m == TLS {
		return "https"
	}
	return "http"
}

// NewServer returns a server for h in mode m, not yet listening. Certificates are the caller's to add.
func (s Stack) NewServer(m Mode, h http.Handler, o Options) (*http.Server, error) {
	srv := &http.Server{
		Handler:  h,
		ErrorLog: log.New(io.Discard, "", 0), // peers here break connections on purpose
	}
	if m == Handler {
		if !s.HasH2CHandler() {
			return nil, fmt.Errorf("%s has no h2c handler", s.Path)
		}
		srv.Handler = s.h2c(h, o)
		return srv, nil
	}
	srv.Protocols = new(http.Protocols)
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetHTTP2(m == TLS)
	srv.Protocols.SetUnencryptedHTTP2(m == Protocols)
	if err := s.configure(srv, o); err != nil {
		return nil, err
	}
	return srv, nil
}

// A Server is a stack that serves on a loopback port.
type Server struct {
	Addr string // host:port
	URL  string // scheme://host:port

	srv  *http.Server
	done chan error
}

// Start serves h on a loopback port until Close.
func (s Stack) Start(m Mode, h http.Handler, o Options) (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv, err := s.NewServer(m, h, o)
	if err != nil {
		ln.Close()
		return nil, err
	}
	addr := ln.Addr().String()
	run := &Server{Addr: addr, URL: m.Scheme() + "://" + addr, srv: srv, done: make(chan error, 1)}
	if m == TLS {
		cert, _ := TestCertificate()
		if srv.TLSConfig == nil {
			srv.TLSConfig = new(tls.Config)
		}
		srv.TLSConfig.Certificates = []tls.Certificate{cert}
		go func() { run.done <- srv.ServeTLS(ln, "", "") }()
	} else {
		go func() { run.done <- srv.Serve(ln) }()
	}
	return run, nil
}

// Close stops the server at once. Connections that h2c.NewHandler took over end with their clients.
func (s *Server) Close() {
	s.srv.Close()
	<-s.done
}

// Shutdown stops the server after the requests in flight.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.srv.Shutdown(ctx)
	<-s.done
	return err
}
