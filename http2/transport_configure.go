package http2

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
)

// ConfigureTransport makes t1 speak HTTP/2 with servers that do. Its error says
// that t1 does already.
func ConfigureTransport(t1 *http.Transport) error {
	_, err := ConfigureTransports(t1)
	return err
}

// ConfigureTransports is ConfigureTransport, and returns the HTTP/2 Transport for
// further configuration.
func ConfigureTransports(t1 *http.Transport) (*Transport, error) {
	pool := newClientConnPool(nil)
	pool.noDial = true
	t2 := &Transport{ConnPool: pool, h1: t1}
	pool.t = t2
	if err := register(t1, cachedOnly{t2}); err != nil {
		return nil, err
	}
	if t1.TLSClientConfig == nil {
		t1.TLSClientConfig = new(tls.Config)
	}
	cfg := t1.TLSClientConfig
	if !slices.Contains(cfg.NextProtos, NextProtoTLS) {
		cfg.NextProtos = append([]string{NextProtoTLS}, cfg.NextProtos...)
	}
	if !slices.Contains(cfg.NextProtos, "http/1.1") {
		cfg.NextProtos = append(cfg.NextProtos, "http/1.1")
	}
	if t1.TLSNextProto == nil {
		t1.TLSNextProto = make(map[string]func(string, *tls.Conn) http.RoundTripper)
	}
	t1.TLSNextProto[NextProtoTLS] = func(authority string, c *tls.Conn) http.RoundTripper {
		return t2.takeOver(pool, "https", authority, c)
	}
	t1.TLSNextProto[nextProtoUnencrypted] = func(authority string, c *tls.Conn) http.RoundTripper {
		nc, err := unencryptedConn(c)
		if err != nil {
			c.Close()
			return failing{err}
		}
		return t2.takeOver(pool, "http", authority, nc)
	}
	return t2, nil
}

// register makes t1 try rt first for https. It returns an error if t1 tries another
// one already, where RegisterProtocol panics.
func register(t1 *http.Transport, rt http.RoundTripper) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	t1.RegisterProtocol("https", rt)
	return nil
}

// takeOver is called with a connection that net/http dialled and on which ALPN
// chose HTTP/2. If two requests dialled at once, one of the connections is closed.
func (t *Transport) takeOver(pool *clientConnPool, scheme, authority string, c net.Conn) http.RoundTripper {
	taken, err := pool.offer(authorityAddr(scheme, authority), c)
	if !taken {
		go c.Close() // Close may take a while, with TLS
	}
	switch {
	case err != nil:
		return failing{err}
	case scheme == "http":
		return unencrypted{t}
	}
	return t
}

// shakeHands makes the TLS handshake of a connection on which there was none yet. If
// that fails, so does the request for which net/http has dialled. Otherwise the
// first one to write would learn of it, whichever that is.
func (t *Transport) shakeHands(c net.Conn) error {
	tc, ok := c.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx := context.Background()
	if d := t.h1.TLSHandshakeTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	return tc.HandshakeContext(ctx)
}

// unencrypted sends requests with the scheme "http" too.
type unencrypted struct{ t *Transport }

func (u unencrypted) RoundTrip(req *http.Request) (*http.Response, error) {
	return u.t.RoundTripOpt(req, RoundTripOpt{allowHTTP: true})
}

// failing fails every request. net/http finds the error by its RoundTripErr.
type failing struct{ err error }

func (f failing) RoundTripErr() error { return f.err }

func (f failing) RoundTrip(req *http.Request) (*http.Response, error) {
	closeBody(req)
	return nil, f.err
}

// cachedOnly is what net/http tries first for https. It sends only requests for
// which there is a connection. net/http looks into it by reflection, for the one
// exported field, to find CloseIdleConnections.
type cachedOnly struct{ *Transport }

func (c cachedOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.Transport.RoundTrip(req)
	if isNoCachedConn(err) {
		return nil, http.ErrSkipAltProtocol
	}
	return res, err
}

// NewClientConn is what http.Transport.NewClientConn looks for.
func (c cachedOnly) NewClientConn(nc net.Conn, stateChanged func()) (http.RoundTripper, error) {
	cc, err := c.Transport.newClientConn(nc, c.Transport.disableKeepAlives(), stateChanged)
	if err != nil {
		return nil, err
	}
	cc.conf.strict = true // requests beyond the server's limit wait
	return reservable{cc}, nil
}

// reservable is a ClientConn with the methods that net/http looks for.
type reservable struct{ cc *ClientConn }

func (r reservable) RoundTrip(req *http.Request) (*http.Response, error) { return r.cc.RoundTrip(req) }
func (r reservable) Close() error                                        { return r.cc.Close() }
func (r reservable) Err() error                                          { return r.cc.endErr() }
func (r reservable) Reserve() error                                      { return r.cc.reserveWithinLimit() }
func (r reservable) Release()                                            { r.cc.unreserve() }
func (r reservable) Available() int                                      { return r.cc.available() }
func (r reservable) InFlight() int                                       { return r.cc.inFlight() }
