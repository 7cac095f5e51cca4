package main

import (
	"io"
	"log"
	"net/http/httputil"
	"net/url"

	"h2fork.example/net/internal/interop/stack"
)

// newProxy returns the proxy, which logs to logTo.
func newProxy(s stack.Stack, backend *url.URL, logTo io.Writer) *httputil.ReverseProxy {
	proxy := s.ReverseProxy(backend, new(stack.Buffers))
	proxy.ErrorLog = log.New(logTo, "proxy: ", log.LstdFlags)
	return proxy
}

// startProxy serves a proxy to the gRPC server at backend on s.
func startProxy(s stack.Stack, m stack.Mode, backend string) (*stack.Server, error) {
	u := &url.URL{Scheme: "http", Host: backend}
	return s.Start(m, newProxy(s, u, io.Discard), stack.Options{})
}
