package stack

import (
	"crypto/tls"
	"errors"
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
	ServeConn             // http2.Server.ServeConn, without http.Server
)

func (m Mode) String() string {
	return [...]string{"h2c.NewHandler", "Protocols", "TLS", "ServeConn"}[m]
}

// Scheme is the URL scheme of a server in mode m.
func (m Mode) Scheme() string {
	if m == TLS {
		return "https"
	}
	return "http"
}

// DiscardLog takes what servers log about peers that break connections on purpose.
var DiscardLog = log.New(io.Discard, "", 0)

// NewServer returns a server for h in mode m, not yet listening. Certificates are the caller's to add.
func (s Stack) NewServer(m Mode, h http.Handler, o Options) (*http.Server, error) {
	srv := &http.Server{Handler: h, ErrorLog: DiscardLog}
	if m == ServeConn {
		return nil, errors.New("ServeConn goes without http.Server")
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

	stop func()
	done chan error // what serving ended with
}

// Start serves h on a loopback port until Close.
func (s Stack) Start(m Mode, h http.Handler, o Options) (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	serve, stop, err := s.prepare(ln, m, h, o)
	if err != nil {
		ln.Close()
		return nil, err
	}
	addr := ln.Addr().String()
	run := &Server{Addr: addr, URL: m.Scheme() + "://" + addr, stop: stop, done: make(chan error, 1)}
	go func() { run.done <- serve() }()
	return run, nil
}

// prepare returns a function that serves on ln, and one that ends it at once.
func (s Stack) prepare(ln net.Listener, m Mode, h http.Handler, o Options) (serve func() error, stop func(), err error) {
	if m == ServeConn {
		if s.serveConn == nil {
			return nil, nil, fmt.Errorf("%s has no ServeConn", s.Path)
		}
		c := newConnServer(ln, s, h, o)
		return c.run, c.close, nil
	}
	srv, err := s.NewServer(m, h, o)
	if err != nil {
		return nil, nil, err
	}
	stop = func() { srv.Close() }
	if m != TLS {
		return func() error { return srv.Serve(ln) }, stop, nil
	}
	cert, _ := TestCertificate()
	if srv.TLSConfig == nil {
		srv.TLSConfig = new(tls.Config)
	}
	srv.TLSConfig.Certificates = []tls.Certificate{cert}
	return func() error { return srv.ServeTLS(ln, "", "") }, stop, nil
}

// Close stops the server at once. Connections that h2c.NewHandler took over end with their clients.
func (s *Server) Close() {
	s.stop()
	<-s.done
}
