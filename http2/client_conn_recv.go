package http2

import (
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// clientSide is a ClientConn as conn sees it. It implements conn.Client.
type clientSide ClientConn

func (s *clientSide) cc() *ClientConn { return (*ClientConn)(s) }

// CaughtUp implements conn.Client: it wakes the RoundTrips that have got a response
// in this read.
func (s *clientSide) CaughtUp() {
	for i, cs := range s.answers {
		close(cs.answered)
		s.answers[i] = nil
	}
	s.answers = s.answers[:0]
}

// Settings implements conn.Client.
func (s *clientSide) Settings(p conn.PeerSettings) {
	s.peerMaxList.Store(p.MaxHeaderListSize)
	s.peerExtendedConnect.Store(p.ExtendedConnect)
	s.cc().noteSettings()
	s.cc().noteState()
}

// EndErrorLocked implements conn.Client.
func (s *clientSide) EndErrorLocked(err error) error { return s.cc().life.end(err) }

// GoAway implements conn.Client: no more requests are sent on this connection.
// Streams that the server says it has not processed are about to close with
// ErrGoAway.
func (s *clientSide) GoAway(f wire.GoAwayFrame) {
	cc := s.cc()
	cc.markDead()
	if f.Code != wire.NoError {
		cc.t.vlogf("transport got GOAWAY with error code = %v", f.Code)
		cc.t.count("recv_goaway_" + codeToken(f.Code))
	}
	cc.c.Lock()
	cc.life.gotGoAway(f)
	done := cc.doneLocked()
	cc.c.Unlock()
	if done {
		cc.closeIfIdle()
	}
}

// Active implements conn.Client.
func (s *clientSide) Active(active bool) {
	cc := s.cc()
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
	done := cc.doneLocked()
	cc.c.Unlock()
	if done {
		cc.closeIfIdle()
	}
}

// Closed implements conn.Client.
func (s *clientSide) Closed(cs *conn.Stream) {
	cs.Outer.(*clientStream).closedByEngine()
	s.cc().noteState()
}
