package http2

import (
	"math"
	"net/http"
	"time"

	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

const (
	// defaultMaxStreams is how many requests a client may have open at once. It also
	// bounds the handlers that run and the requests that wait for one (CVE-2023-44487,
	// Rapid Reset).
	defaultMaxStreams = 250

	defaultMaxReadFrameSize = 1 << 20
	defaultPingTimeout      = 15 * time.Second

	// firstSettingsTimeout is how long a client's SETTINGS may take after its preface.
	// A client that sends nothing more would otherwise keep the connection for ever.
	firstSettingsTimeout = 2 * time.Second

	minMaxFrameSize = wire.DefaultMaxFrameSize
	maxFrameSize    = wire.MaxMaxFrameSize
)

// serverConfig is the configuration of a Server's connection: the Server's fields,
// overridden by http.Server.HTTP2, with everything out of range defaulted.
type serverConfig struct {
	maxStreams       uint32
	decoderTable     uint32
	encoderTable     uint32
	maxReadFrame     uint32
	connWindow       int32
	streamWindow     int32
	growth           session.Growth
	readIdleTimeout  time.Duration
	pingTimeout      time.Duration
	writeByteTimeout time.Duration
	anyCipher        bool
	countError       func(string)
}

func newServerConfig(s *Server, hs *http.Server) serverConfig {
	c := serverConfig{
		maxStreams:       s.MaxConcurrentStreams,
		decoderTable:     s.MaxDecoderHeaderTableSize,
		encoderTable:     s.MaxEncoderHeaderTableSize,
		maxReadFrame:     s.MaxReadFrameSize,
		connWindow:       s.MaxUploadBufferPerConnection,
		streamWindow:     s.MaxUploadBufferPerStream,
		readIdleTimeout:  s.ReadIdleTimeout,
		pingTimeout:      s.PingTimeout,
		writeByteTimeout: s.WriteByteTimeout,
		anyCipher:        s.PermitProhibitedCipherSuites,
		countError:       s.CountError,
	}
	if hs.HTTP2 != nil {
		c.override(hs.HTTP2)
	}
	c.setDefaults(session.Server)
	return c
}

// override applies the fields that are set in h.
func (c *serverConfig) override(h *http.HTTP2Config) {
	set(&c.maxStreams, uint32(h.MaxConcurrentStreams))
	set(&c.decoderTable, uint32(h.MaxDecoderHeaderTableSize))
	set(&c.encoderTable, uint32(h.MaxEncoderHeaderTableSize))
	set(&c.maxReadFrame, uint32(h.MaxReadFrameSize))
	set(&c.connWindow, int32(h.MaxReceiveBufferPerConnection))
	set(&c.streamWindow, int32(h.MaxReceiveBufferPerStream))
	set(&c.readIdleTimeout, h.SendPingTimeout)
	set(&c.pingTimeout, h.PingTimeout)
	set(&c.writeByteTimeout, h.WriteByteTimeout)
	set(&c.anyCipher, h.PermitProhibitedCipherSuites)
	if h.CountError != nil {
		c.countError = h.CountError
	}
}

func (c *serverConfig) setDefaults(role session.Role) {
	within(&c.maxStreams, 1, math.MaxUint32, defaultMaxStreams)
	within(&c.decoderTable, 1, math.MaxUint32, wire.DefaultHeaderTableSize)
	within(&c.encoderTable, 1, math.MaxUint32, wire.DefaultHeaderTableSize)
	within(&c.maxReadFrame, minMaxFrameSize, maxFrameSize, defaultMaxReadFrameSize)
	c.setWindows(role)
	within(&c.pingTimeout, 1, math.MaxInt64, defaultPingTimeout)
}

// maxHeaderListSize is our SETTINGS_MAX_HEADER_LIST_SIZE. http.Server's
// MaxHeaderBytes counts bytes; RFC 9113 §6.5.2 counts 32 more for each field, so
// the limit is larger by ten times that, as in upstream.
func maxHeaderListSize(hs *http.Server) uint32 {
	n := hs.MaxHeaderBytes
	if n <= 0 {
		n = http.DefaultMaxHeaderBytes
	}
	return uint32(min(int64(n)+10*32, math.MaxUint32))
}

// session is the part of the configuration for the session.
func (c *serverConfig) session(hs *http.Server) session.Config {
	return session.Config{
		Role:                 session.Server,
		MaxConcurrentStreams: c.maxStreams,
		InitialWindow:        c.streamWindow,
		MaxFrameSize:         c.maxReadFrame,
		MaxHeaderListSize:    maxHeaderListSize(hs),
		HeaderTableSize:      c.decoderTable,
		ExtendedConnect:      extendedConnect,
		ConnWindow:           c.connWindow,
		Growth:               c.growth,
	}
}
