package conn

import "h2fork.example/net/internal/session"

// Stream is the engine's part of a stream, embedded by value in the side's.
type Stream struct {
	session.Stream

	// Set before the stream is opened, then constant.
	Body *Body // nil if the peer sends no content
	Side any   // the side's stream
	c    *Conn

	moved waiters // on Conn.mu: until output moves or the stream closes

	// Place in the queue of handlers. Guarded by Conn.mu.
	queued           bool
	dropped          bool // closed while queued; constant once the stream is closed
	runPrev, runNext *Stream
}

// Init makes st, zero so far, a stream of c, with body for what the peer sends, which
// is zero too, or nil.
func (st *Stream) Init(c *Conn, side any, body *Body) {
	st.c, st.Side = c, side
	st.Owner = st
	if body != nil {
		body.st = st
		st.Body = body
	}
}

// Conn is the stream's connection.
func (st *Stream) Conn() *Conn { return st.c }

// OutputMoved implements session.Owner.
func (st *Stream) OutputMoved() {
	st.moved.wake()
}

// WaitLocked waits until done reports true. It looks
// again whenever output of the stream has moved or the stream has closed.
func (st *Stream) WaitLocked(done func() bool) {
	for !done() {
		st.moved.wait(&st.c.mu)
	}
}

// closedLocked is told that the stream closed. A handler that has not been started
// never will be.
func (st *Stream) closedLocked() {
	st.dropped = st.queued
	st.c.workers.removeLocked(st)
}
