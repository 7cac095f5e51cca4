package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http/httputil"
	"net/url"

	"h2fork.example/net/internal/interop/stack"
)

// newProxy returns what a gateway in front of gRPC services is made of: a reverse proxy that flushes
// whenever it can. It asks for a Flush from a timer's goroutine as soon as the backend's fields are in,
// at the moment when the handler of a response without a body is about to return. The client in it, which
// speaks to the backend, is that of s too.
func newProxy(s stack.Stack, backend *url.URL, logTo io.Writer) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend)
			r.SetXForwarded()
		},
		FlushInterval: -1,
		Transport:     backendTransport(s, backend),
		ErrorLog:      log.New(logTo, "proxy: ", log.LstdFlags),
	}
}

// backendTransport speaks HTTP/2 to an https backend through TLS, to an http one with prior knowledge.
func backendTransport(s stack.Stack, backend *url.URL) stack.Transport {
	if backend.Scheme == "https" {
		return s.Transport(&tls.Config{ServerName: backend.Hostname()})
	}
	return s.Transport(nil)
}

// startProxy serves a proxy to the gRPC server at backend on s.
func startProxy(s stack.Stack, m stack.Mode, backend string) (*stack.Server, error) {
	u := &url.URL{Scheme: "http", Host: backend}
	return s.Start(m, newProxy(s, u, io.Discard), stack.Options{})
}
