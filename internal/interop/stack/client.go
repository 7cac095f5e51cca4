package stack

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// A Transport is an HTTP/2 client.
type Transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

// Transport returns the stack's client: one that speaks HTTP/2 through TLS with cfg, or with prior knowledge to
// "http" URLs if cfg is nil.
func (s Stack) Transport(cfg *tls.Config) Transport { return s.transport(cfg) }

// ClientConfig is the TLS configuration of a client of a server in mode m: nil where there is no TLS.
func (m Mode) ClientConfig() *tls.Config {
	if m != TLS {
		return nil
	}
	_, pool := TestCertificate()
	return &tls.Config{RootCAs: pool}
}

// Client returns an HTTP/2 client for a server in mode m, and a function that closes its idle connections. It
// is upstream's: where servers are compared, they are best compared with the same client.
func Client(m Mode) (client *http.Client, closeIdle func()) {
	tr := XNet().Transport(m.ClientConfig())
	return &http.Client{Transport: tr}, tr.CloseIdleConnections
}

// dialPlain is a DialTLSContext that does without TLS.
func dialPlain(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, addr)
}
