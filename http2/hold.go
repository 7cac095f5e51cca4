package http2

import (
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/session"
)

// hold is a response that has been flushed and is not on the wire: its field
// section waits for what comes next, so that END_STREAM can go on it if nothing
// does. Guarded by the connection's lock.
type hold struct {
	sec      *session.Section // nil: nothing is held
	dated    bool             // by the handler
	released bool             // the final field section has been queued
}

// take ends the hold, and returns what was held or nil. It is dated now: it is
// to be what it would have been without the Flush.
func (h *hold) take() *session.Section {
	sec := h.sec
	h.sec = nil
	if sec != nil && !h.dated {
		sec.Fields = append(sec.Fields, field("date", dateField()))
	}
	return sec
}

// holds ends, on time, the holds that have a limit: one timer and one queue a
// connection, since all have the same limit.
type holds struct {
	c     *conn.Conn
	timer *time.Timer // nil until the first hold

	// Guarded by the connection's lock.
	queue   []timedHold // by time, oldest first
	armed   bool
	stopped bool
}

type timedHold struct {
	st  *serverStream
	end time.Time
}

func (h *holds) init(c *conn.Conn) { h.c = c }

// add limits a hold that has just begun. The connection is locked.
func (h *holds) add(st *serverStream) {
	h.queue = append(h.queue, timedHold{st, time.Now().Add(holding.limit)})
	if !h.armed && !h.stopped {
		h.arm(holding.limit)
	}
}

func (h *holds) arm(d time.Duration) {
	h.armed = true
	if h.timer == nil {
		h.timer = time.AfterFunc(d, h.expire)
	} else {
		h.timer.Reset(d)
	}
}

// expire ends the holds whose time is over. Those that have ended otherwise are
// dropped as they come up.
func (h *holds) expire() {
	h.c.Lock()
	h.armed = false
	now := time.Now()
	n := 0
	for n < len(h.queue) && (!h.queue[n].end.After(now) || h.queue[n].st.w.hold.sec == nil) {
		h.queue[n].st.w.releaseHeld()
		n++
	}
	rest := h.queue[:copy(h.queue, h.queue[n:])]
	clear(h.queue[len(rest):])
	h.queue = rest
	if len(rest) > 0 && !h.stopped {
		h.arm(rest[0].end.Sub(now))
	}
	h.c.UnlockAndWake()
}

func (h *holds) stop() {
	h.c.Lock()
	h.stopped = true
	h.queue = nil
	if h.timer != nil {
		h.timer.Stop()
	}
	h.c.Unlock()
}
