package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// serverConn is the server's side of a connection: it makes requests of field
// sections and runs their handlers. It implements conn.Side.
type serverConn struct {
	// Constant once the connection serves.
	srv     *Server
	hs      *http.Server
	handler http.Handler
	c       *conn.Conn
	sets    []*connSet // that this one belongs to
	baseCtx context.Context
	cancel  context.CancelFunc // of baseCtx
	logf    func(format string, args ...any)
	count   func(string)

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
	// Connections wait here by the thousand. What needs a large frame on the
	// stack is in functions that have returned by then, and the stack stays at
	// 4 KiB; with all of it here it took 8.
	if sc := s.newServerConn(c, opts); sc != nil {
		defer sc.leave()
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
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, c.LocalAddr())
	ctx = context.WithValue(ctx, http.ServerContextKey, hs)
	sc := &serverConn{
		srv:     s,
		hs:      hs,
		handler: opts.handler(),
		baseCtx: ctx,
		cancel:  cancel,
		logf:    logfTo(hs),
		count:   conf.countError,
	}
	if hs.WriteTimeout > 0 {
		c.SetWriteDeadline(time.Time{}) // net/http's, of the handshake; ours is for each stream
	}
	if reason := sc.checkTLS(c, conf.anyCipher); reason != "" {
		sc.reject(c, wire.InadequateSecurity, reason)
		return nil
	}
	sc.reader.RemoteAddr = c.RemoteAddr().String()
	sc.reader.ExtendedConnect = extendedConnect
	sc.c = conn.New(sc.options(c, &conf, opts))
	if err := sc.upgrade(opts); err != nil {
		sc.reject(c, wire.ProtocolError, "invalid settings")
		return nil
	}
	sc.join(opts)
	if VerboseLogs {
		sc.logf("http2: server connection from %v on %p", c.RemoteAddr(), sc.hs)
	}
	return sc
}

func (sc *serverConn) serve() { sc.logEnd(sc.c.Serve()) }

// logEnd logs why the connection ended. That a client says something else than
// HTTP/2 is news; that it goes away is not.
func (sc *serverConn) logEnd(err error) {
	remote := sc.c.NetConn().RemoteAddr()
	var preface *conn.PrefaceError
	switch {
	case errors.As(err, &preface):
		boring := errors.Is(err, conn.ErrPrefaceTimeout) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
		if VerboseLogs || !boring {
			sc.logf("http2: server: error reading preface from client %v: %v", remote, err)
		}
	case VerboseLogs:
		sc.logf("http2: server closing client connection; error reading frame from client %s: %v", remote, err)
	}
}

// join adds the connection to the sets that it belongs to.
func (sc *serverConn) join(opts *ServeConnOpts) {
	if opts.BaseConfig != nil {
		sc.sets = append(sc.sets, connsOf(opts.BaseConfig))
	}
	if sc.srv.state != nil && (len(sc.sets) == 0 || sc.sets[0] != sc.srv.state.conns) {
		sc.sets = append(sc.sets, sc.srv.state.conns)
	}
	for _, set := range sc.sets {
		set.add(sc)
	}
}

// leave ends what belongs to the connection.
func (sc *serverConn) leave() {
	for _, set := range sc.sets {
		set.remove(sc)
	}
	sc.cancel()
}

// checkTLS notes the connection's TLS, and returns why RFC 9113 §9.2 rules it out
// or "".
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

// reject ends a connection that never became one.
func (sc *serverConn) reject(c net.Conn, code wire.ErrCode, debug string) {
	if VerboseLogs {
		sc.logf("http2: server rejecting conn: %v, %s", code, debug)
	}
	c.Write(wire.AppendGoAway(nil, 0, code, []byte(debug)))
	c.Close()
	sc.cancel()
}

// gathers and readsApart are variables for tests, whose connections are in memory.
var (
	gathers    = conn.Gathers
	readsApart = conn.ReadsApart
)

// options puts the engine's options together.
func (sc *serverConn) options(c net.Conn, conf *serverConfig, opts *ServeConnOpts) conn.Options {
	sess := conf.session(sc.hs)
	sc.chooseScheduler(&sess)
	return conn.Options{
		NetConn:             c,
		Session:             sess,
		Side:                sc,
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

// log is what the engine tells us.
func (sc *serverConn) log() conn.Log {
	l := conn.Log{Name: "server", Printf: sc.logf, Count: sc.countError}
	if VerboseLogs {
		l.Verbose = sc.logf
		l.Read = func(h wire.Header, p []byte) {
			line := summarize(h, p)
			if logFrameReads {
				sc.logf("http2: Framer %p: read %v", sc.c, line)
			}
			sc.logf("http2: server read frame %v", line)
		}
	}
	if VerboseLogs {
		l.Encoding = func(f hpack.HeaderField) { sc.logf("http2: server encoding header %q = %q", f.Name, f.Value) }
	}
	if logFrameReads {
		l.Decoded = func(f hpack.HeaderField) { sc.logf("http2: decoded hpack field %+v", f) }
	}
	if logFrameWrites {
		l.Wrote = func(h wire.Header, p []byte) {
			sc.logf("http2: Framer %p: wrote %v", sc.c, summarize(h, p))
		}
	}
	return l
}

// countError tells CountError of an error, by upstream's names.
func (sc *serverConn) countError(err error) {
	if sc.count == nil {
		return
	}
	switch e := err.(type) {
	case *wire.ConnError:
		if strings.HasPrefix(e.Count, "frame_") {
			sc.count(e.Count)
		} else {
			sc.count(countName("conn", ErrCode(e.Code), e.Count))
		}
	case *wire.StreamError:
		if strings.HasPrefix(e.Count, "frame_") {
			sc.count(e.Count)
		} else {
			sc.count(countName("stream", ErrCode(e.Code), e.Count))
		}
	default:
		if errors.Is(err, conn.ErrPingTimeout) {
			sc.count("conn_close_lost_ping")
		}
	}
}

// drain begins a graceful end: two GOAWAYs with a round trip between them, and the end
// of the connection once its streams have been finished.
func (sc *serverConn) drain() { sc.c.Drain() }

// Ready implements conn.Side: the client has greeted us. http.Server tracks the
// connection as new until then.
func (sc *serverConn) Ready() {
	sc.setState(http.StateActive)
	sc.setState(http.StateIdle)
}

// Settings implements conn.Side.
func (sc *serverConn) Settings() {}

// CaughtUp implements conn.Side: handlers have been dispatched, and read for
// themselves.
func (sc *serverConn) CaughtUp() {}

// PingAcked implements conn.Side.
func (sc *serverConn) PingAcked([8]byte) {}

// maxLoggedDebug is how many bytes of a GOAWAY's debug data are logged. A client
// chooses them, and may send as many as a frame holds.
const maxLoggedDebug = 256

// GoAway implements conn.Side: a client that says goodbye gets what is open, and
// then the end.
func (sc *serverConn) GoAway(f wire.GoAwayFrame) {
	if (f.Code != wire.NoError && !sc.goodbye) || VerboseLogs {
		sc.logf("http2: received GOAWAY LastStreamID=%d ErrCode=%v Debug=%.*q, starting graceful shutdown", f.LastStreamID, f.Code, maxLoggedDebug, f.Debug)
	}
	sc.goodbye = true
	sc.c.GoAway(wire.NoError, "") // it opens no more streams, so nothing is on its way
}

// Active implements conn.Side.
func (sc *serverConn) Active(active bool) {
	if active {
		sc.setState(http.StateActive)
	} else {
		sc.setState(http.StateIdle)
	}
}

func (sc *serverConn) setState(state http.ConnState) {
	if sc.hs.ConnState != nil {
		sc.hs.ConnState(sc.c.NetConn(), state)
	}
}

// Open implements conn.Side: a new request.
func (sc *serverConn) Open(f conn.Fields) error {
	st := sc.newStream(!f.EndStream)
	declared, err := st.accept(f)
	if err != nil {
		return sc.refuse(f.StreamID, err)
	}
	prio := sc.priority.ofRequest(f.List)

	sc.c.Lock()
	ok, err := sc.c.Session().Accept(&st.Stream.Stream, f.StreamID, f.EndStream, declared, prio)
	if ok {
		sc.startTimers(st)
		if f.HasPriority {
			sc.c.Session().RecvPriority(f.StreamID, f.Priority)
		}
		sc.c.Dispatch(&st.Stream)
	}
	sc.c.UnlockQuietly()
	if !ok {
		st.release()
	}
	if !ok && err == nil {
		return sc.ignored()
	}
	return err
}

// ignored is a request on a stream that our GOAWAY has us ignore. A client may
// have sent a few before it arrived.
func (sc *serverConn) ignored() error {
	sc.c.Lock()
	defer sc.c.UnlockQuietly()
	return sc.c.Session().IdleFrame(time.Now())
}

// refuse is a request that is malformed, unless it would be ignored anyway.
func (sc *serverConn) refuse(id uint32, err error) error {
	sc.c.Lock()
	ok := sc.c.Session().Refuse(id)
	sc.c.UnlockQuietly()
	if !ok {
		return sc.ignored()
	}
	return err
}

// Section implements conn.Side: a request's trailers.
func (sc *serverConn) Section(cs *conn.Stream, f conn.Fields) error {
	st := cs.Side.(*serverStream)
	switch {
	case f.TooLarge:
		return wire.Stream(f.StreamID, wire.ProtocolError, "header_list_too_large", "trailers larger than advertised limit")
	case st.connect:
		return fieldsInTunnel(f.StreamID)
	}
	trailers, err := sc.reader.ReadTrailers(f.StreamID, f.List, st.declaredTrailers)
	if err != nil {
		return err
	}
	sc.c.Lock()
	defer sc.c.UnlockQuietly()
	if err := sc.c.Session().RecvEnd(&st.Stream.Stream); err != nil {
		return err
	}
	// Before the lock is gone, and with it perhaps the stream.
	st.Body.End(io.EOF, func() {
		// Where net/http says that they appear: before Read returns io.EOF.
		for k, v := range trailers {
			st.req.Trailer[k] = v
		}
	})
	return nil
}

// fieldsInTunnel is the error for a second field section on a stream that CONNECT
// opened (RFC 9113 §8.5): only DATA is tunnelled.
func fieldsInTunnel(id uint32) error {
	return wire.Stream(id, wire.ProtocolError, "headers_in_tunnel", "HEADERS on a stream that is a tunnel")
}

// PriorityUpdate implements conn.Side (RFC 9218 §7.1).
func (sc *serverConn) PriorityUpdate(id uint32, field string) error {
	sc.priority.aware = true
	p, ok := sc.priority.parse(field)
	if !ok && sc.isIdle(id) {
		return nil // it is advice, and there is no stream to reset
	}
	if !ok {
		return wire.Stream(id, wire.ProtocolError, "unparsable_priority_update", "PRIORITY_UPDATE with %q", field)
	}
	if sc.priority.followed {
		sc.c.Lock()
		sc.c.Session().RecvPriorityUpdate(id, p)
		sc.c.UnlockQuietly()
	}
	return nil
}

func (sc *serverConn) isIdle(id uint32) bool {
	sc.c.Lock()
	defer sc.c.UnlockQuietly()
	return sc.c.Session().Idle(id)
}

// Closed implements conn.Side.
func (sc *serverConn) Closed(cs *conn.Stream) {
	st := cs.Side.(*serverStream)
	st.Body.End(st.closeErr(), nil)
	st.release()
	st.w.notifyClosed()
}

// upgrade begins with the request of an HTTP/1.1 upgrade, as stream 1.
func (sc *serverConn) upgrade(opts *ServeConnOpts) error {
	sess := sc.c.Session()
	if opts.Settings != nil {
		f, err := wire.ParseSettings(wire.Header{Type: wire.Settings, Length: uint32(len(opts.Settings))}, opts.Settings)
		if err != nil {
			return err
		}
		for i := range f.Len() {
			if err := sess.ApplySetting(f.At(i)); err != nil {
				return err
			}
		}
	}
	if opts.UpgradeRequest == nil {
		return nil
	}
	st := sc.newStream(false) // the content is in HTTP/1.1
	st.req = opts.UpgradeRequest.WithContext(&st.ctx)
	sc.c.Lock()
	sess.AcceptUpgraded(&st.Stream.Stream, sc.priority.byDefault())
	sc.startTimers(st)
	sc.c.Dispatch(&st.Stream)
	sc.c.UnlockQuietly()
	return nil
}

// errDeadline is what a stream that ran into its write deadline ends with.
var errDeadline = os.ErrDeadlineExceeded

// clientPriority is what a connection knows of RFC 9218.
type clientPriority struct {
	followed     bool // the scheduler goes by it
	aware        bool // the client has sent a priority
	intermediary bool // a proxy is in between
}

// byDefault is the priority of a stream that asks for none. Until a client has
// shown that it knows priorities its streams take turns, as they did before
// there were any; and so do those that come through a proxy, which may belong to
// several clients.
func (p *clientPriority) byDefault() sched.Priority {
	return sched.Priority{Urgency: sched.DefaultUrgency, Incremental: !p.aware || p.intermediary}
}

// parse is the priority that a field value asks for.
func (p *clientPriority) parse(field string) (sched.Priority, bool) {
	urgency, incremental, ok := sched.ParseRFC9218(field)
	if !ok {
		return p.byDefault(), false
	}
	return sched.Priority{Urgency: urgency, Incremental: incremental}, true
}

// ofRequest is the priority that a request asks for.
func (p *clientPriority) ofRequest(fields fieldList) sched.Priority {
	if !p.followed || p.intermediary {
		return p.byDefault()
	}
	field, asked := "", false
	for i := range fields {
		switch fields[i].Name {
		case "priority":
			field, asked, p.aware = fields[i].Value, true, true
		case "via", "forwarded", "x-forwarded-for":
			p.intermediary = true
		}
	}
	if !asked || p.intermediary {
		return p.byDefault()
	}
	prio, _ := p.parse(field)
	return prio
}
