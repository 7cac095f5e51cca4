package conn

import (
	"net"
	"sync"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Options configures a connection.
type Options struct {
	Session session.Config

	SawPreface          bool   // a server's: the client's preface has been read already
	TellActivity        bool   // call Endpoint.Active; always set on a client
	Gathers             bool   // see Gathers
	ReadsApart          bool   // see ReadsApart
	MaxEncoderTableSize uint32 // upper bound for the peer's HEADER_TABLE_SIZE
	MaxHandlers         int    // a server's: handlers that may run at a time
	IdleTimeout         time.Duration
	ReadIdleTimeout     time.Duration
	PingTimeout         time.Duration
	WriteByteTimeout    time.Duration

	SettingsTimeout time.Duration // for the peer's first SETTINGS; 0 for none
	SectionTimeout  time.Duration // for a field section that has begun; 0 means sectionTimeout, negative means no limit

	// Greeted, if it is not nil, is closed when our SETTINGS have been sent.
	Greeted chan struct{}

	Log Log
}

// Log is where a connection tells what happens. Nil functions are not called.
type Log struct {
	Printf  func(format string, args ...any) // what went wrong
	Verbose func(format string, args ...any) // what went on, for verbose logs
	Count   func(err error)                  // every protocol error, ours or the peer's

	Debug *Debug // or nil
}

// Debug is what GODEBUG=http2debug wants to know. Nil functions are not called.
type Debug struct {
	Read, Wrote       func(h wire.Header, payload []byte)
	Decoded, Encoding func(f hpack.HeaderField)
}

// noDebug is what most connections have.
var noDebug Debug

// Conn is one connection.
type Conn struct {
	// Constant.
	opt    *Options
	nc     net.Conn
	end    Endpoint // server or client
	server Server   // nil on a client
	client Client   // nil on a server

	mu   sync.Mutex
	sess *session.Session // guarded by mu
	dead error            // guarded by mu: why the connection has ended
	last error            // guarded by mu: why it will end once everything has been sent; or nil

	in  reader // the reader goroutine's
	out writer // the writer role's

	reads      uint64        // guarded by mu: reads that brought more than a greeting
	writing    bool          // guarded by mu: a goroutine has the writer role
	unwritable bool          // guarded by mu: nc has refused a write, and is read to its end
	lending    bool          // guarded by mu: the writer uses bytes that were lent
	recalled   bool          // guarded by mu: RecallLocked has interrupted the writer
	standby    standby       // guarded by mu
	workers    workers       // guarded by mu
	clock      clock         // guarded by mu
	moved      waiters       // on mu: until output has been sent, or the connection has ended
	failed     chan struct{} // closed when nc is about to be closed; nil without Options.ReadsApart
	activity   activity
}

func newConn(nc net.Conn, opt Options, end Endpoint, server Server, client Client) *Conn {
	if opt.Log.Debug == nil {
		opt.Log.Debug = &noDebug
	}
	if opt.SectionTimeout == 0 {
		opt.SectionTimeout = sectionTimeout
	}
	now := time.Now()
	c := &Conn{
		opt:    &opt,
		nc:     nc,
		end:    end,
		server: server,
		client: client,
		sess:   session.New(&opt.Session, now),
	}
	if opt.ReadsApart {
		c.failed = make(chan struct{})
	}
	c.in.init(c, opt.Session.HeaderTableSize, opt.Session.MaxHeaderListSize)
	c.out.direct = opt.Gathers && opt.Log.Debug.Wrote == nil
	c.out.enc = hpack.NewEncoder(&c.out)
	c.out.log = opt.Log.Debug.Encoding
	c.out.enc.SetMaxDynamicTableSizeLimit(opt.MaxEncoderTableSize)
	return c
}

// Lock locks the connection's state.
func (c *Conn) Lock() { c.mu.Lock() }

// NetConn is the connection underneath.
func (c *Conn) NetConn() net.Conn { return c.nc }

// ReadsLocked counts the reads that brought something. Two equal numbers mean that
// nothing was read in between, apart from the peer's greeting.
func (c *Conn) ReadsLocked() uint64 { return c.reads }

// DeadLocked is why the connection has ended, or nil.
func (c *Conn) DeadLocked() error { return c.dead }

// UnlockAndWake unlocks the connection, and starts what the caller has queued under
// the lock: output is written, queued handlers run, and the endpoint is told of
// closed streams.
func (c *Conn) UnlockAndWake() {
	if c.dead == nil {
		c.WakeLocked()
		c.wakeWorkerLocked()
		c.checkShutdownLocked()
	}
	c.unlockAndTell()
}

// act is UnlockAndWake for a caller that has nothing of its own to do under the
// lock.
func (c *Conn) act() {
	c.mu.Lock()
	c.UnlockAndWake()
}

// WakeLocked has pending output written. A caller that waits under the lock for
// output to be sent calls it first.
func (c *Conn) WakeLocked() { c.wakeWriterLocked(false) }

// GatherLocked is WakeLocked for a handler that has flushed and goes on. If there are
// other streams, those that are ready run first, and this one's handler may have more
// to send by then: a gRPC call's message and its trailers mostly leave together. That
// saves a quarter of such a call's CPU time. With one stream a proxy gains nothing.
func (c *Conn) GatherLocked() { c.wakeWriterLocked(c.sess.OpenStreams() > 1) }

func (c *Conn) wakeWriterLocked(gather bool) {
	if c.dead == nil && !c.writing && c.sess.Pending() {
		c.wakeStandbyLocked(gather)
	}
}

// Unlock unlocks the connection without waking the writer or a worker: the caller
// is about to lock it again, or to return to the worker or reader that called it,
// which will wake them.
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
			x.Body.Close() // no handler was started that would close it
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
	c.moved.wake()
	c.unlockAndTell()
	if c.failed != nil {
		close(c.failed) // before Close, which may be a program's own, and block
	}
	c.closeNetConn()
}

// flushedTimeout is how long it may take to send what was flushed, after the peer
// has ended its side. Such a peer mostly does not read any more either, and would
// keep the connection for ever.
const flushedTimeout = time.Second

// writeFlushed ends the streams of a connection whose peer has ended its side, and
// writes what was flushed on them before: the peer may still read. Only the reader
// calls it.
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
		c.moved.wait(&c.mu)
	}
}

// FailWhenSent is Fail, once everything that is pending has been written.
func (c *Conn) FailWhenSent(err error) {
	c.mu.Lock()
	c.last = err
	idle := !c.writing && !c.sess.Pending()
	c.UnlockAndWake()
	if idle {
		c.Fail(err)
	}
}

// closeTimeout bounds the close_notify of a TLS connection, for which crypto/tls
// would wait five seconds if the peer does not read.
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

// activity is what the endpoint is told of transitions between idle and active, one
// at a time and in order. Guarded by Conn.mu.
type activity struct {
	active  bool
	queue   []bool // not told yet
	telling bool   // a goroutine is in tellActivity, and will tell what is added meanwhile
}

// noteActivityLocked reports whether there is something to tell.
func (c *Conn) noteActivityLocked() bool {
	a := &c.activity
	active := c.sess.OpenStreams() > 0
	if active != a.active {
		a.active = active
		c.idleChangedLocked(!active)
		if !active {
			c.sweepLaterLocked()
		}
		if c.opt.TellActivity {
			a.queue = append(a.queue, active)
		}
	}
	return len(a.queue) > 0 && !a.telling
}

// tellActivity tells the endpoint, which may lock the connection again, and may
// take its time: nothing waits for it.
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
