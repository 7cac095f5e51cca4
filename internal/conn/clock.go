package conn

import (
	"crypto/rand"
	"errors"
	"time"

	"h2fork.example/net/internal/wire"
)

const (
	// goAwayLinger is how long a connection stays open after its last GOAWAY has been
	// sent. Closing at once would make the kernel answer what is still unread with a
	// reset, which can overtake the GOAWAY (golang/go#18701).
	goAwayLinger = time.Second

	// teardownTimeout is how long it may take to send a connection's last frames,
	// GOAWAY among them. A peer that does not read would otherwise keep the connection
	// for ever (CVE-2022-27664).
	teardownTimeout = 30 * time.Second

	// drainTimeout is how long the first phase of a graceful end takes at most. A peer
	// that does not acknowledge its PING would otherwise keep the connection in it for
	// ever.
	drainTimeout = time.Second

	// sweepAfter is how long goroutines are kept for a connection that reads nothing.
	// Starting them again costs about as much as waking them. Kept for ever by
	// thousands of connections at once, their stacks would lie between those of the
	// readers, and stay in the process for minutes after.
	sweepAfter = 50 * time.Millisecond
)

var (
	ErrSettingsTimeout = errors.New("timeout waiting for SETTINGS frames")
	ErrPingTimeout     = errors.New("timeout waiting for PING response")
	ErrShutdown        = errors.New("connection shut down")
)

// clock is a connection's timers. Guarded by Conn.mu; the callbacks lock it.
type clock struct {
	greeting *time.Timer // until the client's preface, and then the peer's SETTINGS, have come
	idle     *time.Timer // until the connection has been idle too long
	ping     *time.Timer // until a PING is sent, or one has been unanswered for too long
	drain    *time.Timer // until the first phase of a graceful end has ended
	shutdown *time.Timer // until the connection is closed, whatever the peer does
	sweep    *time.Timer // until an idle connection is swept; nil once it has been

	prefaced  bool // the greeting timer is for SETTINGS
	pinging   bool
	probing   bool // anything that is read will do for an answer
	pingData  [8]byte
	pingReads uint64    // Conn.reads when pinging began
	read      time.Time // of the last frame, as far as ping needs to know
	lingering bool      // GOAWAY has been sent
	sweeping  bool      // sweep is armed
}

// startClock starts the timers that run from the beginning of the connection.
func (c *Conn) startClock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return
	}
	c.clock.read = c.in.now
	c.awaitSettingsLocked()
	if d := c.opt.IdleTimeout; d > 0 && c.sess.OpenStreams() == 0 {
		c.clock.idle = time.AfterFunc(d, c.idleTooLong)
	}
	if d := c.opt.ReadIdleTimeout; d > 0 && c.clock.ping == nil {
		c.clock.ping = time.AfterFunc(d, c.pingTimer)
	}
}

// awaitPreface starts the wait for the client's preface.
func (c *Conn) awaitPreface() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead == nil {
		c.clock.greeting = time.AfterFunc(prefaceTimeout, c.greetingTooLate)
	}
}

// awaitSettingsLocked starts the wait for the peer's SETTINGS, if there is one, with
// the same timer.
func (c *Conn) awaitSettingsLocked() {
	k, d := &c.clock, c.opt.SettingsTimeout
	k.prefaced = true
	switch {
	case d <= 0:
		c.greetedLocked()
	case k.greeting == nil:
		k.greeting = time.AfterFunc(d, c.greetingTooLate)
	default:
		k.greeting.Reset(d)
	}
}

func (c *Conn) greetingTooLate() {
	c.mu.Lock()
	prefaced := c.clock.prefaced
	c.mu.Unlock()
	if !prefaced {
		c.Fail(&PrefaceError{ErrPrefaceTimeout})
		return
	}
	if c.opt.Log.Printf != nil {
		c.opt.Log.Printf("timeout waiting for SETTINGS frames from %v", c.nc.RemoteAddr())
	}
	c.Fail(ErrSettingsTimeout)
}

// greetedLocked ends the wait for the peer's greeting, which has come.
func (c *Conn) greetedLocked() {
	if t := c.clock.greeting; t != nil {
		t.Stop()
		c.clock.greeting = nil
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

// pingTimer sends a PING if the peer has been silent, and ends the connection if
// the last PING was not answered in time.
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
		left := c.opt.ReadIdleTimeout - time.Since(k.read)
		switch {
		case left > 0:
			k.ping.Reset(left)
		case c.sess.Pinging():
			c.awaitAnswerLocked(true)
		default:
			c.pingLocked(false)
		}
	}
	c.UnlockAndWake()
}

// ProbeLocked is called if the peer may be gone. Unless a PING is under way, it
// sends one, if one may be sent: see session.Session.MayPing. If nothing is read for
// PingTimeout after that, the connection ends.
func (c *Conn) ProbeLocked() {
	switch {
	case c.dead != nil || c.clock.pinging:
	case c.sess.Pinging():
		c.awaitAnswerLocked(true)
	case c.sess.MayPing():
		c.pingLocked(true)
	}
}

// pingLocked sends the PING that pingTimer waits for.
func (c *Conn) pingLocked(probe bool) {
	k := &c.clock
	rand.Read(k.pingData[:])
	c.sess.Ping(k.pingData)
	c.awaitAnswerLocked(probe)
}

// awaitAnswerLocked starts the wait for the answer to a PING; if probing, for
// anything that is read.
func (c *Conn) awaitAnswerLocked(probing bool) {
	k := &c.clock
	k.pinging, k.probing, k.pingReads = true, probing, c.reads
	if k.ping == nil {
		k.ping = time.AfterFunc(c.opt.PingTimeout, c.pingTimer)
	} else {
		k.ping.Reset(c.opt.PingTimeout)
	}
}

// watchSilenceLocked starts the wait for a peer that has been silent for
// ReadIdleTimeout, if that is set.
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
	if k.pinging && (k.probing || data == k.pingData) {
		k.pinging = false
		c.watchSilenceLocked()
	}
}

// checkShutdownLocked starts the connection's last second once everything pending
// has been sent, and bounds the time until then.
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

// sweepLaterLocked makes sure that goroutines which wait for work end once nothing
// has come for a while, and that memory is freed if the connection is idle then.
func (c *Conn) sweepLaterLocked() {
	if !c.clock.sweeping && c.dead == nil {
		c.sweepInLocked(sweepAfter)
	}
}

func (c *Conn) sweepInLocked(d time.Duration) {
	k := &c.clock
	k.sweeping = true
	if k.sweep == nil {
		k.sweep = time.AfterFunc(d, c.sweep)
	} else {
		k.sweep.Reset(d)
	}
}

// sweep ends the workers and the standby writer of a connection on which nothing has
// come for a while. If no stream is open it frees the memory for streams, too. It does
// not go on while streams are open: 2,000 on which nothing came cost a tenth of a
// processor so.
func (c *Conn) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := &c.clock
	k.sweeping = false
	if c.dead != nil {
		return
	}
	switch quiet := time.Since(k.read); {
	case quiet < sweepAfter:
		c.sweepInLocked(sweepAfter - quiet)
		return
	case c.writing:
		c.sweepInLocked(sweepAfter)
		return
	}
	c.dismissWorkersLocked()
	c.dismissStandbyLocked()
	k.sweep = nil
	if c.sess.OpenStreams() == 0 {
		c.sess.Trim()
	}
}

// stopClockLocked stops every timer.
func (c *Conn) stopClockLocked() {
	for _, t := range []*time.Timer{c.clock.greeting, c.clock.idle, c.clock.ping, c.clock.drain, c.clock.shutdown, c.clock.sweep} {
		if t != nil {
			t.Stop()
		}
	}
}
