package http2

import (
	"errors"
	"time"
)

// usableLocked reports whether the connection takes another request, apart from the
// server's limit.
func (cc *ClientConn) usableLocked() bool {
	return cc.life.takes(cc.startedLocked()) && !cc.c.UnwritableLocked() && !cc.suspectLocked() && !cc.idleTooLongLocked()
}

// startedLocked is how many requests have been sent or wait to be.
func (cc *ClientConn) startedLocked() int {
	return cc.c.RequestedLocked()
}

// idleTooLongLocked reports whether the connection has been idle for longer than it
// may be, by the wall clock: a timer does not run while a laptop sleeps.
func (cc *ClientConn) idleTooLongLocked() bool {
	d := cc.t.idleConnTimeout()
	return d > 0 && !cc.lastIdle.IsZero() && time.Since(cc.lastIdle.Round(0)) > d
}

// inUseLocked is how many of the streams that the server allows are taken.
func (cc *ClientConn) inUseLocked() int {
	return cc.c.OpenStreamsLocked() + cc.reserved
}

func (cc *ClientConn) belowLimitLocked() bool {
	return cc.inUseLocked() < cc.c.PeerMaxStreamsLocked()
}

// canTakeLocked reports whether the connection takes another request.
func (cc *ClientConn) canTakeLocked() bool {
	if cc.brokeUnusedLocked() && cc.startedLocked() == 0 && cc.reserved == 0 {
		return true // it takes one request, which then gets its error
	}
	return cc.usableLocked() && (cc.conf.strict || cc.belowLimitLocked())
}

// brokeUnusedLocked reports whether the connection ended before its first request,
// or before the server had greeted us.
func (cc *ClientConn) brokeUnusedLocked() bool {
	return cc.life.brokeUnused(cc.startedLocked(), cc.c.SeenSettingsLocked())
}

// brokeOff reports whether the connection had worked, and was then ended by the
// net.Conn or by the server.
func (cc *ClientConn) brokeOff() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	return cc.life.brokeOff() && !cc.brokeUnusedLocked()
}

func (cc *ClientConn) neverWorked() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	return cc.brokeUnusedLocked()
}

// reserveDialled is ReserveNewRequest for requests that have waited for the
// connection. If it broke at once, each of them gets its error, and none dials
// again.
func (cc *ClientConn) reserveDialled() bool {
	cc.c.Lock()
	defer cc.c.Unlock()
	if !cc.canTakeLocked() && !cc.brokeUnusedLocked() {
		return false
	}
	cc.reserved++
	return true
}

// CanTakeNewRequest reports whether the connection takes another request now: it is
// open, has neither sent nor received GOAWAY, and the server allows another stream.
//
// A caller that is about to send one should use ReserveNewRequest instead.
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
	cc.closeIfDoneLocked()
	cc.c.Unlock()
	cc.noteState()
}

// giveUp is unreserve for a request that could not be sent.
func (cc *ClientConn) giveUp() {
	if cc.life.singleUse { // this was its only request
		cc.SetDoNotReuse()
	}
	cc.unreserve()
}

// doneLocked reports whether no request uses the connection and none will.
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

// inFlight is how many requests have been sent, or may be: not those that wait for
// the server's limit.
func (cc *ClientConn) inFlight() int {
	cc.c.Lock()
	defer cc.c.Unlock()
	return cc.inUseLocked() - cc.c.WaitingLocked()
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
