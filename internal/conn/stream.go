package conn

import (
	"sync"

	"h2fork.example/net/internal/session"
)

// Stream is the engine's part of a stream, embedded by value in the side's.
type Stream struct {
	session.Stream
	Body Body
	Side any // the side's stream, set before the stream is opened

	c       *Conn
	moved   sync.Cond // on Conn.mu: output moved, or the stream closed
	waiting int32     // guarded by Conn.mu: goroutines in Wait

	// Place in the queue of handlers. Guarded by Conn.mu.
	queued           bool
	dropped          bool // closed while queued; constant once the stream is closed
	runPrev, runNext *Stream
}

// Init makes st, zero so far, a stream of c.
func (st *Stream) Init(c *Conn, side any) {
	st.c, st.Side = c, side
	st.Owner = st
	st.moved.L = &c.mu
	st.Body.init(st)
}

// Conn is the stream's connection.
func (st *Stream) Conn() *Conn { return st.c }

// OutputMoved implements session.Owner.
func (st *Stream) OutputMoved() {
	if st.waiting > 0 {
		st.moved.Broadcast()
	}
}

// Wait waits, with the connection locked, until done reports true. It looks
// again whenever output of the stream has moved or the stream has closed.
func (st *Stream) Wait(done func() bool) {
	st.waiting++
	for !done() {
		st.moved.Wait()
	}
	st.waiting--
}

// closedLocked is told that the stream closed, with the connection locked. A
// handler that has not been started never will be.
func (st *Stream) closedLocked() {
	st.dropped = st.queued
	st.c.workers.remove(st)
}
