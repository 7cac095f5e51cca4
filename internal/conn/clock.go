package conn

import (
	"crypto/rand"
	"errors"
	"time"

	"h2fork.example/net/internal/wire"
)

const (
	// goAwayLinger is how long a connection stays open after its last GOAWAY has
	// left. Closing at once would make the kernel answer what is still unread
	// with a reset, which can overtake the GOAWAY (golang/go#18701).
	goAwayLinger = time.Second

	// teardownTimeout is how long a connection's last frames, GOAWAY among them,
	// may take to leave. A peer that reads no more would otherwise keep the
	// connection for ever (CVE-2022-27664).
	teardownTimeout = 30 * time.Second

	// drainTimeout is how long the first phase of a graceful end takes if the peer does
	// not acknowledge its PING.
	drainTimeout = time.Second

	// sweepAfter is how long goroutines are kept for a connection that has
	// nothing to do. Starting them again costs about as much as waking them; but
	// stacks that were kept by thousands of connections at once stay in the
	// process for minutes, between those of their readers.
	sweepAfter = 100 * time.Millisecond
)

var (
	ErrSettingsTimeout = errors.New("timeout waiting for SETTINGS frames")
	ErrPingTimeout     = errors.New("timeout waiting for PING response")
	ErrShutdown        = errors.New("connection shut down")
)

// clock is a connection's timers. Guarded by Conn.mu; the callbacks lock it.
type clock struct {
	settings *time.Timer
	idle     *time.Timer // until the connection has been idle too long
	ping     *time.Timer // until the peer is asked whether it is there, or has not answered
	drain    *time.Timer // until the first phase of a graceful end is over
	shutdown *time.Timer // until the connection's end, whatever the peer does
	sweep    *time.Timer // until an idle connection is swept; nil once it has been

	pinging   bool
	probing   bool // and the PING is ProbeLocked's
	pingData  [8]byte
	pingReads uint64    // Conn.reads when that PING was queued
	read      time.Time // of the last frame, as far as ping needs to know
	lingering bool      // GOAWAY has left
	sweeping  bool      // sweep is armed
}

// startClock starts what runs from the greeting on.
func (c *Conn) startClock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return
	}
	c.clock.read = c.in.now
	if d := c.opt.SettingsTimeout; d > 0 {
		c.clock.settings = time.AfterFunc(d, c.settingsTooLate)
	}
	if d := c.opt.IdleTimeout; d > 0 && c.sess.OpenStreams() == 0 {
		c.clock.idle = time.AfterFunc(d, c.idleTooLong)
	}
	if d := c.opt.ReadIdleTimeout; d > 0 && c.clock.ping == nil {
		c.clock.ping = time.AfterFunc(d, c.pingTimer)
	}
}

func (c *Conn) settingsTooLate() {
	if c.opt.Log.Printf != nil {
		c.opt.Log.Printf("timeout waiting for SETTINGS frames from %v", c.nc.RemoteAddr())
	}
	c.Fail(ErrSettingsTimeout)
}

// greetedLocked stops the wait for SETTINGS.
func (c *Conn) greetedLocked() {
	if t := c.clock.settings; t != nil {
		t.Stop()
		c.clock.settings = nil
	}
}

// idleChangedLocked starts or stops the idle timer.
func (c *Conn) idleChangedLocked(idle bool) {
	if c.opt.IdleTimeout <= 0 || c.dead != nil {
		return
	}
	switch {
	case c.clock.idle == nil:
		if idle {
			c.clock.idle = time.AfterFunc(c.opt.IdleTimeout, c.idleTooLong)
		}
	case idle:
		c.clock.idle.Reset(c.opt.IdleTimeout)
	default:
		c.clock.idle.Stop()
	}
}

func (c *Conn) idleTooLong() {
	c.mu.Lock()
	if c.sess.OpenStreams() > 0 {
		c.mu.Unlock()
		return
	}
	if c.opt.Log.Verbose != nil {
		c.opt.Log.Verbose("connection is idle")
	}
	c.drainLocked()
	c.UnlockAndWake()
}

// drainLocked begins a graceful end, unless it has begun.
func (c *Conn) drainLocked() {
	var data [8]byte
	rand.Read(data[:])
	if c.dead == nil && c.sess.Drain(data) {
		c.clock.drain = time.AfterFunc(drainTimeout, c.drained)
	}
}

// drained ends the first phase of a graceful end.
func (c *Conn) drained() { c.GoAway(wire.NoError, "") }

// pingTimer asks whether the peer is there if it has been silent, and ends the
// connection if it has not answered.
func (c *Conn) pingTimer() {
	c.mu.Lock()
	k := &c.clock
	switch {
	case c.dead != nil:
	case k.pinging && !(k.probing && c.reads != k.pingReads):
		c.mu.Unlock()
		c.pingLost()
		return
	case k.pinging: // a probe: it need not be answered if something else has been read
		k.pinging = false
		c.watchSilenceLocked()
	default:
		if left := c.opt.ReadIdleTimeout - time.Since(k.read); left > 0 {
			k.ping.Reset(left)
		} else {
			c.pingLocked(false)
		}
	}
	c.UnlockAndWake()
}

// ProbeLocked asks whether the peer is there, unless that has been asked already. If
// nothing is read for PingTimeout the connection ends. It reports whether a PING goes
// out.
func (c *Conn) ProbeLocked() bool {
	if c.dead != nil || c.clock.pinging {
		return false
	}
	c.pingLocked(true)
	return true
}

// pingLocked sends the PING that pingTimer waits for.
func (c *Conn) pingLocked(probe bool) {
	k := &c.clock
	k.pinging, k.probing, k.pingReads = true, probe, c.reads
	rand.Read(k.pingData[:])
	c.sess.Ping(k.pingData)
	if k.ping == nil {
		k.ping = time.AfterFunc(c.opt.PingTimeout, c.pingTimer)
	} else {
		k.ping.Reset(c.opt.PingTimeout)
	}
}

// watchSilenceLocked waits for the peer to be silent for too long, if there is such a
// time.
func (c *Conn) watchSilenceLocked() {
	if d := c.opt.ReadIdleTimeout; d > 0 {
		c.clock.ping.Reset(d)
	} else {
		c.clock.ping.Stop()
	}
}

func (c *Conn) pingLost() {
	if c.opt.Log.Printf != nil {
		c.opt.Log.Printf("timeout waiting for PING response")
	}
	c.count(ErrPingTimeout)
	c.Fail(ErrPingTimeout)
}

// pingAckedLocked is a PING acknowledgement.
func (c *Conn) pingAckedLocked(data [8]byte) {
	k := &c.clock
	if k.pinging && data == k.pingData {
		k.pinging = false
		c.watchSilenceLocked()
	}
}

// checkShutdownLocked starts the connection's last second once everything that was to
// be said before has been, and bounds the time until then.
func (c *Conn) checkShutdownLocked() {
	queued, sent, code := c.sess.GoAwayState()
	if !queued || (code == wire.NoError && c.sess.OpenStreams() > 0) {
		return
	}
	k := &c.clock
	if k.shutdown == nil {
		k.shutdown = time.AfterFunc(teardownTimeout, c.shutdownOver)
	}
	if sent && !c.writing && !k.lingering {
		k.lingering = true
		k.shutdown.Reset(goAwayLinger)
	}
}

func (c *Conn) shutdownOver() {
	if c.opt.Log.Verbose != nil {
		c.opt.Log.Verbose("GOAWAY close timer fired; closing conn from %v", c.nc.RemoteAddr())
	}
	c.Fail(ErrShutdown)
}

// sweepLaterLocked makes sure that the goroutines which wait do not wait for ever.
func (c *Conn) sweepLaterLocked() {
	k := &c.clock
	if k.sweeping || c.dead != nil {
		return
	}
	k.sweeping = true
	if k.sweep == nil {
		k.sweep = time.AfterFunc(sweepAfter, c.sweep)
	} else {
		k.sweep.Reset(sweepAfter)
	}
}

// sweep ends the goroutines of a connection that has nothing to do, and lets go of
// its memory.
func (c *Conn) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := &c.clock
	k.sweeping = false
	switch {
	case c.dead != nil:
	case c.sess.OpenStreams() > 0 || c.writing:
		c.sweepLaterLocked()
	default:
		c.dismissWorkersLocked()
		c.dismissStandbyLocked()
		c.sess.Trim()
		k.sweep = nil
	}
}

// stopClockLocked stops every timer.
func (c *Conn) stopClockLocked() {
	for _, t := range []*time.Timer{c.clock.settings, c.clock.idle, c.clock.ping, c.clock.drain, c.clock.shutdown, c.clock.sweep} {
		if t != nil {
			t.Stop()
		}
	}
}
