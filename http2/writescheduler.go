package http2

import "h2fork.example/net/internal/sched"

// A WriteScheduler decides the order in which a server's frames are sent on one
// connection. A Server has one made for each connection by its NewWriteScheduler
// field.
//
// The server calls it while it holds the connection's lock: no two methods run at
// the same time, and none may wait or call back into the server.
type WriteScheduler interface {
	// OpenStream tells of a new stream. The stream is not 0 and not open already; if
	// it is, OpenStream may panic.
	OpenStream(streamID uint32, options OpenStreamOptions)

	// CloseStream tells that an open stream is closed. Frames of the stream that are
	// still queued are to be dropped. If the stream is not open, CloseStream may
	// panic.
	CloseStream(streamID uint32)

	// AdjustStream changes the priority of a stream. The stream may be closed, or not
	// open yet: clients may send PRIORITY frames for streams in any state
	// (RFC 7540 §5.1) and PRIORITY_UPDATE frames ahead of the stream (RFC 9218 §7.1).
	AdjustStream(streamID uint32, priority PriorityParam)

	// Push queues a frame. If wr.StreamID() is not 0, that stream is open, unless the
	// frame is RST_STREAM, which may be for any stream.
	Push(wr FrameWriteRequest)

	// Pop returns the frame to be written next, or false if there is none that may be
	// written now. Frames of a stream come out in the order in which they were pushed,
	// except that RST_STREAM may come sooner. Only CloseStream drops frames. Pop must
	// pass a DATA frame through FrameWriteRequest.Consume, and return what that
	// returned.
	Pop() (wr FrameWriteRequest, ok bool)
}

// OpenStreamOptions says more about a stream that is opened in a WriteScheduler.
type OpenStreamOptions struct {
	// PusherID is the stream on which the new stream was promised, if the server
	// pushes it; 0 if the client opened it.
	PusherID uint32

	// priority is what the request's Priority field says, for schedulers that follow
	// RFC 9218.
	priority PriorityParam
}

// PriorityWriteSchedulerConfig configures the scheduler that
// NewPriorityWriteScheduler returns.
type PriorityWriteSchedulerConfig struct {
	// MaxClosedNodesInTree is how many closed streams stay in the dependency tree. A
	// client may name a stream as a dependency just when it closes; while the stream
	// is remembered that still means what the client wanted (RFC 7540 §5.3.4). With 0
	// none stays, which saves a little memory.
	MaxClosedNodesInTree int

	// MaxIdleNodesInTree is how many streams that have not been opened may be in the
	// dependency tree. Clients use such streams, which they never open, to group
	// others (RFC 7540 §5.3.4). With 0 there are none, which saves a little memory.
	MaxIdleNodesInTree int

	// ThrottleOutOfOrderWrites makes writes follow the dependency tree more closely.
	// When a stream has something to send while the streams that it depends on, though
	// open, have not, they are often about to: their handlers just weren't as quick.
	// Without throttling the dependent stream then sends as much as it can. With it,
	// the stream sends little at first, and more as long as the others send nothing.
	ThrottleOutOfOrderWrites bool
}

// NewPriorityWriteScheduler returns a WriteScheduler that follows the dependency
// tree that PRIORITY and HEADERS frames describe (RFC 7540 §5.3): a stream is
// served before those that depend on it, and streams with the same dependency share
// in proportion to their weights. If cfg is nil, ten closed and ten idle streams
// stay in the tree and writes are not throttled.
func NewPriorityWriteScheduler(cfg *PriorityWriteSchedulerConfig) WriteScheduler {
	config := sched.RFC7540Config{MaxClosedNodes: 10, MaxIdleNodes: 10}
	if cfg != nil {
		config = sched.RFC7540Config{
			MaxClosedNodes: cfg.MaxClosedNodesInTree,
			MaxIdleNodes:   cfg.MaxIdleNodesInTree,
			Throttle:       cfg.ThrottleOutOfOrderWrites,
		}
	}
	return newPolicyScheduler(func() sched.Policy { return sched.NewRFC7540(config) })
}

// NewRandomWriteScheduler returns a WriteScheduler that ignores priorities. Frames
// that belong to no stream, and RST_STREAM frames, come first; each other frame is
// of a stream picked at random.
func NewRandomWriteScheduler() WriteScheduler {
	s := newPolicyScheduler(sched.NewRandom)
	s.opensOnPush = true
	return s
}

// newRoundRobinWriteScheduler returns a WriteScheduler that ignores priorities and
// takes a frame of each stream in turn.
func newRoundRobinWriteScheduler() WriteScheduler {
	return newPolicyScheduler(sched.NewRoundRobin)
}

// newRFC9218WriteScheduler returns a WriteScheduler that follows the Priority field
// and PRIORITY_UPDATE frames.
func newRFC9218WriteScheduler() WriteScheduler {
	return newPolicyScheduler(sched.NewRFC9218)
}

// nativePolicy returns a new policy that does as ws does, if ws is one of this
// package's own schedulers: the connection can then do without a FrameWriteRequest
// for each frame.
func nativePolicy(ws WriteScheduler) (sched.Policy, bool) {
	s, ok := ws.(*policyScheduler)
	if !ok {
		return nil, false
	}
	return s.newPolicy(), true
}

// sched returns the priority in the form that policies take.
func (p PriorityParam) sched() sched.Priority {
	return sched.Priority{
		StreamDep:   p.StreamDep,
		Exclusive:   p.Exclusive,
		Weight:      p.Weight,
		Urgency:     p.urgency,
		Incremental: p.incremental != 0,
	}
}
