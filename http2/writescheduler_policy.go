package http2

import (
	"fmt"

	"h2fork.example/net/internal/sched"
)

// policyScheduler is a WriteScheduler that lets a policy pick the stream. It is
// what this package's constructors return. Connections use only its policy; its
// methods are for programs that put it inside their own WriteSchedulers.
type policyScheduler struct {
	newPolicy   func() sched.Policy
	policy      sched.Policy // a node is ready while its stream has frames, except during Pop
	streams     map[uint32]*scheduledStream
	control     requestQueue       // written before anything else
	blocked     []*scheduledStream // streams that Pop found without flow control; empty outside Pop
	opensOnPush bool               // streams are open while they have frames, whatever OpenStream says
}

// scheduledStream is an open stream with the frames that it has queued.
type scheduledStream struct {
	node  sched.Node
	queue requestQueue
}

func newPolicyScheduler(newPolicy func() sched.Policy) *policyScheduler {
	return &policyScheduler{
		newPolicy: newPolicy,
		policy:    newPolicy(),
		streams:   make(map[uint32]*scheduledStream),
	}
}

func (s *policyScheduler) OpenStream(streamID uint32, options OpenStreamOptions) {
	if s.opensOnPush {
		return
	}
	if s.streams[streamID] != nil {
		panic(fmt.Sprintf("stream %d already opened", streamID))
	}
	s.open(streamID, options)
}

func (s *policyScheduler) open(streamID uint32, options OpenStreamOptions) *scheduledStream {
	st := new(scheduledStream)
	st.node.ID = streamID
	st.node.Value = st
	s.streams[streamID] = st
	s.policy.Open(&st.node, sched.OpenOptions{PusherID: options.PusherID, Priority: options.priority.sched()})
	return st
}

func (s *policyScheduler) CloseStream(streamID uint32) {
	st := s.streams[streamID]
	if st == nil {
		return
	}
	delete(s.streams, streamID)
	s.policy.Close(&st.node)
}

func (s *policyScheduler) AdjustStream(streamID uint32, priority PriorityParam) {
	s.policy.Adjust(streamID, priority.sched())
}

func (s *policyScheduler) Push(wr FrameWriteRequest) {
	if wr.control || wr.streamID == 0 {
		s.control.push(wr)
		return
	}
	st := s.streams[wr.streamID]
	if st == nil && s.opensOnPush {
		st = s.open(wr.streamID, OpenStreamOptions{})
	}
	if st == nil {
		if wr.size > 0 {
			panic("add DATA on non-open stream")
		}
		s.control.push(wr)
		return
	}
	st.queue.push(wr)
	s.policy.SetReady(&st.node)
}

func (s *policyScheduler) Pop() (FrameWriteRequest, bool) {
	if !s.control.empty() {
		return s.control.pop(), true
	}
	wr, ok := s.popStream()
	for i, st := range s.blocked {
		s.policy.SetReady(&st.node)
		s.blocked[i] = nil
	}
	s.blocked = s.blocked[:0]
	return wr, ok
}

// popStream returns the next frame of a stream. Streams that flow control does not
// let send anything lose their turn: it adds them to s.blocked, not ready.
func (s *policyScheduler) popStream() (FrameWriteRequest, bool) {
	for {
		node, limit := s.policy.Next()
		if node == nil {
			return FrameWriteRequest{}, false
		}
		st := node.Value.(*scheduledStream)
		wr, ok := st.queue.consume(int32(limit))
		if !ok {
			s.policy.ClearReady(node)
			s.blocked = append(s.blocked, st)
			continue
		}
		s.policy.Sent(node, wr.size)
		switch {
		case !st.queue.empty():
		case s.opensOnPush:
			s.CloseStream(node.ID)
		default:
			s.policy.ClearReady(node)
		}
		return wr, true
	}
}

// requestQueue holds requests in the order of their frames.
type requestQueue struct {
	requests []FrameWriteRequest
	head     int // where in requests the first is
}

func (q *requestQueue) empty() bool { return q.head == len(q.requests) }

func (q *requestQueue) push(wr FrameWriteRequest) {
	// Move the requests to the front rather than let the slice grow, if that frees
	// space for as many again.
	if len(q.requests) == cap(q.requests) && q.head > len(q.requests)/2 {
		n := copy(q.requests, q.requests[q.head:])
		clear(q.requests[n:])
		q.requests = q.requests[:n]
		q.head = 0
	}
	q.requests = append(q.requests, wr)
}

// pop returns the first request. The queue must not be empty.
func (q *requestQueue) pop() FrameWriteRequest {
	wr := q.requests[q.head]
	q.requests[q.head] = FrameWriteRequest{}
	q.head++
	if q.empty() {
		q.requests = q.requests[:0]
		q.head = 0
	}
	return wr
}

// consume returns the first request, or as much of it as limit and flow control
// allow, or false if that is nothing. The queue must not be empty.
func (q *requestQueue) consume(limit int32) (FrameWriteRequest, bool) {
	first, rest, n := q.requests[q.head].Consume(limit)
	switch n {
	case 0:
		return FrameWriteRequest{}, false
	case 1:
		q.pop()
	default:
		q.requests[q.head] = rest
	}
	return first, true
}
