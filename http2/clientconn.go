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
	stateChanged func() // net/http's, or nil

	used         atomic.Bool   // a request has been sent over it by a pool
	fromNetHTTP  atomic.Bool   // net/http dialled it and has told the trace
	gotSettings  chan struct{} // closed by the reader when SETTINGS have arrived, or never will
	over         chan struct{} // closed when the connection has ended
	greetingSent chan struct{} // closed when our SETTINGS have left

	// What the server's SETTINGS say of requests: set by the reader, for whoever
	// makes a field section, without the lock.
	peerMaxList         atomic.Uint32
	peerExtendedConnect atomic.Bool

	// The reader goroutine's.
	reader  message.ResponseReader
	greeted bool            // gotSettings is closed
	answers []*clientStream // have got their response, and are to be told

	// Guarded by the connection's lock.
	life       clientLife
	reserved   int       // requests that have been promised a stream
	lastActive time.Time // when the connection was made, or its last stream closed
	lastIdle   time.Time // since when there is no stream; zero while there is
	idleTimer  *time.Timer
	idleWaits  []chan struct{}           // closed when there is no stream
	pings      map[[8]byte]chan struct{} // closed when acknowledged
}

// newClientConn starts HTTP/2 on c.
func (t *Transport) newClientConn(c net.Conn, singleUse bool, stateChanged func()) (*ClientConn, error) {
	cc := &ClientConn{
		t:            t,
		nc:           c,
		conf:         t.clientConfig(),
		life:         clientLife{singleUse: singleUse, keepAlive: !t.disableKeepAlives()},
		stateChanged: stateChanged,
		gotSettings:  make(chan struct{}),
		over:         make(chan struct{}),
		greetingSent: make(chan struct{}),
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
	cc.c = conn.NewClient(conn.Options{
		NetConn:             c,
		Session:             cc.conf.session,
		MaxEncoderTableSize: cc.conf.encoderTable,
		ReadIdleTimeout:     cc.conf.readIdleTimeout,
		PingTimeout:         cc.conf.pingTimeout,
		WriteByteTimeout:    cc.conf.writeByteTimeout,
		Greeted:             cc.greetingSent,
		Gathers:             gathers(c),
		ReadsApart:          readsApart(c),
		Log:                 cc.log(),
	}, (*clientSide)(cc))
	cc.peerMaxList.Store(math.MaxUint32) // RFC 9113 §6.5.2: unlimited, at first
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

// noteSettings says that SETTINGS have arrived or that they never will.
func (cc *ClientConn) noteSettings() {
	if !cc.greeted {
		cc.greeted = true
		close(cc.gotSettings)
	}
}

// usableLocked reports whether the connection takes another request, limits aside.
func (cc *ClientConn) usableLocked() bool {
	return cc.life.takes(cc.startedLocked()) && !cc.idleTooLongLocked()
}

// startedLocked is how many requests have been sent or wait to be.
func (cc *ClientConn) startedLocked() int {
	return cc.c.RequestedLocked()
}

// idleTooLongLocked reports whether the connection has been idle for longer than it may
// be, by the wall clock: a timer does not run while a laptop sleeps.
func (cc *ClientConn) idleTooLongLocked() bool {
	d := cc.t.idleConnTimeout()
	return d > 0 && !cc.lastIdle.IsZero() && time.Since(cc.lastIdle.Round(0)) > d
}

// inUseLocked is how many of the streams that the server allows are taken.
func (cc *ClientConn) inUseLocked() int {
	return cc.c.OpenStreamsLocked() + cc.reserved + cc.c.UnconfirmedLocked()
}

func (cc *ClientConn) belowLimitLocked() bool {
	return cc.inUseLocked() < cc.c.PeerMaxStreamsLocked()
}

// canTakeLocked reports whether the connection takes another request.
func (cc *ClientConn) canTakeLocked() bool {
	if cc.brokeUnusedLocked() && cc.startedLocked() == 0 && cc.reserved == 0 {
		return true // it takes one, to tell what is wrong with it
	}
	return cc.usableLocked() && (cc.conf.strict || cc.belowLimitLocked())
}

// brokeUnusedLocked reports whether the connection ended before its first request, or
// before the server had greeted us.
func (cc *ClientConn) brokeUnusedLocked() bool {
	return cc.life.brokeUnused(cc.startedLocked(), cc.c.SeenSettingsLocked())
}

func (cc *ClientConn) neverWorked() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	return cc.brokeUnusedLocked()
}

// reserveBroken is ReserveNewRequest for those who have waited for the connection,
// if it broke at once: each of them is to be told, and none dials again.
func (cc *ClientConn) reserveBroken() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	if !cc.brokeUnusedLocked() {
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
	defer cc.c.Unlock()
	return cc.canTakeLocked()
}

// ReserveNewRequest is CanTakeNewRequest, and keeps a stream for the request. The
// next RoundTrip takes it.
func (cc *ClientConn) ReserveNewRequest() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	if !cc.canTakeLocked() {
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
	defer cc.c.Unlock()
	if !cc.usableLocked() || !cc.belowLimitLocked() {
		return errors.New("connection is unavailable")
	}
	cc.reserved++
	return nil
}

// unreserve gives a reservation back.
func (cc *ClientConn) unreserve() {
	cc.c.Lock()
	cc.unreserveLocked()
	done := cc.doneLocked()
	cc.c.Unlock()
	if done {
		cc.closeIfIdle()
	}
	cc.noteState()
}

// giveUp is unreserve for a request that could not be sent.
func (cc *ClientConn) giveUp() {
	if cc.life.singleUse { // this was the use
		cc.SetDoNotReuse()
	}
	cc.unreserve()
}

// doneLocked reports whether nobody uses the connection and nobody will.
func (cc *ClientConn) doneLocked() bool {
	return cc.life.hadLast(cc.startedLocked()) && cc.reserved == 0 && cc.c.OpenStreamsLocked() == 0
}

// unreserveLocked takes a reservation, if there is one.
func (cc *ClientConn) unreserveLocked() {
	if cc.reserved > 0 {
		cc.reserved--
	}
}

func (cc *ClientConn) available() int {
	cc.c.Lock()
	defer cc.c.Unlock()
	if !cc.canTakeLocked() {
		return 0
	}
	return max(0, cc.c.PeerMaxStreamsLocked()-cc.inUseLocked())
}

func (cc *ClientConn) inFlight() int {
	cc.c.Lock()
	defer cc.c.Unlock()
	return cc.inUseLocked()
}

func (cc *ClientConn) endErr() error {
	cc.c.Lock()
	defer cc.c.Unlock()
	if cc.life.closed() {
		return errors.New("connection closed")
	}
	return nil
}

// SetDoNotReuse keeps the connection from being used for further requests.
func (cc *ClientConn) SetDoNotReuse() {
	cc.c.Lock()
	cc.life.drain(drainDoNotReuse)
	cc.c.Unlock()
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
	defer cc.c.Unlock()
	st := ClientConnState{
		Closed:          cc.life.closed(),
		Closing:         cc.life.closing(),
		StreamsActive:   cc.c.OpenStreamsLocked() - cc.c.WaitingLocked() + cc.c.UnconfirmedLocked(),
		StreamsReserved: cc.reserved,
		StreamsPending:  cc.c.WaitingLocked(),
		LastIdle:        cc.lastIdle,
	}
	if cc.c.SeenSettingsLocked() {
		st.MaxConcurrentStreams = uint32(cc.c.PeerMaxStreamsLocked())
	}
	return st
}

// admitLocked decides whether a request may be sent, and takes its reservation.
func (cc *ClientConn) admitLocked() error {
	cc.unreserveLocked()
	switch {
	case cc.brokeUnusedLocked():
		return cc.life.err(cc.c.DeadLocked())
	case cc.life.closed() || !cc.canTakeLocked():
		return errClientConnUnusable
	}
	cc.lastIdle = time.Time{}
	if cc.idleTimer != nil {
		cc.idleTimer.Stop()
	}
	return nil
}

// RoundTrip implements http.RoundTripper on this connection.
func (cc *ClientConn) RoundTrip(req *http.Request) (*http.Response, error) {
	u := newUpload(req)
	res, err := cc.roundTrip(req, u)
	if err != nil {
		u.abandon(req.Context())
		return nil, err
	}
	u.done()
	return res, nil
}
