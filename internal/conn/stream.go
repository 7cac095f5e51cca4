package conn

import (
	"io"

	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// Stream is conn's part of a stream, embedded by value in http2's. http2 calls its
// methods and never the session's: the session belongs to conn.
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

// Init makes st, which is zero so far, a stream of c. body, zero too, is for the
// content that the peer sends; nil if there will be none.
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

// WakeWaitersLocked has the goroutines in WaitLocked look again.
func (st *Stream) WakeWaitersLocked() { st.moved.wake() }

// WakeLocked is [Conn.WakeLocked].
func (st *Stream) WakeLocked() { st.c.WakeLocked() }

// GatherLocked is [Conn.GatherLocked].
func (st *Stream) GatherLocked() { st.c.GatherLocked() }

// RecallLocked is [Conn.RecallLocked].
func (st *Stream) RecallLocked() { st.c.RecallLocked() }

// closedLocked notes that the stream has closed. If its handler has not been
// started, it never will be.
func (st *Stream) closedLocked() {
	st.dropped = st.queued
	st.c.workers.removeLocked(st)
}

// What http2 tells a stream. Output is only queued: it is sent once the connection
// is unlocked with UnlockAndWake, or WakeLocked is called.

// OpenLocked queues a request's field section, which is the whole request if end.
// See session.Session.Open.
func (st *Stream) OpenLocked(sec *session.Section, end bool) { st.c.sess.Open(&st.proto, sec, end) }

// SendInfoLocked queues an informational (1xx) field section.
func (st *Stream) SendInfoLocked(sec *session.Section) { st.c.sess.SendInfo(&st.proto, sec) }

// SendHeaderLocked queues the final field section.
func (st *Stream) SendHeaderLocked(sec *session.Section) { st.c.sess.SendHeader(&st.proto, sec) }

// CommitHeaderLocked is SendHeaderLocked, but the frame never carries END_STREAM.
func (st *Stream) CommitHeaderLocked(sec *session.Section) { st.c.sess.CommitHeader(&st.proto, sec) }

// SendBufferLocked queues body bytes, and owns them from now on.
func (st *Stream) SendBufferLocked(buf *session.Buffer) { st.c.sess.SendBuffer(&st.proto, buf) }

// SendLentLocked queues body bytes that stay the caller's. The caller may neither
// change nor free them until LentLocked reports false.
func (st *Stream) SendLentLocked(data []byte) { st.c.sess.SendLent(&st.proto, data) }

// SendEndLocked finishes our side, with trailers if they are not nil.
func (st *Stream) SendEndLocked(trailers *session.Section) { st.c.sess.SendEnd(&st.proto, trailers) }

// SendPromise queues PUSH_PROMISE on st for the request in sec, waits until it has
// been sent or has failed, and then starts the handler of promised. promised is
// zero but for Init.
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

// ResetWhenSentLocked ends the stream once everything that is queued has been sent.
func (st *Stream) ResetWhenSentLocked(code wire.ErrCode, cause error) {
	st.c.sess.ResetWhenSent(&st.proto, code, cause)
}

// DoneLocked says that a handler will not use the stream any more.
func (st *Stream) DoneLocked() { st.c.sess.Done(&st.proto) }

// AbandonLocked drops what a client has not sent of a request.
func (st *Stream) AbandonLocked() { st.c.sess.Abandon(&st.proto) }

// ReceivedHeaderLocked says that the response's final field section has arrived,
// and what content-length its content is held against, or -1.
func (st *Stream) ReceivedHeaderLocked(declared int64) { st.c.sess.RecvHeader(&st.proto, declared) }

// ReceivedEnd is ReceivedEndLocked, for a caller that has not locked the
// connection.
func (st *Stream) ReceivedEnd(atEnd func()) error {
	st.c.Lock()
	defer st.c.Unlock()
	return st.ReceivedEndLocked(atEnd)
}

// ReceivedEndLocked says that END_STREAM has arrived with a field section. atEnd,
// if it is not nil, runs before the body's reader sees io.EOF.
func (st *Stream) ReceivedEndLocked(atEnd func()) error {
	if err := st.c.sess.RecvEnd(&st.proto); err != nil {
		return err
	}
	st.endBodyLocked(atEnd)
	return nil
}

// endBodyLocked ends the body when the peer's side of the stream has ended. The
// stream may have closed with that, and its closing is told once the lock is
// released. The body must be complete before that, so this needs the lock.
func (st *Stream) endBodyLocked(atEnd func()) { st.Body.End(io.EOF, atEnd) }

// What http2 asks a stream.

// IDLocked is the stream's identifier; 0 on a client until its HEADERS have been
// sent.
func (st *Stream) IDLocked() uint32 { return st.proto.ID() }

// Pushed reports whether the stream is one that a server promised. That does not
// change once the stream is open.
func (st *Stream) Pushed() bool { return st.proto.Pushed() }

// Err is why the stream closed, or is about to: see session.Stream.Err. Before the
// stream has closed the connection must be locked.
func (st *Stream) Err() error { return st.proto.Err() }

// ClosedLocked reports whether the stream is closed.
func (st *Stream) ClosedLocked() bool { return st.proto.Closed() }

// ClosingLocked reports whether nothing more can be queued: the stream is closed, or
// will be reset once what is queued has been sent.
func (st *Stream) ClosingLocked() bool { return st.proto.Closing() }

// FinishedLocked reports whether the end of our side has been queued or sent.
func (st *Stream) FinishedLocked() bool { return st.proto.Finished() }

// HeaderSentLocked reports whether the final field section has been emitted.
func (st *Stream) HeaderSentLocked() bool { return st.proto.HeaderSent() }

// LocalEndedLocked reports whether END_STREAM of ours has been emitted.
func (st *Stream) LocalEndedLocked() bool { return st.proto.LocalEnded() }

// RemoteEndedLocked reports whether the peer has ended its side.
func (st *Stream) RemoteEndedLocked() bool { return st.proto.RemoteEnded() }

// RemoteEnded is RemoteEndedLocked of a stream that has closed: it does not change any
// more.
func (st *Stream) RemoteEnded() bool { return st.proto.RemoteEnded() }

// LentLocked reports whether bytes that a goroutine lent are still in use.
func (st *Stream) LentLocked() bool { return st.proto.Lent() }

// LentOutLocked reports whether lent bytes are being written at this moment; they
// come back even if the stream has closed.
func (st *Stream) LentOutLocked() bool { return st.proto.LentOut() }

// QueuedLocked is how much memory is taken up by what waits to be sent.
func (st *Stream) QueuedLocked() int { return st.proto.Queued() }
