package http2

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/wire"
)

// serverConn is the server's side of a connection: it makes requests of field
// sections and runs their handlers. It implements conn.Server.
type serverConn struct {
	// Constant once the connection serves.
	srv     *Server
	hs      *http.Server
	handler http.Handler
	c       *conn.Conn
	sets    [2]*connSet // that this one belongs to, or nil
	ctx     connContext
	baseCtx context.Context    // &ctx
	cancel  context.CancelFunc // of ctx
	logf    func(format string, args ...any)
	count   func(string)

	maxValues int // see tooMany

	reader   message.RequestReader // the reader goroutine's
	priority clientPriority        // the reader goroutine's
	goodbye  bool                  // the reader goroutine's: the client has sent GOAWAY
}

// ServeConn serves HTTP/2 on c and returns when the connection has ended. Nothing
// may have been read from c, except what opts says. opts may be nil.
//
// If c has a ConnectionState method, like *tls.Conn, requests get its result as
// their TLS field, and connections with a TLS version or cipher suite that
// RFC 9113 §9.2 rules out are refused.
func (s *Server) ServeConn(c net.Conn, opts *ServeConnOpts) {
	// Thousands of connections wait here. Functions that need a large stack frame have
	// returned by then, so the stack stays at 4 KiB; with all of their code here it
	// took 8.
	if sc := s.newServerConn(c, opts); sc != nil {
		defer sc.removeFromSets()
		sc.serve()
	}
}

// newServerConn makes a connection of c, or rejects it and returns nil.
func (s *Server) newServerConn(c net.Conn, opts *ServeConnOpts) *serverConn {
	if opts == nil {
		opts = new(ServeConnOpts)
	}
	hs := opts.baseConfig()
	conf := newServerConfig(s, hs)
	ctx, cancel := context.WithCancel(opts.context())
	sc := &serverConn{
		srv:     s,
		hs:      hs,
		handler: opts.handler(),
		ctx:     connContext{ctx, c.LocalAddr(), hs},
		cancel:  cancel,
		logf:    logfTo(hs),
		count:   conf.countError,

		maxValues: maxHeaderValues(hs),
	}
	sc.baseCtx = &sc.ctx
	if hs.WriteTimeout > 0 {
		c.SetWriteDeadline(time.Time{}) // net/http's, of the handshake; ours is for each stream
	}
	if reason := sc.checkTLS(c, conf.anyCipher); reason != "" {
		sc.reject(c, wire.InadequateSecurity, reason)
		return nil
	}
	sc.reader.RemoteAddr = c.RemoteAddr().String()
	sc.reader.ExtendedConnect = extendedConnect
	sc.c = conn.NewServer(c, sc.options(c, &conf, opts), sc)
	if err := sc.upgrade(opts); err != nil {
		sc.reject(c, wire.ProtocolError, "invalid settings")
		return nil
	}
	sc.addToSets(opts)
	if VerboseLogs {
		sc.logf("http2: server connection from %v on %p", c.RemoteAddr(), sc.hs)
	}
	return sc
}

func (sc *serverConn) serve() { sc.logEnd(sc.c.Serve()) }

// addToSets adds the connection to the sets that it belongs to.
func (sc *serverConn) addToSets(opts *ServeConnOpts) {
	if opts.BaseConfig != nil {
		sc.sets[0] = connsOf(opts.BaseConfig)
	}
	if sc.srv.state != nil && sc.sets[0] != sc.srv.state.conns {
		sc.sets[1] = sc.srv.state.conns
	}
	for _, set := range sc.sets {
		if set != nil {
			set.add(sc)
		}
	}
}

// removeFromSets removes the connection from its sets, and cancels its context.
func (sc *serverConn) removeFromSets() {
	for _, set := range sc.sets {
		if set != nil {
			set.remove(sc)
		}
	}
	sc.cancel()
}

// checkTLS notes the connection's TLS state. It returns why RFC 9113 §9.2 rules
// that out, or "".
func (sc *serverConn) checkTLS(c net.Conn, anyCipher bool) string {
	t, ok := c.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return ""
	}
	state := t.ConnectionState()
	sc.reader.TLS = &state
	switch {
	case state.Version < tls.VersionTLS12:
		return "TLS version too low"
	case !anyCipher && prohibitedCipher(state.Version, state.CipherSuite):
		return fmt.Sprintf("Prohibited TLS 1.2 Cipher Suite: %x", state.CipherSuite)
	}
	return ""
}

// reject ends a connection before it serves anything.
func (sc *serverConn) reject(c net.Conn, code wire.ErrCode, debug string) {
	if VerboseLogs {
		sc.logf("http2: server rejecting conn: %v, %s", code, debug)
	}
	c.Write(wire.AppendGoAway(nil, 0, code, []byte(debug)))
	c.Close()
	sc.cancel()
}

// options puts conn's options together.
func (sc *serverConn) options(c net.Conn, conf *serverConfig, opts *ServeConnOpts) conn.Options {
	sess := conf.session(sc.hs)
	sc.chooseScheduler(&sess)
	return conn.Options{
		Session:             sess,
		SawPreface:          opts.SawClientPreface,
		MaxEncoderTableSize: conf.encoderTable,
		MaxHandlers:         int(min(conf.maxStreams, math.MaxInt32)),
		IdleTimeout:         sc.srv.IdleTimeout,
		ReadIdleTimeout:     conf.readIdleTimeout,
		PingTimeout:         conf.pingTimeout,
		WriteByteTimeout:    conf.writeByteTimeout,
		SettingsTimeout:     firstSettingsTimeout,
		SectionTimeout:      sc.hs.ReadHeaderTimeout,
		TellActivity:        sc.hs.ConnState != nil,
		Gathers:             gathers(c),
		ReadsApart:          readsApart(c),
		Log:                 sc.log(),
	}
}

// drain begins a graceful end: two GOAWAYs with a round trip between them, and the
// end of the connection once its streams have ended.
func (sc *serverConn) drain() { sc.c.Drain() }

func (sc *serverConn) setState(state http.ConnState) {
	if sc.hs.ConnState != nil {
		sc.hs.ConnState(sc.c.NetConn(), state)
	}
}

// upgrade begins with the request of an HTTP/1.1 upgrade, as stream 1.
func (sc *serverConn) upgrade(opts *ServeConnOpts) error {
	if opts.Settings != nil {
		if err := sc.c.ApplySettings(opts.Settings); err != nil {
			return err
		}
	}
	if opts.UpgradeRequest == nil {
		return nil
	}
	st := sc.newStream(false) // the content is in HTTP/1.1
	st.req = opts.UpgradeRequest.WithContext(&st.ctx)
	sc.c.AcceptUpgraded(&st.Stream, sc.priority.byDefault())
	return nil
}
