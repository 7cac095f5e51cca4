package session

import (
	"sync/atomic"
	"time"
)

// Growth is how receive windows follow what is read. The zero value has them stay as
// they are.
//
// A stream's window begins small, and doubles whenever it has been used up within
// two round trips while next to nothing of it lay unread: it is the reader that asks
// for more, not the peer. The connection's window does the same; and beyond that it
// gives back what lies unread, within Unread, since otherwise streams that nobody
// reads would hold up the others. So that it never runs out, what streams have grown
// by is together no more than the connection's window:
//
//	all streams' windows ≤ streams × InitialWindow + target
//	the connection's     ≤ target + Unread
//
// InitialWindow is 65,535 at least if streams' windows grow: no peer has to be told of
// less.
type Growth struct {
	MaxStream int32 // largest window of a stream; 0 if none grows
	MaxConn   int32 // largest target of the connection's window; 0 if it does not grow
	Unread    int32 // what the connection's window gives back of what lies unread
	Free      int32 // a stream's window up to which Budget is not asked
	Budget    *Budget
}

// Budget is how much windows may be larger than fixed ones would be, on all
// connections that share it. It is safe for concurrent use. A nil one has no end.
type Budget struct {
	size int64
	used atomic.Int64
}

// NewBudget returns a budget of n bytes.
func NewBudget(n int64) *Budget { return &Budget{size: n} }

// Used is how much of it is taken.
func (b *Budget) Used() int64 { return b.used.Load() }

// take takes n bytes, if there are as many.
func (b *Budget) take(n int32) bool {
	if b == nil {
		return true
	}
	if b.used.Load()+int64(n) > b.size {
		return false // the usual answer while there is none left; it writes nothing
	}
	if b.used.Add(int64(n)) > b.size {
		b.used.Add(-int64(n))
		return false
	}
	return true
}

func (b *Budget) give(n int32) {
	if b != nil && n != 0 {
		b.used.Add(-int64(n))
	}
}

// receiving is what a session knows of its windows' growth.
type receiving struct {
	began    time.Time // what times are since
	used     int32     // what has been read since recv.usage, up to target
	target   int32     // what the peer has of the connection's window while nothing lies unread
	grown    int64     // what streams have grown by
	learned  int32     // the largest window that a stream has needed
	poor     int32     // the window of a stream that wanted to grow by shortage when there was no room
	shortage int32
	taken    int64 // from the budget
	over     bool  // the connection is, and has given it back

	roundTrip roundTrip
	unsure    bool // a PING is to go with the next WINDOW_UPDATE
	probing   bool // that WINDOW_UPDATE is pending
	pings     int  // PINGs that have not been acknowledged
}

// takeBudget takes n bytes for windows that grow, if there are as many.
func (s *Session) takeBudget(n int32) bool {
	if s.growth.over || !s.cfg.Growth.Budget.take(n) {
		return false
	}
	s.growth.taken += int64(n)
	return true
}

func (s *Session) giveBudget(n int32) {
	if s.growth.over {
		return
	}
	s.cfg.Growth.Budget.give(n)
	s.growth.taken -= int64(n)
}

// leaveBudget gives everything back: the connection is over.
func (s *Session) leaveBudget() {
	g := &s.growth
	if !g.over && s.cfg.Growth.Budget != nil {
		s.cfg.Growth.Budget.used.Add(-g.taken)
	}
	g.taken, g.over = 0, true
}

// ReceiveWindow is how much the peer may send before anything is consumed.
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
	if full && g.pings == 0 && g.roundTrip.due(now) {
		g.unsure = true
	}
}

// usedUnit is what a stream's received bytes are counted in. It is no more than a window
// that grows, and 255 of them are more than any that still does.
const usedUnit = 64 << 10

// usedUp notes that content has arrived, and reports whether a window's worth has.
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

// connUsedUp is usedUp for the connection's window. What counts is what has been
// read, so that content that nobody reads does not have it grow.
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

// giveBackUnread makes up for what lies unread, once that is an eighth of what the peer
// should have: with much less than that, a window would not be used up in two round
// trips, and not grow.
func (s *Session) giveBackUnread() {
	w, target := &s.recv, s.growth.target
	if has := w.avail + w.credit; has < target-target/8 {
		n := min(target-has, target+s.cfg.Growth.Unread-w.size)
		if n > 0 && s.takeBudget(n) {
			w.grow(n)
		}
	}
}

// refill gives n bytes that are unread no more back to the connection's window, or to
// the budget that they have been made up for from.
func (s *Session) refill(n int32) {
	w, g := &s.recv, &s.growth
	if s.cfg.Growth.MaxConn > 0 {
		g.used = min(g.used+n, g.target)
		if back := min(n, w.size-g.target, w.avail+w.credit+n-g.target); back > 0 {
			w.size -= back
			s.giveBudget(back)
			n -= back
		}
	}
	w.credit += n
}

// growConn doubles the connection's window.
func (s *Session) growConn() {
	g := &s.growth
	n := min(g.target, s.cfg.Growth.MaxConn-g.target)
	if n > 0 && s.takeBudget(n) {
		g.target += n
		s.recv.grow(n)
	}
}

// growStream makes the window of st larger, if its reader keeps up. It is asked when
// a WINDOW_UPDATE is due anyway, so that none is sent for this.
func (s *Session) growStream(st *Stream) {
	w, most := &st.recv, s.cfg.Growth.MaxStream
	switch {
	case w.size >= most:
	case w.size < s.growth.learned && w.size == s.cfg.InitialWindow && st.unread <= w.size/2:
		// What it has been given first has been read: it begins with what others have
		// needed, but with no more than half of what is left, since it may stop here.
		s.growBy(st, min(int64(s.growth.learned-w.size), s.roomToGrow()/2))
	case w.usage.fast() && st.unread <= w.size/4:
		n := min(w.size, most-w.size)
		if s.growBy(st, min(int64(n), s.roomToGrow())) {
			s.growth.learned = max(s.growth.learned, w.size)
		} else {
			s.growth.shortage, s.growth.poor = n, w.size
		}
	}
}

// share has a stream whose n bytes have been consumed leave some of its window to a
// much poorer one that could not grow, and returns what it keeps of n.
func (s *Session) share(st *Stream, n int32) int32 {
	g, w := &s.growth, &st.recv
	if g.shortage == 0 || w.size < 4*g.poor || w.size <= s.cfg.InitialWindow {
		return n
	}
	left := min(n, g.shortage, w.size-s.cfg.InitialWindow)
	s.giveBudget(s.billed(w.size) - s.billed(w.size-left))
	w.size -= left
	g.grown -= int64(left)
	g.shortage -= left
	return n - left
}

// roomToGrow is how much streams may still grow by, together.
func (s *Session) roomToGrow() int64 { return max(0, int64(s.growth.target)-s.growth.grown) }

// growBy makes the window of st larger by n, if that is allowed and worth while.
func (s *Session) growBy(st *Stream, n int64) bool {
	w := &st.recv
	w.usage.grown()
	if n == 0 || n < int64(s.cfg.InitialWindow)/4 {
		return false
	}
	if bill := s.billed(w.size+int32(n)) - s.billed(w.size); bill > 0 && !s.takeBudget(bill) {
		return false
	}
	w.grow(int32(n))
	s.growth.grown += n
	return true
}

// billed is how much of a stream's window is the budget's.
func (s *Session) billed(size int32) int32 {
	return max(0, size-max(s.cfg.Growth.Free, s.cfg.InitialWindow))
}

// shrink gives back what st, which nothing more arrives on, has grown by, except for
// what of it still lies unread. Nothing but this asks for its window any more.
func (s *Session) shrink(st *Stream) {
	w, first := &st.recv, s.cfg.InitialWindow
	if keep := max(first, st.unread); s.cfg.Growth.MaxStream > 0 && keep < w.size {
		s.giveBudget(s.billed(w.size) - s.billed(keep))
		s.growth.grown -= int64(w.size - keep)
		w.size = keep
	}
}

// worth is how much credit of a stream's window makes a frame pay. A quarter keeps
// updates few. A window that has not grown may wait for half: few streams need more.
func (s *Session) worth(st *Stream) int32 {
	if s.cfg.Growth.MaxStream > 0 && st.recv.size == s.cfg.InitialWindow {
		return st.recv.size / 2
	}
	return st.recv.size / 4
}

// Probing reports whether Probe is to be called before the next Emit.
func (s *Session) Probing() bool { return s.growth.probing }

// Probe has the round trip measured, beside a WINDOW_UPDATE that is pending.
//
// Servers count PINGs: gRPC's more than two of them without DATA of ours (and they
// count anew when they have sent DATA themselves), so a PING without a frame that
// moves something, or a second one before the first has been answered, never leaves.
func (s *Session) Probe(now time.Time) {
	g := &s.growth
	g.probing, g.unsure = false, false
	if g.pings == 0 {
		s.Ping(g.roundTrip.probe(now.Sub(g.began)))
	}
}

// Pinging reports whether a PING of ours has not been acknowledged.
func (s *Session) Pinging() bool { return s.growth.pings > 0 }

// pingAcked notes the acknowledgement of a PING of ours, or of none.
func (s *Session) pingAcked(data [8]byte, now time.Time) {
	g := &s.growth
	g.pings = max(0, g.pings-1)
	g.roundTrip.answered(data, now.Sub(g.began))
}
