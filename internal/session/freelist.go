package session

import "h2fork.example/net/internal/sched"

// maxFree bounds what a session keeps of each kind for streams to come: most
// responses are a head and one piece of data, and 64 may be under way. A peer that
// opens thousands of streams once must not have us keep as much for ever.
const maxFree = 128

// freeLists is what a session has ready for streams to come. An idle one has none.
type freeLists struct {
	items freeList[item]
	nodes freeList[sched.Node]
}

// lists returns the session's free lists.
func (s *Session) lists() *freeLists {
	if s.free == nil {
		s.free = new(freeLists)
	}
	return s.free
}

// Trim lets go of what the session, which has no stream open, keeps for those to
// come. A map stays as large as it ever was, so it is made again.
func (s *Session) Trim() {
	s.free = nil
	s.streams = make(map[uint32]*Stream)
}

// A freeList has Ts that nobody uses. What a stream needs only while something is
// queued, or only until it closes, is no part of it but taken from here: it may be
// kept for long after, by whoever keeps its Request, and each one that is made
// would be the garbage collector's.
type freeList[T any] struct{ free []*T }

// get returns a T that is zero.
func (s *freeList[T]) get() *T {
	n := len(s.free)
	if n == 0 {
		return new(T)
	}
	p := s.free[n-1]
	s.free[n-1] = nil
	s.free = s.free[:n-1]
	return p
}

// put gives p back.
func (s *freeList[T]) put(p *T) {
	if len(s.free) < maxFree {
		var zero T
		*p = zero
		s.free = append(s.free, p)
	}
}
