package http2

import (
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// clientEndpoint is a ClientConn as conn sees it. It implements conn.Client.
type clientEndpoint ClientConn

func (e *clientEndpoint) cc() *ClientConn { return (*ClientConn)(e) }

// CaughtUp implements conn.Client: it wakes the RoundTrips that have got a response
// in this read.
func (e *clientEndpoint) CaughtUp() {
	for i, cs := range e.answers {
		close(cs.answered)
		e.answers[i] = nil
	}
	e.answers = e.answers[:0]
}

// Settings implements conn.Client.
func (e *clientEndpoint) Settings(p conn.PeerSettings) {
	e.peerMaxList.Store(p.MaxHeaderListSize)
	e.peerExtendedConnect.Store(p.ExtendedConnect)
	e.cc().noteSettings()
	e.cc().noteState()
}

// EndErrorLocked implements conn.Client.
func (e *clientEndpoint) EndErrorLocked(err error) error { return e.cc().life.end(err) }

// GoAway implements conn.Client: no more requests are sent on this connection.
// Streams that the server says it has not processed are about to close with
// ErrGoAway.
func (e *clientEndpoint) GoAway(f wire.GoAwayFrame) {
	cc := e.cc()
	cc.markDead()
	if f.Code != wire.NoError {
		cc.t.vlogf("transport got GOAWAY with error code = %v", f.Code)
		cc.t.count("recv_goaway_" + codeToken(f.Code))
	}
	cc.c.Lock()
	cc.life.gotGoAway(f)
	cc.closeIfDoneLocked()
	cc.c.Unlock()
}

// Active implements conn.Client.
func (e *clientEndpoint) Active(active bool) {
	cc := e.cc()
	if active {
		return
	}
	cc.c.Lock()
	if cc.c.OpenStreamsLocked() > 0 {
		cc.c.Unlock()
		return
	}
	cc.lastIdle = time.Now()
	cc.lastActive = cc.lastIdle
	if cc.idleTimer != nil && !cc.life.closed() {
		cc.idleTimer.Reset(cc.t.idleConnTimeout())
	}
	cc.wakeIdleWaitsLocked()
	cc.closeIfDoneLocked()
	cc.c.Unlock()
}

// Closed implements conn.Client.
func (e *clientEndpoint) Closed(cs *conn.Stream) {
	cs.Outer.(*clientStream).closedByEngine()
	e.cc().noteState()
}
