package conn

import (
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// What http2 asks a connection, or tells it, where the session has the answer.

// Session is the protocol state, for tests that decide when a frame is emitted. The
// connection must be locked.
func (c *Conn) Session() *session.Session { return c.sess }

// MayCarryLocked is how many bytes of DATA one frame of st may carry now. This and
// ChargeWindowsLocked are for write schedulers, which see session.Streams.
func (c *Conn) MayCarryLocked(st *session.Stream) int { return c.sess.MayCarry(st) }

// ChargeWindowsLocked charges n bytes to both send windows.
func (c *Conn) ChargeWindowsLocked(st *session.Stream, n int) { c.sess.ChargeWindows(st, n) }

// OpenStreamsLocked is how many streams are open, those that wait for the peer's
// limit included.
func (c *Conn) OpenStreamsLocked() int { return c.sess.OpenStreams() }

// WaitingLocked is how many streams of ours wait for the peer's limit.
func (c *Conn) WaitingLocked() int { return c.sess.Waiting() }

// WaitingMayOpenLocked reports whether the peer's limit allows all of those to
// open.
func (c *Conn) WaitingMayOpenLocked() bool { return c.sess.WaitingMayOpen() }

// RequestedLocked is how many streams of ours have been opened, or wait to be.
func (c *Conn) RequestedLocked() int { return c.sess.Opened() + c.sess.Waiting() }

// SeenSettingsLocked reports whether the peer's first SETTINGS have arrived.
func (c *Conn) SeenSettingsLocked() bool { return c.sess.SeenSettings() }

// PeerMaxStreamsLocked is how many streams the peer lets us have open.
func (c *Conn) PeerMaxStreamsLocked() int { return int(c.sess.PeerMaxConcurrentStreams()) }

// Drain begins a graceful end: see session.Session.Drain. Requests that the peer
// has sent already are served.
func (c *Conn) Drain() {
	c.mu.Lock()
	c.drainLocked()
	c.UnlockAndWake()
}

// GoAway makes a GOAWAY pending; see session.Session.GoAway. With an error code the
// connection ends soon after it has been sent, without one once its streams have
// ended.
func (c *Conn) GoAway(code wire.ErrCode, debug string) {
	c.mu.Lock()
	c.sess.GoAway(code, debug)
	c.UnlockAndWake()
}

// GoAwayLocked is GoAway without an error.
func (c *Conn) GoAwayLocked() { c.sess.GoAway(wire.NoError, "") }

// PingLocked makes a PING pending.
func (c *Conn) PingLocked(data [8]byte) { c.sess.Ping(data) }

// IsIdle reports whether id names an idle stream, that is one that neither side has
// opened. A stream that we ignore because of a GOAWAY does not count.
func (c *Conn) IsIdle(id uint32) bool {
	c.mu.Lock()
	defer c.Unlock()
	return c.sess.Idle(id)
}

// SetPriority applies a PRIORITY_UPDATE (RFC 9218 §7.1) that has been parsed.
func (c *Conn) SetPriority(id uint32, p sched.Priority) {
	c.mu.Lock()
	defer c.Unlock()
	c.sess.RecvPriorityUpdate(id, p)
}

// ApplySettings applies what the HTTP2-Settings field of an upgrade says
// (RFC 7540 §3.2.1): the payload of a SETTINGS frame. The connection has not been
// started.
func (c *Conn) ApplySettings(payload []byte) error {
	f, err := wire.ParseSettings(wire.Header{Type: wire.Settings, Length: uint32(len(payload))}, payload)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.Unlock()
	for i := range f.Len() {
		if err := c.sess.ApplySetting(f.At(i)); err != nil {
			return err
		}
	}
	return nil
}

// AcceptUpgraded opens st as stream 1: the request of an HTTP/1.1 upgrade
// (RFC 7540 §3.2), which has been read. The connection has not been started.
func (c *Conn) AcceptUpgraded(st *Stream, p sched.Priority) {
	c.mu.Lock()
	defer c.Unlock()
	c.sess.AcceptUpgraded(&st.proto, p)
	c.startLocked(st)
}

// startLocked queues the handler of a stream that has been opened.
func (c *Conn) startLocked(st *Stream) {
	c.server.OpenedLocked(st)
	c.dispatchLocked(st)
}

// AcceptLocked opens a request's stream as id, half-closed (remote) if end, and
// reports whether it did: see session.Session.Accept. Nothing runs its handler yet.
func (c *Conn) AcceptLocked(id uint32, end bool, r Request) (bool, error) {
	return c.sess.Accept(&r.Stream.proto, id, end, r.Declared, r.Priority)
}

// request handles a field section that begins a stream: it opens the stream.
func (in *reader) request(f Fields) error {
	c := in.c
	r, err := c.server.Request(f)
	c.mu.Lock()
	defer c.Unlock()
	if err != nil {
		if c.sess.Refuse(f.StreamID) {
			return err
		}
		return c.sess.UselessFrame(in.now)
	}
	ok, err := c.AcceptLocked(f.StreamID, f.EndStream, r)
	switch {
	case ok:
		if f.HasPriority {
			c.sess.RecvPriority(f.StreamID, f.Priority)
		}
		c.startLocked(r.Stream)
	case err == nil:
		// Our GOAWAY has us ignore it. A client may have sent a few before that arrived.
		return c.sess.UselessFrame(in.now)
	}
	return err
}
