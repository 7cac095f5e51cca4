package main

import (
	"log"
	"net/http/httputil"
	"net/url"

	"h2fork.example/net/internal/interop/stack"
)

// newProxy returns a proxy that can be left running: it has buffers to use again, notices when the backend does not answer
// any more, and says so in the log and to the client.
func newProxy(s stack.Stack, backend *url.URL, logger *log.Logger) *httputil.ReverseProxy {
	proxy := s.ReverseProxy(backend, new(stack.Buffers))
	stack.TendConns(proxy.Transport.(stack.Transport), idleTimeout, backendSilence)
	proxy.ErrorLog = logger
	h := &health{backend: backend.Redacted(), log: logger}
	proxy.ModifyResponse, proxy.ErrorHandler = h.answered, h.answer
	return proxy
}

// startProxy serves a proxy to the gRPC server at backend on s, without anything on top.
func startProxy(s stack.Stack, m stack.Mode, backend string) (*stack.Server, error) {
	proxy := s.ReverseProxy(&url.URL{Scheme: "http", Host: backend}, nil)
	proxy.ErrorLog = stack.DiscardLog
	return s.Start(m, proxy, stack.Options{})
}
