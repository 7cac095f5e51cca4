package http2

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// ClientConn is a connection to an HTTP/2 server. It is an http.RoundTripper.
type ClientConn struct {
	// Constant.
	t            *Transport
	c            *conn.Conn
	nc           net.Conn
	tls          *tls.ConnectionState
	conf         clientConfig
	singleUse    bool
	stateChanged func() // net/http's, or nil

	used        atomic.Bool   // a request has been sent over it by a pool
	fromNetHTTP atomic.Bool   // net/http dialled it and has told the trace
	settled     chan struct{} // closed by the reader when SETTINGS have arrived, or never will
	over        chan struct{} // closed when the connection has ended

	reader  message.ResponseReader // the reader goroutine's
	greeted bool                   // the reader goroutine's: settled is closed

	// Guarded by the connection's lock.
	reserved   int  // requests that have been promised a stream
	doNotReuse bool // no more requests after those there are
	closing    bool // Shutdown has begun
	closed     bool
	idleClosed bool // closed for being idle
	goAwayErr  *GoAwayError
	lastActive time.Time // the last time that a stream opened or closed
	lastIdle   time.Time // since when there is no stream; zero while there is
	idleTimer  *time.Timer
	idleWaits  []chan struct{}           // closed when there is no stream
	pings      map[[8]byte]chan struct{} // closed when acknowledged
	resets     unconfirmedResets
}

// newClientConn starts HTTP/2 on c.
func (t *Transport) newClientConn(c net.Conn, singleUse bool, stateChanged func()) (*ClientConn, error) {
	cc := &ClientConn{
		t:            t,
		nc:           c,
		conf:         t.clientConfig(),
		singleUse:    singleUse,
		stateChanged: stateChanged,
		settled:      make(chan struct{}),
		over:         make(chan struct{}),
		pings:        make(map[[8]byte]chan struct{}),
		lastActive:   time.Now(),
	}
	if s, ok := c.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := s.ConnectionState()
		cc.tls = &state
	}
	if VerboseLogs {
		t.vlogf("http2: Transport creating client conn %p to %v", cc, c.RemoteAddr())
	}
	cc.c = conn.New(conn.Options{
		NetConn:             c,
		Session:             cc.conf.session,
		Side:                (*clientSide)(cc),
		SawPreface:          true, // a server has none
		MaxEncoderTableSize: cc.conf.encoderTable,
		MaxHandlers:         1,
		ReadIdleTimeout:     cc.conf.readIdleTimeout,
		PingTimeout:         cc.conf.pingTimeout,
		WriteByteTimeout:    cc.conf.writeByteTimeout,
		EndError:            cc.endError,
		TellActivity:        true,
		Log:                 cc.log(),
	})
	if d := t.idleConnTimeout(); d > 0 {
		cc.idleTimer = time.AfterFunc(d, cc.closeIfIdle)
	}
	go cc.serve()
	return cc, nil
}

// log is what the engine tells us.
func (cc *ClientConn) log() conn.Log {
	l := conn.Log{Name: "Transport", Count: cc.countError}
	if VerboseLogs {
		l.Printf, l.Verbose = log.Printf, log.Printf
		l.Read = func(h wire.Header, p []byte) {
			line := summarize(h, p)
			if logFrameReads {
				log.Printf("http2: Framer %p: read %v", cc.c, line)
			}
			log.Printf("http2: Transport received %s", line)
		}
	}
	if logFrameReads {
		l.Decoded = func(f hpack.HeaderField) { log.Printf("http2: decoded hpack field %+v", f) }
	}
	if logFrameWrites {
		l.Wrote = func(h wire.Header, p []byte) {
			log.Printf("http2: Framer %p: wrote %v", cc.c, summarize(h, p))
		}
	}
	return l
}

// countError tells CountError of an error, by upstream's names.
func (cc *ClientConn) countError(err error) {
	var ce *wire.ConnError
	switch {
	case errors.Is(err, conn.ErrPingTimeout):
		cc.t.count("conn_close_lost_ping")
	case errors.As(err, &ce):
		cc.t.count("read_frame_conn_error_" + ErrCode(ce.Code).String())
	}
}

var errClientConnLost = errors.New("http2: client connection lost")

// endError is what streams are told when the connection ends with err. The
// connection is locked.
func (cc *ClientConn) endError(err error) error {
	cc.closed = true
	var op *net.OpError
	switch {
	case cc.goAwayErr != nil && (err == io.EOF || (errors.As(err, &op) && op.Op == "read")):
		return *cc.goAwayErr
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case errors.Is(err, conn.ErrPingTimeout):
		return errClientConnLost
	}
	return publicError(err)
}

// serve is the reader goroutine.
func (cc *ClientConn) serve() {
	err := cc.c.Serve()
	cc.settle()
	cc.c.Lock()
	if cc.idleTimer != nil {
		cc.idleTimer.Stop()
	}
	cc.wakeIdleWaits()
	unused := cc.unusedGrace()
	cc.c.UnlockQuietly()
	close(cc.over)
	cc.countEnd(err)
	cc.t.vlogf("http2: Transport readFrame error on conn %p: (%T) %v", cc, err, err)
	if unused > 0 {
		time.AfterFunc(unused, cc.markDead)
	} else {
		cc.markDead()
	}
	cc.noteState()
}

// countEnd tells CountError how reading ended.
func (cc *ClientConn) countEnd(err error) {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		cc.t.count("read_frame_eof")
	case errors.Is(err, errClientConnLost), errors.As(err, new(ConnectionError)), errors.Is(err, net.ErrClosed):
	default:
		cc.t.count("read_frame_other")
	}
}

// maxUnusedGrace is how long a connection that failed before its first request
// stays in the pool. The request that it was made for gets to see the error;
// otherwise connections that fail at once would be made for ever, in silence.
const maxUnusedGrace = 5 * time.Second

// unusedGrace is for how much longer the connection is to stay in the pool. It is
// locked.
func (cc *ClientConn) unusedGrace() time.Duration {
	if cc.used.Load() || cc.idleClosed {
		return 0
	}
	grace := maxUnusedGrace
	if d := cc.t.idleConnTimeout(); d > 0 {
		grace = min(grace, d)
	}
	return grace - time.Since(cc.lastActive)
}

func (cc *ClientConn) markDead() { cc.t.connPool().MarkDead(cc) }

func (cc *ClientConn) noteState() {
	if cc.stateChanged != nil {
		cc.stateChanged()
	}
}

// settle says that SETTINGS have arrived or that they never will.
func (cc *ClientConn) settle() {
	if !cc.greeted {
		cc.greeted = true
		close(cc.settled)
	}
}

// usable reports whether the connection takes another request, limits aside. It
// is locked.
func (cc *ClientConn) usable() bool {
	sess := cc.c.Session()
	queued, _, _ := sess.GoAwayState()
	return !cc.closed && !cc.closing && !cc.doNotReuse && cc.goAwayErr == nil && !queued && !cc.idleTooLong() &&
		!(cc.singleUse && cc.started() > 0) &&
		cc.started() < math.MaxInt32/2
}

// started is how many requests have been sent or wait to be. The connection is
// locked.
func (cc *ClientConn) started() int {
	return cc.c.Session().Opened() + cc.c.Session().Waiting()
}

// idleTooLong reports whether the connection has been idle for longer than it may
// be, by the wall clock: a timer does not run while a laptop sleeps.
func (cc *ClientConn) idleTooLong() bool {
	d := cc.t.idleConnTimeout()
	return d > 0 && !cc.lastIdle.IsZero() && time.Since(cc.lastIdle.Round(0)) > d
}

// inUse is how many of the streams that the server allows are taken. The
// connection is locked.
func (cc *ClientConn) inUse() int {
	return cc.c.Session().OpenStreams() + cc.reserved + cc.resets.unconfirmed
}

func (cc *ClientConn) hasRoom() bool {
	return cc.inUse() < int(cc.c.Session().PeerMaxConcurrentStreams())
}

// canTake reports whether the connection takes another request. It is locked.
func (cc *ClientConn) canTake() bool {
	if cc.closed && !cc.idleClosed && cc.started() == 0 && cc.reserved == 0 {
		return true // it takes one, to tell what is wrong with it
	}
	return cc.usable() && (cc.conf.strict || cc.hasRoom())
}

// CanTakeNewRequest reports whether the connection takes another request now: it
// is open, has neither sent nor received GOAWAY, and the server allows another
// stream.
//
// A caller that is about to send one had better use ReserveNewRequest.
func (cc *ClientConn) CanTakeNewRequest() bool {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	return cc.canTake()
}

// ReserveNewRequest is CanTakeNewRequest, and keeps a stream for the request. The
// next RoundTrip takes it.
func (cc *ClientConn) ReserveNewRequest() bool {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	if !cc.canTake() {
		return false
	}
	cc.reserved++
	return true
}

// reserveWithinLimit is ReserveNewRequest for net/http, which does not want
// requests to wait.
func (cc *ClientConn) reserveWithinLimit() error {
	defer cc.noteState()
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	if !cc.usable() || !cc.hasRoom() {
		return errors.New("connection is unavailable")
	}
	cc.reserved++
	return nil
}

// release gives a reservation back.
func (cc *ClientConn) release() {
	cc.c.Lock()
	cc.unreserve()
	cc.c.UnlockQuietly()
	cc.noteState()
}

// unreserve takes a reservation, if there is one. The connection is locked.
func (cc *ClientConn) unreserve() {
	if cc.reserved > 0 {
		cc.reserved--
	}
}

func (cc *ClientConn) available() int {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	if !cc.canTake() {
		return 0
	}
	return max(0, int(cc.c.Session().PeerMaxConcurrentStreams())-cc.inUse())
}

func (cc *ClientConn) inFlight() int {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	return cc.inUse()
}

func (cc *ClientConn) endErr() error {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	if cc.closed {
		return errors.New("connection closed")
	}
	return nil
}

// SetDoNotReuse keeps the connection from being used for further requests.
func (cc *ClientConn) SetDoNotReuse() {
	cc.c.Lock()
	cc.doNotReuse = true
	cc.c.UnlockQuietly()
}

// ClientConnState is a snapshot of a ClientConn.
type ClientConnState struct {
	// Closed is whether the connection is closed.
	Closed bool

	// Closing is whether it takes no more requests, because it is being shut
	// down, was for a single request, is marked with SetDoNotReuse, or got
	// GOAWAY.
	Closing bool

	// StreamsActive is how many streams are open.
	StreamsActive int

	// StreamsReserved is how many streams ReserveNewRequest keeps for requests.
	StreamsReserved int

	// StreamsPending is how many requests wait for the server's limit of
	// concurrent streams.
	StreamsPending int

	// MaxConcurrentStreams is that limit, 0 before the server's SETTINGS.
	MaxConcurrentStreams uint32

	// LastIdle is when the last stream closed, zero while one is open and before
	// the first.
	LastIdle time.Time
}

// State returns a snapshot of the connection's state.
func (cc *ClientConn) State() ClientConnState {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	sess := cc.c.Session()
	st := ClientConnState{
		Closed:          cc.closed,
		Closing:         cc.closing || cc.singleUse || cc.doNotReuse || cc.goAwayErr != nil,
		StreamsActive:   sess.OpenStreams() - sess.Waiting() + cc.resets.unconfirmed,
		StreamsReserved: cc.reserved,
		StreamsPending:  sess.Waiting(),
		LastIdle:        cc.lastIdle,
	}
	if sess.SeenSettings() {
		st.MaxConcurrentStreams = sess.PeerMaxConcurrentStreams()
	}
	return st
}

// Ping sends a PING and waits for its acknowledgement, for ctx or for the end of
// the connection.
func (cc *ClientConn) Ping(ctx context.Context) error {
	acked := make(chan struct{})
	var data [8]byte
	cc.c.Lock()
	for taken := true; taken; _, taken = cc.pings[data] {
		rand.Read(data[:])
	}
	cc.pings[data] = acked
	cc.c.Session().Ping(data)
	cc.c.Unlock()
	defer func() {
		cc.c.Lock()
		delete(cc.pings, data)
		cc.c.UnlockQuietly()
	}()
	select {
	case <-acked:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-cc.over:
		cc.c.Lock()
		defer cc.c.UnlockQuietly()
		return cc.c.Dead()
	}
}

// Shutdown ends the connection gracefully: it takes no more requests, and is
// closed when those there are have been answered, or stays open if ctx ends
// first.
func (cc *ClientConn) Shutdown(ctx context.Context) error {
	cc.c.Lock()
	cc.closing = true
	cc.c.Session().GoAway(wire.NoError, "")
	idle := make(chan struct{})
	cc.idleWaits = append(cc.idleWaits, idle)
	if cc.c.Session().OpenStreams() == 0 || cc.closed {
		cc.wakeIdleWaits()
	}
	cc.c.Unlock()
	select {
	case <-idle:
		cc.c.Fail(errClientConnClosed)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wakeIdleWaits tells who waits that no stream is open. The connection is locked.
func (cc *ClientConn) wakeIdleWaits() {
	for _, ch := range cc.idleWaits {
		close(ch)
	}
	cc.idleWaits = nil
}

// Close closes the connection at once. Requests under way fail.
func (cc *ClientConn) Close() error {
	cc.c.Fail(errClientConnForceClosed)
	return nil
}

// closeIfIdle closes the connection if no request uses it or is about to.
func (cc *ClientConn) closeIfIdle() {
	cc.c.Lock()
	if cc.c.Session().OpenStreams() > 0 || cc.reserved > 0 {
		cc.c.UnlockQuietly()
		return
	}
	cc.closed, cc.idleClosed = true, true
	cc.c.UnlockQuietly()
	cc.t.vlogf("http2: Transport closing idle conn %p (forSingleUse=%v)", cc, cc.singleUse)
	cc.c.Fail(errClientConnClosed)
}

// admit decides whether a request may be sent, and takes its reservation. The
// connection is locked.
func (cc *ClientConn) admit() error {
	cc.unreserve()
	switch {
	case cc.closed && cc.started() == 0 && cc.reserved == 0 && !cc.idleClosed:
		return errClientConnNotEstablished
	case cc.closed || !cc.canTake():
		return errClientConnUnusable
	}
	cc.lastActive, cc.lastIdle = time.Now(), time.Time{}
	if cc.idleTimer != nil {
		cc.idleTimer.Stop()
	}
	return nil
}

// RoundTrip implements http.RoundTripper on this connection.
func (cc *ClientConn) RoundTrip(req *http.Request) (*http.Response, error) {
	return cc.roundTrip(req)
}

// unconfirmedResets are streams that we have reset without having heard from the
// server since they were opened. It may be dead; so each takes up one of the
// streams that it allows until it acknowledges a PING, and requests do not go on
// being sent to nobody.
//
// A gRPC server counts PINGs, and counts anew when it has sent HEADERS or DATA
// (golang/go#70575): after an acknowledgement no other is sent before that.
// Guarded by the connection's lock.
type unconfirmedResets struct {
	unconfirmed int
	blocked     bool
}

// add notes a reset.
func (r *unconfirmedResets) add(s *session.Session) {
	if r.blocked {
		return
	}
	if r.unconfirmed == 0 {
		var data [8]byte
		rand.Read(data[:])
		s.Ping(data)
	}
	r.unconfirmed++
	s.Withhold(uint32(r.unconfirmed))
}

// acked notes an acknowledgement, of whichever PING.
func (r *unconfirmedResets) acked(s *session.Session) {
	if r.unconfirmed > 0 {
		r.unconfirmed, r.blocked = 0, true
		s.Withhold(0)
	}
}
