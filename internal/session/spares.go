package session

import "h2fork.example/net/internal/sched"

// maxSpares bounds what a session keeps of each kind for streams to come: most
// responses are a head and one piece of data, and 64 may be under way. A peer that
// opens thousands of streams once must not have us keep as much for ever.
const maxSpares = 128

// stock is what a session has ready for streams to come. An idle one has none.
type stock struct {
	items spares[item]
	nodes spares[sched.Node]
}

// stocked returns the session's stock.
func (s *Session) stocked() *stock {
	if s.stock == nil {
		s.stock = new(stock)
	}
	return s.stock
}

// Trim lets go of what the session, which has no stream open, keeps for those to
// come. A map stays as large as it ever was, so it is made again.
func (s *Session) Trim() {
	s.stock = nil
	s.streams = make(map[uint32]*Stream)
}

// spares are Ts that nobody uses. What a stream needs only while something is
// queued, or only until it closes, is no part of it but taken from here: it may be
// kept for long after, by whoever keeps its Request, and each one that is made
// would be the garbage collector's.
type spares[T any] struct{ free []*T }

// take returns a T that is zero.
func (s *spares[T]) take() *T {
	n := len(s.free)
	if n == 0 {
		return new(T)
	}
	p := s.free[n-1]
	s.free[n-1] = nil
	s.free = s.free[:n-1]
	return p
}

// give gives p back.
func (s *spares[T]) give(p *T) {
	if len(s.free) < maxSpares {
		var zero T
		*p = zero
		s.free = append(s.free, p)
	}
}
