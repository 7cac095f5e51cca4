package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"
)

// Server is an HTTP/2 server. Its zero value is ready to use. Fields may not be
// changed once it serves.
//
// A field of http.Server.HTTP2 that is set overrides the one of the same meaning
// here.
type Server struct {
	// MaxHandlers has no effect, here or upstream. What bounds handlers is
	// MaxConcurrentStreams.
	MaxHandlers int

	// MaxConcurrentStreams is how many streams a client may have open at a time
	// (SETTINGS_MAX_CONCURRENT_STREAMS, RFC 9113 §5.1.2). As many handlers run at once
	// on a connection at most; requests beyond that, which a client can cause by
	// resetting streams, wait. 0 means 250.
	//
	// A request takes up to four times http.Server.MaxHeaderBytes of memory, its
	// Header and what a handler keeps of it included, besides some KiB for the stream.
	// As many requests may wait as handlers run, so a connection takes eight times
	// MaxHeaderBytes × MaxConcurrentStreams at most.
	MaxConcurrentStreams uint32

	// MaxDecoderHeaderTableSize is the size in bytes of the table that clients
	// compress request fields with (SETTINGS_HEADER_TABLE_SIZE). 0 means 4,096.
	MaxDecoderHeaderTableSize uint32

	// MaxEncoderHeaderTableSize bounds, in bytes, the table that response fields are
	// compressed with; a client that asks for less gets less. 0 means 4,096.
	MaxEncoderHeaderTableSize uint32

	// MaxReadFrameSize is the largest frame payload, in bytes, that is read
	// (SETTINGS_MAX_FRAME_SIZE): 16,384 to 16,777,215. Anything else means 1 MiB.
	MaxReadFrameSize uint32

	// PermitProhibitedCipherSuites allows TLS 1.2 cipher suites that RFC 9113 Appendix
	// A prohibits.
	PermitProhibitedCipherSuites bool

	// IdleTimeout is how long a connection may have no open stream before it is ended
	// with GOAWAY. PING frames do not prolong it. 0 or less means for ever;
	// ConfigureServer fills it in from the http.Server if it is 0.
	IdleTimeout time.Duration

	// ReadIdleTimeout is how long a client may be silent before it is sent a PING. 0
	// means that it never is.
	ReadIdleTimeout time.Duration

	// PingTimeout is how long a client may take to answer that PING before the
	// connection is closed. 0 means 15 seconds.
	PingTimeout time.Duration

	// WriteByteTimeout is how long a write may move nothing before the connection is
	// closed. 0 or less means for ever.
	WriteByteTimeout time.Duration

	// MaxUploadBufferPerConnection is the connection's receive window in bytes
	// (RFC 9113 §6.9): what a client may have sent that handlers have not read. It is
	// a hard limit, for each stream too. Requests whose handlers do not read can use
	// it up, and so hold up the others.
	//
	// With a value below 65,535, such as 0, the window grows with what is read. It
	// begins with 1 MiB and grows up to 16 MiB while handlers keep up with a client;
	// besides, it makes up for up to 32 MiB that lie unread. All connections of the
	// process together take 1 GiB for that at most; once that is used up, each has
	// 1 MiB.
	MaxUploadBufferPerConnection int32

	// MaxUploadBufferPerStream is each stream's receive window in bytes
	// (SETTINGS_INITIAL_WINDOW_SIZE). It is a hard limit. 0 or less means that the
	// window grows with what is read: it begins with 128 KiB and doubles, up to 16 MiB,
	// while the handler keeps up and the window is what limits the client.
	MaxUploadBufferPerStream int32

	// NewWriteScheduler makes the scheduler of a new connection. If it is nil,
	// RFC 9218's priorities are followed for clients that send them, and streams take
	// turns otherwise.
	NewWriteScheduler func() WriteScheduler

	// CountError is called with the name of each protocol error, such as
	// "conn_PROTOCOL_ERROR_reset_idle_stream", made of ASCII word characters: a key
	// for a metric. It must be safe to call concurrently.
	CountError func(errType string)

	// state is set by ConfigureServer. A pointer, so that Servers may be copied.
	state *serverState
}

// serverState is what ConfigureServer adds to a Server.
type serverState struct {
	conns *connSet // those that a shutdown of the configured http.Server ends
}

// extendedConnect is whether servers offer extended CONNECT (RFC 8441). It is off
// unless asked for with GODEBUG=http2xconnect=1, as upstream has it: browsers that
// see the offer use WebSockets over HTTP/2, which most handlers don't expect
// (golang/go#71128).
var extendedConnect = godebugSet("http2xconnect", "1")

// ConfigureServer makes s serve HTTP/2 with conf, which may be nil for the
// defaults: over TLS (ALPN "h2"), and without if s.Protocols has unencrypted
// HTTP/2. It must be called before s begins to serve.
//
// s.Shutdown sends GOAWAY on the connections and waits until their streams have
// ended. The error says that s.TLSConfig lacks a cipher suite that HTTP/2 requires
// (RFC 9113 §9.2.2).
func ConfigureServer(s *http.Server, conf *Server) error {
	if s == nil {
		panic("nil *http.Server")
	}
	if conf == nil {
		conf = new(Server)
	}
	conf.state = &serverState{conns: connsOf(s)}
	if conf.IdleTimeout == 0 {
		conf.IdleTimeout = s.IdleTimeout
		if conf.IdleTimeout == 0 {
			conf.IdleTimeout = s.ReadTimeout
		}
	}
	if err := configureTLS(s); err != nil {
		return err
	}
	if s.TLSNextProto == nil {
		s.TLSNextProto = make(map[string]func(*http.Server, *tls.Conn, http.Handler))
	}
	s.TLSNextProto[NextProtoTLS] = func(hs *http.Server, c *tls.Conn, h http.Handler) {
		conf.serveHandedOver(hs, c, h, false)
	}
	s.TLSNextProto[nextProtoUnencrypted] = func(hs *http.Server, c *tls.Conn, h http.Handler) {
		nc, err := unencryptedConn(c)
		if err != nil {
			logfTo(hs)("%v", err)
			c.Close()
			return
		}
		conf.serveHandedOver(hs, nc, h, true)
	}
	return nil
}

// configureTLS makes s offer HTTP/2 in ALPN.
func configureTLS(s *http.Server) error {
	if s.TLSConfig == nil {
		s.TLSConfig = new(tls.Config)
	}
	t := s.TLSConfig
	if t.CipherSuites != nil && t.MinVersion < tls.VersionTLS13 && !slices.ContainsFunc(t.CipherSuites, requiredCipher) {
		return errors.New("http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)")
	}
	for _, proto := range []string{NextProtoTLS, "http/1.1"} {
		if !slices.Contains(t.NextProtos, proto) {
			t.NextProtos = append(t.NextProtos, proto)
		}
	}
	return nil
}

// nextProtoUnencrypted is the key of http.Server.TLSNextProto for connections that
// began with HTTP/2's preface instead of TLS. net/http has read the preface and
// hides the connection in a *tls.Conn that has no other use.
const nextProtoUnencrypted = "unencrypted_http2"

func unencryptedConn(c *tls.Conn) (net.Conn, error) {
	u, ok := c.NetConn().(interface{ UnencryptedNetConn() net.Conn })
	if !ok {
		return nil, errors.New("http2: TLS conn unexpectedly found in unencrypted handoff")
	}
	return u.UnencryptedNetConn(), nil
}

// serveHandedOver serves a connection that net/http accepted. Its handler carries
// the connection's context.
func (s *Server) serveHandedOver(hs *http.Server, c net.Conn, h http.Handler, sawPreface bool) {
	c.SetReadDeadline(time.Time{}) // net/http's, of the first request's header (golang/go#80876)
	opts := &ServeConnOpts{BaseConfig: hs, Handler: h, SawClientPreface: sawPreface}
	if b, ok := h.(interface{ BaseContext() context.Context }); ok {
		opts.Context = b.BaseContext()
	}
	s.ServeConn(c, opts)
}
