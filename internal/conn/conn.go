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

	SawPreface          bool   // a server's: the client's preface has been read already
	MaxEncoderTableSize uint32 // upper bound for the peer's HEADER_TABLE_SIZE
	MaxHandlers         int    // a server's: handlers that may run at a time
	IdleTimeout         time.Duration
	ReadIdleTimeout     time.Duration
	PingTimeout         time.Duration
	WriteByteTimeout    time.Duration
	TellActivity        bool // a server's: call Endpoint.Active
	Gathers             bool // see Gathers
	ReadsApart          bool // see ReadsApart

	SettingsTimeout time.Duration // for the peer's first SETTINGS; 0 for none
	SectionTimeout  time.Duration // for a field section that has begun; 0 for sectionTimeout, less for none

	// Greeted, if it is not nil, is closed when our SETTINGS have left.
	Greeted chan struct{}

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

// Conn is one connection.
type Conn struct {
	// Constant.
	opt    Options
	nc     net.Conn
	end    Endpoint // server or client
	server Server   // nil on a client
	client Client   // nil on a server

	mu   sync.Mutex
	sess *session.Session // guarded by mu
	dead error            // guarded by mu: why the connection is over
	last error            // guarded by mu: why it is to be over once everything has left; or nil

	in  reader // the reader goroutine's
	out writer // the writer role's

	writing  bool          // guarded by mu: somebody has the writer role
	reads    uint64        // guarded by mu: reads that brought more than a greeting
	lending  bool          // guarded by mu: it uses bytes that were lent
	recalled bool          // guarded by mu: a Recall has interrupted it
	standby  standby       // guarded by mu
	workers  workers       // guarded by mu
	clock    clock         // guarded by mu
	moved    sync.Cond     // on mu: until output has left, or the connection is over
	over     chan struct{} // closed when nc has been; nil where nobody waits for it
	activity activity
}

func newConn(opt Options, end Endpoint, server Server, client Client) *Conn {
	if opt.SectionTimeout == 0 {
		opt.SectionTimeout = sectionTimeout
	}
	now := time.Now()
	c := &Conn{
		opt:    opt,
		nc:     opt.NetConn,
		end:    end,
		server: server,
		client: client,
		sess:   session.New(opt.Session, now),
	}
	c.moved.L = &c.mu
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

// NetConn is the connection underneath.
func (c *Conn) NetConn() net.Conn { return c.nc }

// ReadsLocked counts what has been read: it is the same number only if nothing has been
// in between, but for the peer's greeting.
func (c *Conn) ReadsLocked() uint64 { return c.reads }

// DeadLocked is why the connection is over, or nil.
func (c *Conn) DeadLocked() error { return c.dead }

// UnlockAndWake unlocks the connection, and sees to it that what the lock's holder
// brought about happens: output is written, queued handlers run, closed streams
// are told.
func (c *Conn) UnlockAndWake() {
	if c.dead == nil {
		c.WakeLocked()
		c.wakeWorkerLocked()
		c.checkShutdownLocked()
	}
	c.unlockAndTell()
}

// act is UnlockAndWake for a caller that has nothing of its own to do under the lock.
func (c *Conn) act() {
	c.mu.Lock()
	c.UnlockAndWake()
}

// WakeLocked has pending output written, before the caller waits for it to leave.
func (c *Conn) WakeLocked() {
	if c.dead == nil && !c.writing && c.sess.Pending() {
		c.wakeStandbyLocked()
	}
}

// Unlock unlocks the connection without waking anybody: the caller is
// about to lock it again, or to return to the worker that called it, which will.
func (c *Conn) Unlock() { c.unlockAndTell() }

// unlockAndTell unlocks and tells the endpoint which streams have closed.
func (c *Conn) unlockAndTell() {
	st := c.sess.TakeClosed()
	for x := st; x != nil; x = x.NextClosed() {
		x.Owner.(*Stream).closedLocked()
	}
	changed := c.noteActivityLocked()
	c.mu.Unlock()
	for st != nil {
		x := st.Owner.(*Stream)
		st = st.Unlink()
		if x.dropped {
			x.Body.Close() // there is no handler that would
		}
		c.end.Closed(x)
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
	if c.client != nil {
		err = c.client.EndErrorLocked(err)
	}
	c.dead = err
	c.sess.CloseAll(err)
	c.stopClockLocked()
	c.dismissStandbyLocked()
	c.dismissWorkersLocked()
	c.moved.Broadcast()
	c.unlockAndTell()
	c.closeNetConn()
	if c.over != nil {
		close(c.over)
	}
}

// flushedTimeout is how long what was flushed may take to leave after the peer has
// ended its side. It mostly reads no more either.
const flushedTimeout = time.Second

// writeFlushed ends the streams of a connection whose peer has ended its side, and
// writes what was flushed on them before: the peer may still read. It is the reader's.
func (c *Conn) writeFlushed(err error) {
	c.mu.Lock()
	c.sess.End(err)
	c.UnlockAndWake()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && !c.sess.Pending() {
		return
	}
	timer := time.AfterFunc(flushedTimeout, func() { c.Fail(err) })
	defer timer.Stop()
	for c.dead == nil && (c.writing || c.sess.Pending()) {
		c.moved.Wait()
	}
}

// FailWhenSent is Fail, once everything that is to be written has been.
func (c *Conn) FailWhenSent(err error) {
	c.mu.Lock()
	c.last = err
	idle := !c.writing && !c.sess.Pending()
	c.UnlockAndWake()
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

// resetForPeer ends a stream for something that the peer did.
func (c *Conn) resetForPeer(e *wire.StreamError) error {
	c.mu.Lock()
	err := c.sess.ResetForPeer(e, c.in.now)
	if err == nil && c.sess.Backlogged() {
		c.waitForPeerLocked()
	}
	c.Unlock()
	return err
}

// activity tells the endpoint of transitions between idle and active, one at a time
// and in order. Guarded by Conn.mu.
type activity struct {
	active  bool
	queue   []bool // not told yet
	telling bool   // somebody is at it, and will tell what is added meanwhile
}

// noteActivityLocked reports whether there is something to tell.
func (c *Conn) noteActivityLocked() bool {
	a := &c.activity
	active := c.sess.OpenStreams() > 0
	if active != a.active {
		a.active = active
		c.idleChangedLocked(!active)
		if c.opt.TellActivity {
			a.queue = append(a.queue, active)
		}
	}
	return len(a.queue) > 0 && !a.telling
}

// tellActivity tells the endpoint, which may lock the connection again, and may
// take its time: nobody waits for it.
func (c *Conn) tellActivity() {
	a := &c.activity
	c.mu.Lock()
	for ; len(a.queue) > 0 && !a.telling; a.telling = false {
		a.telling = true
		active := a.queue[0]
		a.queue = a.queue[:copy(a.queue, a.queue[1:])]
		c.mu.Unlock()
		c.end.Active(active)
		c.mu.Lock()
	}
	c.mu.Unlock()
}
