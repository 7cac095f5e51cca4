package conn

import (
	"io"

	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Stream is the engine's part of a stream, embedded by value in http2's. What http2
// does with a stream, it tells it: the session behind it is conn's.
type Stream struct {
	proto session.Stream // guarded by Conn.mu

	// Set before the stream is opened, then constant.
	Body  *Body // nil if the peer sends no content
	Outer any   // http2's stream, in which this one is embedded
	c     *Conn

	moved waiters // on Conn.mu: until output moves or the stream closes

	// Place in the queue of handlers. Guarded by Conn.mu.
	queued           bool
	dropped          bool // closed while queued; constant once the stream is closed
	runPrev, runNext *Stream
}

// Init makes st, zero so far, a stream of c, with body for what the peer sends, which
// is zero too, or nil.
func (st *Stream) Init(c *Conn, outer any, body *Body) {
	st.c, st.Outer = c, outer
	st.proto.Owner = st
	if body != nil {
		body.st = st
		st.Body = body
	}
}

// Lock locks the stream's connection, and with it the stream.
func (st *Stream) Lock() { st.c.Lock() }

// Unlock is [Conn.Unlock].
func (st *Stream) Unlock() { st.c.Unlock() }

// UnlockAndWake is [Conn.UnlockAndWake].
func (st *Stream) UnlockAndWake() { st.c.UnlockAndWake() }

// OutputMoved implements session.Owner.
func (st *Stream) OutputMoved() { st.moved.wake() }

// WaitLocked waits until done reports true. It looks again whenever output of the
// stream has moved, the stream has closed, or WakeWaitersLocked has been called.
func (st *Stream) WaitLocked(done func() bool) {
	for !done() {
		st.moved.wait(&st.c.mu)
	}
}

// WakeWaitersLocked has WaitLocked look again.
func (st *Stream) WakeWaitersLocked() { st.moved.wake() }

// WakeLocked is [Conn.WakeLocked].
func (st *Stream) WakeLocked() { st.c.WakeLocked() }

// RecallLocked is [Conn.RecallLocked].
func (st *Stream) RecallLocked() { st.c.RecallLocked() }

// closedLocked is told that the stream closed. A handler that has not been started
// never will be.
func (st *Stream) closedLocked() {
	st.dropped = st.queued
	st.c.workers.removeLocked(st)
}

// What follows is what a stream can be told. Output is queued: it leaves once the
// connection is unlocked with UnlockAndWake, or WakeLocked is called.

// OpenLocked queues a request, which is all of it if end. See session.Session.Open.
func (st *Stream) OpenLocked(sec *session.Section, end bool) { st.c.sess.Open(&st.proto, sec, end) }

// SendInfoLocked queues an informational (1xx) field section.
func (st *Stream) SendInfoLocked(sec *session.Section) { st.c.sess.SendInfo(&st.proto, sec) }

// SendHeaderLocked queues the final field section.
func (st *Stream) SendHeaderLocked(sec *session.Section) { st.c.sess.SendHeader(&st.proto, sec) }

// CommitHeaderLocked is SendHeaderLocked, and END_STREAM does not go on it.
func (st *Stream) CommitHeaderLocked(sec *session.Section) { st.c.sess.CommitHeader(&st.proto, sec) }

// SendBufferLocked queues body bytes, and owns them from now on.
func (st *Stream) SendBufferLocked(buf *session.Buffer) { st.c.sess.SendBuffer(&st.proto, buf) }

// SendLentLocked queues body bytes that stay the caller's, who leaves them alone
// until LentLocked reports false.
func (st *Stream) SendLentLocked(data []byte) { st.c.sess.SendLent(&st.proto, data) }

// SendEndLocked finishes our side, with trailers if they are not nil.
func (st *Stream) SendEndLocked(trailers *session.Section) { st.c.sess.SendEnd(&st.proto, trailers) }

// SendPromise promises to answer a request that the client has not made, on a stream
// that is zero but for Init, and has its handler run. It returns when PUSH_PROMISE has
// left, or cannot.
func (st *Stream) SendPromise(promised *Stream, sec *session.Section) error {
	c := st.c
	p := &session.Promise{Stream: &promised.proto, Section: sec}
	c.Lock()
	defer c.UnlockAndWake()
	c.sess.SendPromise(&st.proto, p)
	c.WakeLocked()
	st.WaitLocked(func() bool { return p.Done })
	if p.Err == nil && !promised.ClosedLocked() {
		c.startLocked(promised)
	}
	return p.Err
}

// ResetLocked ends the stream at once. See session.Session.Reset.
func (st *Stream) ResetLocked(code wire.ErrCode, cause error) {
	st.c.sess.Reset(&st.proto, code, cause)
}

// ResetWhenSentLocked ends the stream once everything that is queued has left.
func (st *Stream) ResetWhenSentLocked(code wire.ErrCode, cause error) {
	st.c.sess.ResetWhenSent(&st.proto, code, cause)
}

// DoneLocked says that a handler is done with the stream.
func (st *Stream) DoneLocked() { st.c.sess.Done(&st.proto) }

// AbandonLocked gives up what a client has not sent of a request.
func (st *Stream) AbandonLocked() { st.c.sess.Abandon(&st.proto) }

// ReceivedHeaderLocked says that the response's final field section has arrived, and
// what content-length its content is held against, or -1.
func (st *Stream) ReceivedHeaderLocked(declared int64) { st.c.sess.RecvHeader(&st.proto, declared) }

// ReceivedEnd is ReceivedEndLocked, for a caller that has not locked the connection.
func (st *Stream) ReceivedEnd(atEnd func()) error {
	st.c.Lock()
	defer st.c.Unlock()
	return st.ReceivedEndLocked(atEnd)
}

// ReceivedEndLocked says that END_STREAM has arrived with a field section. atEnd, if
// it is not nil, runs before the body's reader sees io.EOF.
func (st *Stream) ReceivedEndLocked(atEnd func()) error {
	if err := st.c.sess.RecvEnd(&st.proto); err != nil {
		return err
	}
	st.endBodyLocked(atEnd)
	return nil
}

// endBodyLocked ends the body where the peer's side of the stream has ended. The
// stream may have closed with that. Its body must be complete before anyone is told,
// that is before the lock is gone.
func (st *Stream) endBodyLocked(atEnd func()) { st.Body.End(io.EOF, atEnd) }

// What follows is what a stream can be asked.

// IDLocked is the stream's identifier; 0 before a locally opened stream has left.
func (st *Stream) IDLocked() uint32 { return st.proto.ID() }

// Pushed reports whether the stream is one that a server promised. That does not
// change once the stream is open.
func (st *Stream) Pushed() bool { return st.proto.Pushed() }

// Err is why the stream closed, or is about to: see session.Stream.Err. Before the
// stream has closed the connection must be locked.
func (st *Stream) Err() error { return st.proto.Err() }

// ClosedLocked reports whether the stream is closed.
func (st *Stream) ClosedLocked() bool { return st.proto.Closed() }

// OverLocked reports whether nothing more can be sent.
func (st *Stream) OverLocked() bool { return st.proto.Over() }

// FinishedLocked reports whether our side has been given its end.
func (st *Stream) FinishedLocked() bool { return st.proto.Finished() }

// HeaderSentLocked reports whether the final field section has been emitted.
func (st *Stream) HeaderSentLocked() bool { return st.proto.HeaderSent() }

// LocalEndedLocked reports whether END_STREAM of ours has been emitted.
func (st *Stream) LocalEndedLocked() bool { return st.proto.LocalEnded() }

// RemoteEndedLocked reports whether the peer has ended its side.
func (st *Stream) RemoteEndedLocked() bool { return st.proto.RemoteEnded() }

// LentLocked reports whether bytes that a goroutine lent are still in use.
func (st *Stream) LentLocked() bool { return st.proto.Lent() }

// LentOutLocked reports whether lent bytes are being written at this moment; they
// come back even if the stream has closed.
func (st *Stream) LentOutLocked() bool { return st.proto.LentOut() }

// QueuedLocked is how much memory is taken up by what waits to leave.
func (st *Stream) QueuedLocked() int { return st.proto.Queued() }
