package session

import (
	"sync"

	"h2fork.example/net/internal/sched"
)

// maxFree bounds what a session keeps of each kind for streams to come. Most
// responses are a field section and one piece of data, so this is enough for 64 at
// a time. A peer that opens thousands of streams once must not have us keep as much
// for ever.
const maxFree = 128

// freeLists is the memory that a session keeps for streams to come. An idle session
// has none: it leaves it to others.
type freeLists struct {
	items   freeList[item]
	nodes   freeList[sched.Node]
	streams map[uint32]*Stream // for Session.streams, while that is nil; or nil
	most    int                // streams that were open at a time
}

// smallMap is how many streams fit into the smallest map that there is. A map never
// shrinks, so one that had more is not used again by another session.
const smallMap = 8

var freeListsPool = sync.Pool{New: func() any { return new(freeLists) }}

// lists returns the session's free lists.
func (s *Session) lists() *freeLists {
	if s.free == nil {
		s.free = freeListsPool.Get().(*freeLists)
	}
	return s.free
}

// addStream adds st to the open ones.
func (s *Session) addStream(st *Stream) {
	l := s.lists()
	if s.streams == nil {
		if s.streams, l.streams = l.streams, nil; s.streams == nil {
			s.streams = make(map[uint32]*Stream)
		}
	}
	s.streams[st.id] = st
	l.most = max(l.most, len(s.streams))
}

// Trim frees what the session keeps for streams to come. No stream is open.
func (s *Session) Trim() {
	if l := s.free; l != nil {
		if l.most <= smallMap && l.streams == nil {
			l.streams = s.streams
		}
		l.most = 0
		freeListsPool.Put(l)
	}
	s.free, s.streams = nil, nil
	if s.cfg.Policy != nil {
		s.cfg.Policy.Trim()
	}
}

// A freeList has Ts that are not in use. What a stream needs only while something
// is queued, or only until it closes, is not a part of Stream but taken from here.
// A program that keeps a Response keeps its Stream, and must not keep these with it; and
// making one for each stream would cost garbage collection.
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
