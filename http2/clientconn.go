package http2

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
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

	used         atomic.Bool   // a request has been sent over it by a pool
	fromNetHTTP  atomic.Bool   // net/http dialled it and has told the trace
	settled      chan struct{} // closed by the reader when SETTINGS have arrived, or never will
	over         chan struct{} // closed when the connection has ended
	greetingLeft chan struct{} // closed when our SETTINGS have left

	// What the server's SETTINGS say of requests: set by the reader, for whoever
	// makes a field section, without the lock.
	peerMaxList         atomic.Uint32
	peerExtendedConnect atomic.Bool

	// The reader goroutine's.
	reader  message.ResponseReader
	greeted bool            // settled is closed
	answers []*clientStream // have got their response, and are to be told

	// Guarded by the connection's lock.
	reserved    int  // requests that have been promised a stream
	doNotReuse  bool // no more requests after those there are
	closing     bool // Shutdown has begun
	closed      bool
	idleClosed  bool // closed for being idle
	goAwayErr   *GoAwayError
	protocolErr error     // what the server did wrong, which is a ConnectionError to errors.As; or nil
	endedWith   error     // what ended the connection
	lastActive  time.Time // when the connection was made, or its last stream closed
	lastIdle    time.Time // since when there is no stream; zero while there is
	idleTimer   *time.Timer
	idleWaits   []chan struct{}           // closed when there is no stream
	pings       map[[8]byte]chan struct{} // closed when acknowledged
	suspicion   suspicion
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
		greetingLeft: make(chan struct{}),
		pings:        make(map[[8]byte]chan struct{}),
		lastActive:   time.Now(),
	}
	if s, ok := c.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := s.ConnectionState()
		if state.HandshakeComplete && state.Version < tls.VersionTLS12 {
			c.Close()
			return nil, fmt.Errorf("http2: %s is too old (RFC 9113 §9.2)", tls.VersionName(state.Version))
		}
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
		Greeted:             cc.greetingLeft,
		EndError:            cc.endError,
		TellActivity:        true,
		Patient:             true,
		Gathers:             gathers(c),
		ReadsApart:          readsApart(c),
		Log:                 cc.log(),
	})
	cc.peerMaxList.Store(cc.c.Session().PeerMaxHeaderListSize())
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
	return !cc.closed && !cc.closing && !cc.doNotReuse && cc.goAwayErr == nil && !queued && !cc.suspectLocked() && !cc.idleTooLong() &&
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
	return cc.c.Session().OpenStreams() + cc.reserved
}

func (cc *ClientConn) hasRoom() bool {
	return cc.inUse() < int(cc.c.Session().PeerMaxConcurrentStreams())
}

// canTake reports whether the connection takes another request. It is locked.
func (cc *ClientConn) canTake() bool {
	if cc.brokeUnused() && cc.started() == 0 && cc.reserved == 0 {
		return true // it takes one, to tell what is wrong with it
	}
	return cc.usable() && (cc.conf.strict || cc.hasRoom())
}

// brokeUnused reports whether the connection ended before its first request, or
// before the server had greeted us. It is locked.
func (cc *ClientConn) brokeUnused() bool {
	return cc.closed && !cc.idleClosed && (cc.started() == 0 || !cc.c.Session().SeenSettings())
}

func (cc *ClientConn) neverWorked() bool {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	return cc.brokeUnused()
}

// reserveBroken is ReserveNewRequest for those who have waited for the connection,
// if it broke at once: each of them is to be told, and none dials again.
func (cc *ClientConn) reserveBroken() bool {
	cc.c.Lock()
	defer cc.c.UnlockQuietly()
	if !cc.brokeUnused() {
		return false
	}
	cc.reserved++
	return true
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
	done := cc.doneLocked()
	cc.c.UnlockQuietly()
	if done {
		cc.closeIfIdle()
	}
	cc.noteState()
}

// giveUp is release for a request that could not be sent.
func (cc *ClientConn) giveUp() {
	if cc.singleUse { // this was the use
		cc.SetDoNotReuse()
	}
	cc.release()
}

// doneLocked reports whether nobody uses the connection and nobody will. It is
// locked.
func (cc *ClientConn) doneLocked() bool {
	once := cc.singleUse || cc.t.disableKeepAlives()
	last := cc.doNotReuse || cc.goAwayErr != nil || (once && cc.started() > 0)
	return last && cc.reserved == 0 && cc.c.Session().OpenStreams() == 0
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
	// GOAWAY; or for now, because it may be dead: a request on it was given up, and
	// nothing has come since before it began.
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
		Closing:         cc.closing || cc.singleUse || cc.doNotReuse || cc.goAwayErr != nil || cc.suspectLocked(),
		StreamsActive:   sess.OpenStreams() - sess.Waiting(),
		StreamsReserved: cc.reserved,
		StreamsPending:  sess.Waiting(),
		LastIdle:        cc.lastIdle,
	}
	if sess.SeenSettings() {
		st.MaxConcurrentStreams = sess.PeerMaxConcurrentStreams()
	}
	return st
}

// admit decides whether a request may be sent, and takes its reservation. The
// connection is locked.
func (cc *ClientConn) admit() error {
	cc.unreserve()
	switch {
	case cc.brokeUnused():
		return cc.endedErr()
	case cc.closed || !cc.canTake():
		return errClientConnUnusable
	}
	cc.lastIdle = time.Time{}
	if cc.idleTimer != nil {
		cc.idleTimer.Stop()
	}
	return nil
}

// endedErr is why a connection that is closed was. It is locked.
func (cc *ClientConn) endedErr() error {
	switch err := cc.c.Dead(); {
	case cc.protocolErr != nil:
		return cc.protocolErr
	case err != nil:
		return err
	}
	return errClientConnClosed
}

// RoundTrip implements http.RoundTripper on this connection.
func (cc *ClientConn) RoundTrip(req *http.Request) (*http.Response, error) {
	u := newUpload(req)
	res, err := cc.roundTrip(req, u)
	if err != nil {
		u.abandon(req.Context())
		return nil, err
	}
	u.release()
	return res, nil
}
