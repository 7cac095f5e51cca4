package http2

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
)

// dial makes a new connection to addr.
func (t *Transport) dial(ctx context.Context, addr string, singleUse bool) (*ClientConn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	c, err := t.dialTLS(ctx, addr, t.tlsConfig(host))
	if err != nil {
		return nil, err
	}
	return t.newClientConn(c, singleUse, nil)
}

func (t *Transport) dialTLS(ctx context.Context, addr string, cfg *tls.Config) (net.Conn, error) {
	switch {
	case t.DialTLSContext != nil:
		return t.DialTLSContext(ctx, "tcp", addr, cfg)
	case t.DialTLS != nil:
		return t.DialTLS("tcp", addr, cfg)
	}
	d := tls.Dialer{Config: cfg}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if p := c.(*tls.Conn).ConnectionState().NegotiatedProtocol; p != NextProtoTLS {
		c.Close()
		return nil, fmt.Errorf("http2: unexpected ALPN protocol %q; want %q", p, NextProtoTLS)
	}
	return c, nil
}

// tlsConfig is the TLS configuration for a connection to host.
func (t *Transport) tlsConfig(host string) *tls.Config {
	cfg := new(tls.Config)
	if t.TLSClientConfig != nil {
		cfg = t.TLSClientConfig.Clone()
	}
	if !slices.Contains(cfg.NextProtos, NextProtoTLS) {
		cfg.NextProtos = append([]string{NextProtoTLS}, cfg.NextProtos...)
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	return cfg
}
