package stack

import "math"

// A Scheduler names a write scheduler of a server.
type Scheduler string

// The schedulers that servers may have. Default is what a server without NewWriteScheduler uses: ours goes by RFC 9218,
// golang.org/x/net's is round robin. RoundRobin is what ours uses for an http.Server with DisableClientPriority, which
// there is from Go 1.27 on.
const (
	Default    Scheduler = ""
	RoundRobin Scheduler = "round robin"
	RFC7540    Scheduler = "RFC 7540" // NewPriorityWriteScheduler
	Random     Scheduler = "random"   // NewRandomWriteScheduler
	Users      Scheduler = "a user's" // one that is written here
)

func (s Scheduler) String() string {
	if s == Default {
		return "default"
	}
	return string(s)
}

// request is what the packages' FrameWriteRequest types have in common.
type request[R any] interface {
	StreamID() uint32
	Consume(n int32) (R, R, int)
}

// fifo is a user's WriteScheduler for either package: frames leave in the order in which they came, unless flow control
// holds one up.
type fifo[R request[R], Open, Priority any] struct{ queue []R }

func (s *fifo[R, O, P]) OpenStream(uint32, O)   {}
func (s *fifo[R, O, P]) AdjustStream(uint32, P) {}

func (s *fifo[R, O, P]) CloseStream(id uint32) {
	kept := s.queue[:0]
	for _, r := range s.queue {
		if r.StreamID() != id {
			kept = append(kept, r)
		}
	}
	s.queue = kept
}

func (s *fifo[R, O, P]) Push(r R) { s.queue = append(s.queue, r) }

func (s *fifo[R, O, P]) Pop() (R, bool) {
	for i, r := range s.queue {
		out, rest, n := r.Consume(math.MaxInt32)
		switch n {
		case 0:
			continue
		case 1:
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
		case 2:
			s.queue[i] = rest
		}
		return out, true
	}
	var none R
	return none, false
}
