// Package app is what a service that uses golang.org/x/net/http2 looks like: a reverse proxy for gRPC, served in the
// ways that the package has, and a probe that speaks in frames.
package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

// newProxy forwards to a gRPC backend, without TLS.
func newProxy(backend string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: backend}) },
		FlushInterval: -1,
		Transport: &http2.Transport{
			AllowHTTP: true,
			DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, addr)
			},
		},
	}
}

// newClient returns a client that net/http does HTTP/1 and http2 does HTTP/2 for.
func newClient(config *tls.Config) (*http.Client, error) {
	transport := &http.Transport{TLSClientConfig: config}
	h2, err := http2.ConfigureTransports(transport)
	if err != nil {
		return nil, err
	}
	h2.StrictMaxConcurrentStreams = true
	return &http.Client{Transport: transport}, nil
}

// newServer serves h over TLS, or without it through h2c.NewHandler.
func newServer(h http.Handler) (*http.Server, error) {
	conf := &http2.Server{MaxConcurrentStreams: 500, CountError: func(string) {}}
	srv := &http.Server{Handler: h2c.NewHandler(h, conf)}
	return srv, http2.ConfigureServer(srv, conf)
}

// serveConns serves h on each connection of ln.
func serveConns(ln net.Listener, h http.Handler) {
	conf := &http2.Server{NewWriteScheduler: http2.NewRandomWriteScheduler}
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go conf.ServeConn(conn, &http2.ServeConnOpts{Handler: h})
	}
}
