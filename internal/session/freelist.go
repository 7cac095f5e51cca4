package session

import "h2fork.example/net/internal/sched"

// maxFree bounds what a session keeps of each kind for streams to come. Most
// responses are a field section and one piece of data, so this is enough for 64 at
// a time. A peer that opens thousands of streams once must not have us keep as much
// for ever.
const maxFree = 128

// freeLists is the memory that a session keeps for streams to come. An idle session
// has none.
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

// Trim frees what the session keeps for streams to come. No stream is open. A map
// never shrinks, so the next stream makes another.
func (s *Session) Trim() {
	s.free, s.streams = nil, nil
}

// A freeList has Ts that are not in use. What a stream needs only while something
// is queued, or only until it closes, is not a part of Stream but taken from here.
// A program that keeps a Request keeps its Stream, and must not keep these with it;
// and making one for each stream would cost garbage collection.
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
