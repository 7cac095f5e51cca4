package conn

import (
	"net"
	"sync"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Options is what a connection is made of.
type Options struct {
	NetConn net.Conn
	Session session.Config
	Side    Side

	SawPreface          bool   // the client's preface has been read already
	MaxEncoderTableSize uint32 // upper bound for the peer's HEADER_TABLE_SIZE
	MaxHandlers         int    // handlers that may run at a time
	IdleTimeout         time.Duration
	ReadIdleTimeout     time.Duration
	PingTimeout         time.Duration
	WriteByteTimeout    time.Duration
	TellActivity        bool // call Side.Active
	Patient             bool // see standBy
	Gathers             bool // see Gathers
	ReadsApart          bool // see ReadsApart

	SettingsTimeout time.Duration // for the peer's first SETTINGS; 0 for none
	SectionTimeout  time.Duration // for a field section that has begun; 0 for sectionTimeout, less for none

	// Greeted, if it is not nil, is closed when our SETTINGS have left.
	Greeted chan struct{}

	// EndError is what a connection that ends with err tells its streams. It is
	// called with the connection locked. If it is nil they are told err.
	EndError func(err error) error

	Log Log
}

// Log is where a connection tells what happens. Nil functions are not called.
type Log struct {
	Name    string                           // what log lines call our side: "server", "Transport"
	Printf  func(format string, args ...any) // what went wrong
	Verbose func(format string, args ...any) // what went on, if somebody wants to know
	Count   func(err error)                  // every protocol error, ours or the peer's

	// Frame hooks for GODEBUG=http2debug.
	Read  func(h wire.Header, payload []byte)
	Wrote func(h wire.Header, payload []byte)

	// Field hooks for the same.
	Decoded  func(f hpack.HeaderField)
	Encoding func(f hpack.HeaderField)
}

// Side is what a role does with what arrives. Its methods are called without
// Conn's lock.
type Side interface {
	// Open is called by the reader with a complete field section on a new stream.
	Open(f Fields) error

	// Section is called by the reader with a field section on an open stream.
	Section(st *Stream, f Fields) error

	// PriorityUpdate is called by the reader.
	PriorityUpdate(id uint32, field string) error

	// Run runs what was queued with Dispatch, on a worker.
	Run(st *Stream)

	// Settings, PingAcked and GoAway are called by the reader: the peer's
	// SETTINGS have been applied, or a frame has come and not been acted on yet.
	Settings()
	PingAcked(data [8]byte)
	GoAway(f wire.GoAwayFrame)

	// Closed says that a stream has closed, once for each.
	Closed(st *Stream)

	// CaughtUp is called by the reader before it waits for anything: everything
	// that has been read has been handed on. Whom that concerns can be woken now.
	CaughtUp()

	// Ready says that the peer has greeted us.
	Ready()

	// Active says that the number of open streams went from none to some, or
	// back. Calls come one at a time and in order.
	Active(bool)
}

// Conn is one connection.
type Conn struct {
	opt  Options
	nc   net.Conn
	side Side

	mu   sync.Mutex
	sess *session.Session // guarded by mu
	dead error            // guarded by mu: why the connection is over
	last error            // guarded by mu: why it is to be over once everything has left; or nil

	in  reader // the reader goroutine's
	out writer // the writer role's

	writing  bool    // guarded by mu: somebody has the writer role
	reads    uint64  // guarded by mu: reads that brought more than a greeting
	lending  bool    // guarded by mu: it uses bytes that were lent
	recalled bool    // guarded by mu: Recall has interrupted it
	standby  standby // guarded by mu
	workers  workers // guarded by mu
	clock    clock   // guarded by mu
	room     sync.Cond
	over     chan struct{} // closed when nc has been; nil where nobody waits for it
	activity activity
}

// New returns a connection that has not been started.
func New(opt Options) *Conn {
	if opt.SectionTimeout == 0 {
		opt.SectionTimeout = sectionTimeout
	}
	now := time.Now()
	c := &Conn{
		opt:  opt,
		nc:   opt.NetConn,
		side: opt.Side,
		sess: session.New(opt.Session, now),
	}
	c.room.L = &c.mu
	if opt.ReadsApart {
		c.over = make(chan struct{})
	}
	c.in.init(c, opt.Session.HeaderTableSize, opt.Session.MaxHeaderListSize)
	c.out.direct = opt.Gathers && opt.Log.Wrote == nil
	c.out.enc = hpack.NewEncoder(&c.out)
	c.out.log = opt.Log.Encoding
	c.out.enc.SetMaxDynamicTableSizeLimit(opt.MaxEncoderTableSize)
	return c
}

// Lock locks the connection's state.
func (c *Conn) Lock() { c.mu.Lock() }

// Session is the protocol state, for whoever has locked the connection.
func (c *Conn) Session() *session.Session { return c.sess }

// NetConn is the connection underneath.
func (c *Conn) NetConn() net.Conn { return c.nc }

// ReadsLocked counts what has been read: it is the same number only if nothing has been
// in between, but for the peer's greeting. The connection is locked.
func (c *Conn) ReadsLocked() uint64 { return c.reads }

// Dead is why the connection is over, or nil. The connection is locked.
func (c *Conn) Dead() error { return c.dead }

// Unlock unlocks the connection, and sees to it that what the lock's holder
// brought about happens: output is written, queued handlers run, closed streams
// are told.
func (c *Conn) Unlock() {
	if c.dead == nil {
		c.Wake()
		c.wakeWorker()
		c.checkShutdown()
	}
	c.unlockAndTell()
}

// act is Unlock for a caller that has nothing of its own to do under the lock.
func (c *Conn) act() {
	c.mu.Lock()
	c.Unlock()
}

// Wake has pending output written, before the caller, who has locked the
// connection, waits for it to leave.
func (c *Conn) Wake() {
	if c.dead == nil && !c.writing && c.sess.Pending() {
		c.wakeStandby()
	}
}

// UnlockQuietly unlocks the connection without waking anybody: the caller is
// about to lock it again, or to return to the worker that called it, which will.
func (c *Conn) UnlockQuietly() { c.unlockAndTell() }

// unlockAndTell unlocks and tells the side which streams have closed.
func (c *Conn) unlockAndTell() {
	st := c.sess.TakeClosed()
	for x := st; x != nil; x = x.NextClosed() {
		x.Owner.(*Stream).closedLocked()
	}
	changed := c.noteActivity()
	c.mu.Unlock()
	for st != nil {
		x := st.Owner.(*Stream)
		st = st.Unlink()
		if x.dropped {
			x.Body.Close() // there is no handler that would
		}
		c.side.Closed(x)
	}
	if changed {
		c.tellActivity()
	}
}

// Fail ends the connection at once.
func (c *Conn) Fail(err error) {
	c.mu.Lock()
	if c.dead != nil {
		c.mu.Unlock()
		return
	}
	if c.opt.EndError != nil {
		err = c.opt.EndError(err)
	}
	c.dead = err
	c.sess.CloseAll(err)
	c.stopClock()
	c.dismissStandby()
	c.dismissWorkers()
	c.room.Broadcast()
	c.unlockAndTell()
	c.closeNetConn()
	if c.over != nil {
		close(c.over)
	}
}

// remainsTimeout is how long what was flushed may take to leave after the peer has
// ended its side. It mostly reads no more either.
const remainsTimeout = time.Second

// writeRemains ends the streams of a connection whose peer has ended its side, and
// writes what was flushed on them before: the peer may still read. It is the reader's.
func (c *Conn) writeRemains(err error) {
	c.mu.Lock()
	c.sess.End(err)
	c.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && !c.sess.Pending() {
		return
	}
	timer := time.AfterFunc(remainsTimeout, func() { c.Fail(err) })
	defer timer.Stop()
	for c.dead == nil && (c.writing || c.sess.Pending()) {
		c.room.Wait()
	}
}

// FailWhenSent is Fail, once everything that is to be written has been.
func (c *Conn) FailWhenSent(err error) {
	c.mu.Lock()
	c.last = err
	idle := !c.writing && !c.sess.Pending()
	c.Unlock()
	if idle {
		c.Fail(err)
	}
}

// closeTimeout bounds a TLS connection's goodbye, for which crypto/tls would wait
// five seconds if the peer reads no more.
const closeTimeout = 250 * time.Millisecond

func (c *Conn) closeNetConn() {
	if inner, ok := c.nc.(interface{ NetConn() net.Conn }); ok {
		timer := time.AfterFunc(closeTimeout, func() { inner.NetConn().Close() })
		defer timer.Stop()
	}
	c.nc.Close()
}

// Drain begins a graceful end: see session.Session.Drain. Requests that are on their
// way are served.
func (c *Conn) Drain() {
	c.mu.Lock()
	c.drain()
	c.Unlock()
}

// GoAway makes a GOAWAY pending; see session.Session.GoAway. The connection ends
// soon after it has left, or once its streams have been finished.
func (c *Conn) GoAway(code wire.ErrCode, debug string) {
	c.mu.Lock()
	c.sess.GoAway(code, debug)
	c.Unlock()
}

// resetForPeer ends a stream for something that the peer did.
func (c *Conn) resetForPeer(e *wire.StreamError) error {
	c.mu.Lock()
	err := c.sess.ResetForPeer(e, c.in.now)
	if err == nil && c.sess.Congested() {
		c.waitForRoom()
	}
	c.UnlockQuietly()
	return err
}

// activity tells the side of transitions between idle and active, one at a time
// and in order. Guarded by Conn.mu.
type activity struct {
	active  bool
	queue   []bool // not told yet
	telling bool   // somebody is at it, and will tell what is added meanwhile
}

// noteActivity reports whether there is something to tell. The connection is
// locked.
func (c *Conn) noteActivity() bool {
	a := &c.activity
	active := c.sess.OpenStreams() > 0
	if active != a.active {
		a.active = active
		c.idleChanged(!active)
		if c.opt.TellActivity {
			a.queue = append(a.queue, active)
		}
	}
	return len(a.queue) > 0 && !a.telling
}

// tellActivity tells the side. The side may lock the connection again, and may
// take its time: nobody waits for it.
func (c *Conn) tellActivity() {
	a := &c.activity
	c.mu.Lock()
	for ; len(a.queue) > 0 && !a.telling; a.telling = false {
		a.telling = true
		active := a.queue[0]
		a.queue = a.queue[:copy(a.queue, a.queue[1:])]
		c.mu.Unlock()
		c.side.Active(active)
		c.mu.Lock()
	}
	c.mu.Unlock()
}
