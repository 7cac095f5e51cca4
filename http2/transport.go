package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
)

// Transport is an HTTP/2 client: an http.RoundTripper that keeps connections to
// servers and shares them among requests. Its zero value is ready to use, and it is
// safe for concurrent use. Fields may not be changed once it is used.
type Transport struct {
	// DialTLSContext dials the connections for requests. It should do TLS with cfg,
	// which offers "h2" in ALPN and names the server; but what it returns is not
	// checked. If the connection has a ConnectionState method, responses have its
	// result as their TLS field. If it and DialTLS are nil, tls.Dialer dials.
	DialTLSContext func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error)

	// DialTLS is DialTLSContext without a context. It is used if that is nil.
	DialTLS func(network, addr string, cfg *tls.Config) (net.Conn, error)

	// TLSClientConfig is the TLS configuration of connections. It is cloned. If it is
	// nil, the default configuration is used.
	TLSClientConfig *tls.Config

	// ConnPool keeps the connections. If it is nil, the Transport has a pool of its
	// own.
	ConnPool ClientConnPool

	// DisableCompression keeps the Transport from asking for gzip when a request has
	// no Accept-Encoding of its own. What it asks for itself it also decompresses.
	DisableCompression bool

	// AllowHTTP allows requests with the scheme "http", which are sent on the
	// connection that DialTLSContext returns: HTTP/2 without TLS, with prior
	// knowledge, if that is a plain connection.
	AllowHTTP bool

	// MaxHeaderListSize bounds the fields of a response
	// (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 §6.5.2), in bytes with 32 more for each
	// field. 0 means 10 MiB; 0xffffffff means that no limit is announced.
	MaxHeaderListSize uint32

	// MaxReadFrameSize is the largest frame payload, in bytes, that is read
	// (SETTINGS_MAX_FRAME_SIZE). It is brought into 16,384 to 16,777,215: 0 means
	// 16,384.
	MaxReadFrameSize uint32

	// MaxDecoderHeaderTableSize is the size in bytes of the table that servers
	// compress response fields with (SETTINGS_HEADER_TABLE_SIZE). 0 means 4,096.
	MaxDecoderHeaderTableSize uint32

	// MaxEncoderHeaderTableSize bounds, in bytes, the table that request fields are
	// compressed with; a server that asks for less gets less. 0 means 4,096.
	MaxEncoderHeaderTableSize uint32

	// StrictMaxConcurrentStreams makes a server's limit of concurrent streams hold for
	// all connections together: requests beyond it wait. Otherwise they are sent on
	// another connection.
	StrictMaxConcurrentStreams bool

	// IdleConnTimeout is how long a connection may be idle before it is closed. 0
	// means for ever.
	IdleConnTimeout time.Duration

	// ReadIdleTimeout is how long a server may be silent before it is sent a PING. 0
	// means that it never is.
	ReadIdleTimeout time.Duration

	// PingTimeout is how long a server may take to answer that PING before the
	// connection is closed. 0 means 15 seconds.
	PingTimeout time.Duration

	// WriteByteTimeout is how long a write may move nothing before the connection is
	// closed. 0 means for ever.
	WriteByteTimeout time.Duration

	// CountError is called with the name of each error, made of ASCII word characters:
	// a key for a metric. It must be safe to call concurrently.
	CountError func(errType string)

	// h1 is the net/http Transport that this one serves, if ConfigureTransports made
	// it. Its settings apply.
	h1 *http.Transport

	poolOnce sync.Once
	pool     ClientConnPool
}

const (
	defaultMaxResponseHeader = 10 << 20
	defaultUserAgent         = "Go-http-client/2.0"
)

// RoundTripOpt are options of Transport.RoundTripOpt.
type RoundTripOpt struct {
	// OnlyCachedConn has no effect, here or upstream.
	OnlyCachedConn bool

	allowHTTP bool // net/http has decided for unencrypted HTTP/2
}

// RoundTrip implements http.RoundTripper.
//
// A request that the server has certainly not processed (RFC 9113 §8.7:
// REFUSED_STREAM, or a stream above a GOAWAY's) is sent again: with a new body if
// there is a GetBody, or else with its own, if less than 64 KiB of that have been
// read. A stream that the server resets ends with a StreamError, a broken
// connection with a ConnectionError or a GoAwayError.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.RoundTripOpt(req, RoundTripOpt{})
}

// RoundTripOpt is RoundTrip with options.
func (t *Transport) RoundTripOpt(req *http.Request, opt RoundTripOpt) (*http.Response, error) {
	switch req.URL.Scheme {
	case "https":
	case "http":
		if !t.AllowHTTP && !opt.allowHTTP {
			closeBody(req)
			return nil, errors.New("http2: unencrypted HTTP/2 not enabled")
		}
	default:
		closeBody(req)
		return nil, errors.New("http2: unsupported scheme")
	}
	return t.roundTripOnPool(req)
}

// closeBody closes the body of a request that is not going to be sent, as
// http.RoundTripper demands.
func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// CloseIdleConnections closes the connections that no request is using.
func (t *Transport) CloseIdleConnections() {
	if p, ok := t.connPool().(interface{ closeIdle() }); ok {
		p.closeIdle()
	}
}

// NewClientConn makes a ClientConn of a connection to a server, on which nothing
// has been written or read. It does not belong to the Transport's pool.
func (t *Transport) NewClientConn(c net.Conn) (*ClientConn, error) {
	return t.newClientConn(c, t.disableKeepAlives(), nil)
}

func (t *Transport) connPool() ClientConnPool {
	t.poolOnce.Do(func() {
		t.pool = t.ConnPool
		if t.pool == nil {
			t.pool = newClientConnPool(t)
		}
	})
	return t.pool
}

func (t *Transport) disableKeepAlives() bool { return t.h1 != nil && t.h1.DisableKeepAlives }

func (t *Transport) disableCompression() bool {
	return t.DisableCompression || (t.h1 != nil && t.h1.DisableCompression)
}

func (t *Transport) idleConnTimeout() time.Duration {
	if t.IdleConnTimeout == 0 && t.h1 != nil {
		return t.h1.IdleConnTimeout
	}
	return t.IdleConnTimeout
}

func (t *Transport) expectContinueTimeout() time.Duration {
	if t.h1 == nil {
		return 0
	}
	return t.h1.ExpectContinueTimeout
}

func (t *Transport) responseHeaderTimeout() time.Duration {
	if t.h1 == nil {
		return 0
	}
	return t.h1.ResponseHeaderTimeout
}

func (t *Transport) count(errType string) {
	if t.CountError != nil {
		t.CountError(errType)
	}
}

func (t *Transport) vlogf(format string, args ...any) {
	if VerboseLogs {
		log.Printf(format, args...)
	}
}

// maxHeaderListSize is our SETTINGS_MAX_HEADER_LIST_SIZE; the largest value means
// that none is sent. As in a server's maxHeaderListSize, it is larger than
// net/http's limit by what RFC 9113 counts beside bytes.
func (t *Transport) maxHeaderListSize() uint32 {
	n := int64(t.MaxHeaderListSize)
	if t.h1 != nil && t.h1.MaxResponseHeaderBytes != 0 {
		n = t.h1.MaxResponseHeaderBytes
		if n > 0 {
			n += 10 * 32
		}
	}
	if n <= 0 {
		return defaultMaxResponseHeader
	}
	return uint32(min(n, math.MaxUint32))
}

// clientConfig is the configuration of a Transport's connection.
type clientConfig struct {
	strict           bool
	encoderTable     uint32
	readIdleTimeout  time.Duration
	pingTimeout      time.Duration
	writeByteTimeout time.Duration
	session          session.Config
}

// clientConfig puts together the Transport's fields and http.Transport.HTTP2's,
// which come first.
func (t *Transport) clientConfig() clientConfig {
	c := serverConfig{ // the same settings with the same ranges
		decoderTable:     t.MaxDecoderHeaderTableSize,
		encoderTable:     t.MaxEncoderHeaderTableSize,
		maxReadFrame:     min(max(t.MaxReadFrameSize, minMaxFrameSize), maxFrameSize),
		readIdleTimeout:  t.ReadIdleTimeout,
		pingTimeout:      t.PingTimeout,
		writeByteTimeout: t.WriteByteTimeout,
	}
	strict := t.StrictMaxConcurrentStreams
	if t.h1 != nil && t.h1.HTTP2 != nil {
		c.override(t.h1.HTTP2)
		strict = strict || t.h1.HTTP2.StrictMaxConcurrentRequests
	}
	c.setDefaults(session.Client)
	return clientConfig{
		strict:           strict,
		encoderTable:     c.encoderTable,
		readIdleTimeout:  c.readIdleTimeout,
		pingTimeout:      c.pingTimeout,
		writeByteTimeout: c.writeByteTimeout,
		session: session.Config{
			Role:              session.Client,
			InitialWindow:     c.streamWindow,
			MaxFrameSize:      c.maxReadFrame,
			MaxHeaderListSize: t.maxHeaderListSize(),
			HeaderTableSize:   c.decoderTable,
			ConnWindow:        c.connWindow,
			Growth:            c.growth,
			Policy:            sched.NewRoundRobin(),
		},
	}
}

// authorityAddr is the address to dial for an authority: with a port, and in ASCII.
// Every request asks for it.
func authorityAddr(scheme, authority string) string {
	host, port := authority, ""
	if strings.IndexByte(authority, ':') >= 0 {
		if h, p, err := net.SplitHostPort(authority); err == nil {
			host, port = h, p
		}
	}
	if port != "" && authority[0] != '[' && isASCII(host) {
		return authority // as it is
	}
	if port == "" {
		port = "443"
		if scheme == "http" {
			port = "80"
		}
	}
	if !isASCII(host) {
		if a, err := idna.Lookup.ToASCII(host); err == nil && a != "" {
			host = a
		}
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host + ":" + port // an IPv6 address without a port
	}
	return net.JoinHostPort(host, port)
}
