package stack

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"golang.org/x/net/http2"
)

// PlainTransport returns an HTTP/2 client that speaks with prior knowledge to "http" URLs. Everything in
// this module that needs such a client gets it here, so that one line decides whose it is. It is upstream's:
// the servers are what is compared, and they are best compared with the same client.
func PlainTransport() *http2.Transport {
	return &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
}

// Client returns an HTTP/2 client for a server in mode m, and a function that closes its connections.
func Client(m Mode) (*http.Client, func()) {
	tr := PlainTransport()
	if m == TLS {
		_, pool := TestCertificate()
		tr = &http2.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	}
	return &http.Client{Transport: tr}, tr.CloseIdleConnections
}
