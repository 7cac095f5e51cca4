package http2

import (
	"context"
	"time"
)

// Shutdown ends the connection gracefully: it takes no more requests, and is closed
// when those under way have been answered. If ctx ends first, Shutdown returns its
// error, and the connection stays open for them.
func (cc *ClientConn) Shutdown(ctx context.Context) error {
	cc.c.Lock()
	cc.life.drain(drainShutdown)
	cc.c.GoAwayLocked()
	idle := make(chan struct{})
	cc.idleWaits = append(cc.idleWaits, idle)
	if cc.c.OpenStreamsLocked() == 0 || cc.life.closed() {
		cc.wakeIdleWaitsLocked()
	}
	cc.c.UnlockAndWake()
	select {
	case <-idle:
	case <-ctx.Done():
		return ctx.Err()
	}
	go cc.c.FailWhenSent(errClientConnClosed) // GOAWAY has still to be sent; closing may take its time
	select {
	case <-cc.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wakeIdleWaitsLocked wakes the calls of Shutdown that wait until no stream is
// open.
func (cc *ClientConn) wakeIdleWaitsLocked() {
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
	if cc.c.OpenStreamsLocked() > 0 || cc.reserved > 0 {
		cc.c.Unlock()
		return
	}
	cc.life.closeIdle()
	cc.c.Unlock()
	cc.t.vlogf("http2: Transport closing idle conn %p (forSingleUse=%v)", cc, cc.life.singleUse)
	cc.c.Fail(errClientConnClosed)
}

// closeIfDoneLocked closes the connection if no request uses it and none will. It does
// so on another goroutine: the reader's and those of requests do not wait for the
// net.Conn's Close, which may be a program's, and block; TLS says goodbye first.
func (cc *ClientConn) closeIfDoneLocked() {
	if cc.doneLocked() {
		go cc.closeIfIdle()
	}
}

// retire is SetDoNotReuse for a connection whose last request has just closed. It may
// have been told already that it is idle, by another goroutine.
func (cc *ClientConn) retire() {
	cc.c.Lock()
	defer cc.c.Unlock()
	cc.life.drain(drainDoNotReuse)
	cc.closeIfDoneLocked()
}

// serve is the reader goroutine.
func (cc *ClientConn) serve() {
	err := cc.c.Serve()
	cc.noteSettings()
	cc.c.Lock()
	if cc.idleTimer != nil {
		cc.idleTimer.Stop()
	}
	cc.wakeIdleWaitsLocked()
	unused := cc.unusedGraceLocked()
	cc.c.Unlock()
	close(cc.ended)
	cc.countEnd()
	cc.t.vlogf("http2: Transport readFrame error on conn %p: (%T) %v", cc, err, err)
	if unused > 0 {
		time.AfterFunc(unused, cc.markDead)
	} else {
		cc.markDead()
	}
	cc.noteState()
}

// maxUnusedGrace is how long a connection that failed before its first request
// stays in the pool. The request that it was made for gets the error that way;
// otherwise the pool would make connections that fail at once for ever, and no
// request would see why.
const maxUnusedGrace = 5 * time.Second

// unusedGraceLocked is how much longer the connection, which has ended, stays in
// the pool.
func (cc *ClientConn) unusedGraceLocked() time.Duration {
	if cc.used.Load() || cc.life.idleClosed {
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

// SetDoNotReuse keeps the connection from being used for further requests.
func (cc *ClientConn) SetDoNotReuse() {
	cc.c.Lock()
	cc.life.drain(drainDoNotReuse)
	cc.c.Unlock()
}
