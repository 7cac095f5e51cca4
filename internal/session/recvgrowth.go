package session

import (
	"sync/atomic"
	"time"
)

// Growth is how receive windows grow with what is read. With the zero value they
// stay as they are.
//
// A stream's window begins small. It doubles whenever it has been used up within
// two round trips while at most a quarter of it lay unread. So a reader that keeps
// up makes it grow, and a peer that only sends does not. The connection's window
// does the same; and beyond that it gives back what lies unread, up to Unread,
// since otherwise streams that the program does not read would hold up the others.
// So that the connection's window never runs out, what streams have grown by is
// together no more than that:
//
//	all streams' windows ≤ streams × InitialWindow + target
//	the connection's     ≤ target + Unread
//
// If streams' windows grow, InitialWindow is at least 65,535, the default: a window
// never has to be narrowed once the peer has acknowledged it.
type Growth struct {
	MaxStream int32 // largest window of a stream; 0 if none grows
	MaxConn   int32 // largest target of the connection's window; 0 if it does not grow
	Unread    int32 // what the connection's window gives back of what lies unread
	Free      int32 // a stream's window up to which Budget is not asked
	Budget    *Budget
}

// Budget is by how much windows may be larger than fixed ones would be, on all
// connections that share it: many connections whose windows grow must not take up
// all memory. It is safe for concurrent use. A nil Budget has no limit.
type Budget struct {
	size int64
	used atomic.Int64
}

// NewBudget returns a budget of n bytes.
func NewBudget(n int64) *Budget { return &Budget{size: n} }

// Used is how much of the budget is used.
func (b *Budget) Used() int64 { return b.used.Load() }

// charge charges n bytes, if there are as many.
func (b *Budget) charge(n int32) bool {
	if b == nil {
		return true
	}
	if b.used.Load()+int64(n) > b.size {
		return false // the usual answer once all is used; it writes nothing
	}
	if b.used.Add(int64(n)) > b.size {
		b.used.Add(-int64(n))
		return false
	}
	return true
}

func (b *Budget) refund(n int32) {
	if b != nil && n != 0 {
		b.used.Add(-int64(n))
	}
}

// receiving is what a session knows of its windows' growth.
type receiving struct {
	began    time.Time // times are counted from here
	used     int32     // what has been read since recv.usage, up to target
	target   int32     // the connection's window while nothing lies unread
	grown    int64     // what all streams have grown by, together
	learned  int32     // the largest window that a stream has needed
	poor     int32     // the window of a stream that could not grow by shortage
	shortage int32
	charged  int64 // to the budget
	ended    bool  // the connection has ended, and has refunded charged

	roundTrip roundTrip
	unsure    bool // a PING is to be sent with the next WINDOW_UPDATE
	probing   bool // that WINDOW_UPDATE is pending
}

// chargeBudget charges n bytes for windows that grow, if the budget has as many.
func (s *Session) chargeBudget(n int32) bool {
	if s.growth.ended || !s.cfg.Growth.Budget.charge(n) {
		return false
	}
	s.growth.charged += int64(n)
	return true
}

func (s *Session) refundBudget(n int32) {
	if s.growth.ended {
		return
	}
	s.cfg.Growth.Budget.refund(n)
	s.growth.charged -= int64(n)
}

// refundAll gives everything back: the connection has ended.
func (s *Session) refundAll() {
	g := &s.growth
	if !g.ended && s.cfg.Growth.Budget != nil {
		s.cfg.Growth.Budget.used.Add(-g.charged)
	}
	g.charged, g.ended = 0, true
}

// ReceiveWindow is how large the connection's receive window is: what the peer may
// send before anything is consumed.
func (s *Session) ReceiveWindow() int32 { return s.recv.size }

// arrived notes that DATA has arrived on st.
func (s *Session) arrived(st *Stream, at time.Time) {
	g, conf := &s.growth, &s.cfg.Growth
	now, full := at.Sub(g.began), false
	if conf.MaxStream > 0 && st.recv.size < conf.MaxStream {
		full = st.usedUp(now, g.roundTrip.estimate())
	}
	if conf.MaxConn > 0 {
		full = s.connUsedUp(now) || full
		s.giveBackUnread()
	}
	if full && !s.Pinging() && g.roundTrip.due(now) {
		g.unsure = true
	}
}

// usedUnit is what a stream's received bytes are counted in. It is no more than a
// window that grows, and 255 of them are more than any that still does.
const usedUnit = 64 << 10

// usedUp notes that content has arrived, and reports whether a window's worth has
// arrived since it last did.
func (st *Stream) usedUp(now, roundTrip time.Duration) bool {
	w, units := &st.recv, uint8(st.received/usedUnit)
	w.usage.begin(now)
	if int32(units-st.usedUntil) < (w.size+usedUnit-1)/usedUnit {
		return false
	}
	w.usage.full(now, roundTrip)
	st.usedUntil = units
	return true
}

// connUsedUp is usedUp for the connection's window. It counts what has been read,
// so that content which the program does not read does not make it grow.
func (s *Session) connUsedUp(now time.Duration) bool {
	w, g := &s.recv, &s.growth
	w.usage.begin(now)
	if g.used < g.target {
		return false
	}
	w.usage.full(now, g.roundTrip.estimate())
	g.used = 0
	if w.usage.fast() {
		s.growConn()
	}
	return g.target < s.cfg.Growth.MaxConn
}

// giveBackUnread makes the connection's window larger by what lies unread, once
// that is an eighth of target. If the peer had much less than target, it could not
// use the window up within two round trips, and the window would not grow.
func (s *Session) giveBackUnread() {
	w, target := &s.recv, s.growth.target
	if has := w.avail + w.credit; has < target-target/8 {
		n := min(target-has, target+s.cfg.Growth.Unread-w.size)
		if n > 0 && s.chargeBudget(n) {
			w.grow(n)
		}
	}
}

// refill gives n bytes that have been read or discarded back to the connection's
// window. If giveBackUnread has made the window larger for them, they go back to
// the budget instead.
func (s *Session) refill(n int32) {
	w, g := &s.recv, &s.growth
	if s.cfg.Growth.MaxConn > 0 {
		g.used = min(g.used+n, g.target)
		if back := min(n, w.size-g.target, w.avail+w.credit+n-g.target); back > 0 {
			w.size -= back
			s.refundBudget(back)
			n -= back
		}
	}
	w.credit += n
}

// growConn doubles the connection's window.
func (s *Session) growConn() {
	g := &s.growth
	n := min(g.target, s.cfg.Growth.MaxConn-g.target)
	if n > 0 && s.chargeBudget(n) {
		g.target += n
		s.recv.grow(n)
	}
}

// growStream makes the window of st larger, if its reader keeps up. It is asked
// when a WINDOW_UPDATE is due anyway, so that none is sent for this.
func (s *Session) growStream(st *Stream) {
	w, most := &st.recv, s.cfg.Growth.MaxStream
	switch {
	case w.size >= most:
	case w.size < s.growth.learned && w.size == s.cfg.InitialWindow && st.unread <= w.size/2:
		// The first window's worth has been read, so this stream gets what others have
		// needed. It gets no more than half of what streams may still grow by, since it
		// may end soon.
		s.growBy(st, min(int64(s.growth.learned-w.size), s.mayGrowBy()/2))
	case w.usage.fast() && st.unread <= w.size/4:
		n := min(w.size, most-w.size)
		if s.growBy(st, min(int64(n), s.mayGrowBy())) {
			s.growth.learned = max(s.growth.learned, w.size)
		} else {
			s.growth.shortage, s.growth.poor = n, w.size
		}
	}
}

// share makes the window of st smaller if another stream, whose window is a quarter
// of it or less, could not grow. n bytes have been consumed on st; share returns
// how many of them st's window gets back.
func (s *Session) share(st *Stream, n int32) int32 {
	g, w := &s.growth, &st.recv
	if g.shortage == 0 || w.size < 4*g.poor || w.size <= s.cfg.InitialWindow {
		return n
	}
	shrunk := min(n, g.shortage, w.size-s.cfg.InitialWindow)
	s.refundBudget(s.billed(w.size) - s.billed(w.size-shrunk))
	w.size -= shrunk
	g.grown -= int64(shrunk)
	g.shortage -= shrunk
	return n - shrunk
}

// mayGrowBy is how much streams may still grow by, together.
func (s *Session) mayGrowBy() int64 { return max(0, int64(s.growth.target)-s.growth.grown) }

// growBy makes the window of st larger by n, if the budget allows it and n is worth
// while.
func (s *Session) growBy(st *Stream, n int64) bool {
	w := &st.recv
	w.usage.grown()
	if n == 0 || n < int64(s.cfg.InitialWindow)/4 {
		return false
	}
	if bill := s.billed(w.size+int32(n)) - s.billed(w.size); bill > 0 && !s.chargeBudget(bill) {
		return false
	}
	w.grow(int32(n))
	s.growth.grown += n
	return true
}

// billed is how much of a stream's window is charged to the budget.
func (s *Session) billed(size int32) int32 {
	return max(0, size-max(s.cfg.Growth.Free, s.cfg.InitialWindow))
}

// shrink gives back what the window of st has grown by, except for what still lies
// unread. No more content arrives on st, so the window is used for nothing else any
// more.
func (s *Session) shrink(st *Stream) {
	w, first := &st.recv, s.cfg.InitialWindow
	if keep := max(first, st.unread); s.cfg.Growth.MaxStream > 0 && keep < w.size {
		s.refundBudget(s.billed(w.size) - s.billed(keep))
		s.growth.grown -= int64(w.size - keep)
		w.size = keep
	}
}

// worth is how much credit of a stream's window makes a frame pay. A quarter keeps
// updates few. A window that has not grown may wait for half: few streams need
// more.
func (s *Session) worth(st *Stream) int32 {
	if s.cfg.Growth.MaxStream > 0 && st.recv.size == s.cfg.InitialWindow {
		return st.recv.size / 2
	}
	return st.recv.size / 4
}

// Probing reports whether Probe must be called before the next Emit.
func (s *Session) Probing() bool { return s.growth.probing }

// Probe measures the round trip: it makes a PING pending, beside a pending
// WINDOW_UPDATE.
func (s *Session) Probe(now time.Time) {
	g := &s.growth
	g.probing, g.unsure = false, false
	if s.MayPing() {
		s.Ping(g.roundTrip.probe(now.Sub(g.began)))
	}
}

// pingAcked notes a PING acknowledgement, which need not be for a PING of ours.
func (s *Session) pingAcked(data [8]byte, now time.Time) {
	g := &s.growth
	s.pinging.acked(s.answers)
	g.roundTrip.answered(data, now.Sub(g.began))
}
