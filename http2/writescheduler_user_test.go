package http2_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"h2fork.example/net/http2"
)

// fifo is a WriteScheduler as a program might write one: frames are sent in the order in which they came, except that
// those that belong to no stream come first and that no stream waits for another one's window.
type fifo struct {
	control, frames []http2.FrameWriteRequest
	open            map[uint32]bool
}

func (s *fifo) OpenStream(id uint32, _ http2.OpenStreamOptions) { s.open[id] = true }
func (s *fifo) AdjustStream(id uint32, _ http2.PriorityParam)   {}
func (s *fifo) isControl(wr http2.FrameWriteRequest) bool       { return !s.open[wr.StreamID()] }
func (s *fifo) remove(i int)                                    { s.frames = slices.Delete(s.frames, i, i+1) }
func (s *fifo) ofStream(id uint32) func(http2.FrameWriteRequest) bool {
	return func(wr http2.FrameWriteRequest) bool { return wr.StreamID() == id }
}

func (s *fifo) CloseStream(id uint32) {
	delete(s.open, id)
	s.frames = slices.DeleteFunc(s.frames, s.ofStream(id))
}

func (s *fifo) Push(wr http2.FrameWriteRequest) {
	if s.isControl(wr) {
		s.control = append(s.control, wr)
	} else {
		s.frames = append(s.frames, wr)
	}
}

func (s *fifo) Pop() (http2.FrameWriteRequest, bool) {
	if len(s.control) > 0 {
		wr := s.control[0]
		s.control = s.control[1:]
		return wr, true
	}
	blocked := map[uint32]bool{}
	for i, wr := range s.frames {
		if blocked[wr.StreamID()] {
			continue
		}
		switch first, rest, n := wr.Consume(math.MaxInt32); n {
		case 0:
			blocked[wr.StreamID()] = true
		case 1:
			s.remove(i)
			return first, true
		case 2:
			s.frames[i] = rest
			return first, true
		}
	}
	return http2.FrameWriteRequest{}, false
}

func newFIFO() *fifo { return &fifo{open: map[uint32]bool{}} }

// strict is a WriteScheduler that serves streams in the order of their weights, each to its end, and leaves what is
// within a stream, and all that belongs to none, to one of the package's own schedulers for each stream.
type strict struct {
	control http2.WriteScheduler
	streams map[uint32]http2.WriteScheduler
	weights map[uint32]uint8
}

func newStrict() *strict {
	return &strict{
		control: http2.NewRandomWriteScheduler(),
		streams: map[uint32]http2.WriteScheduler{},
		weights: map[uint32]uint8{},
	}
}

func (s *strict) OpenStream(id uint32, o http2.OpenStreamOptions) {
	s.streams[id] = http2.NewPriorityWriteScheduler(nil)
	s.streams[id].OpenStream(id, o)
}

func (s *strict) CloseStream(id uint32) {
	s.streams[id].CloseStream(id)
	delete(s.streams, id)
}

func (s *strict) AdjustStream(id uint32, p http2.PriorityParam) { s.weights[id] = p.Weight }

func (s *strict) Push(wr http2.FrameWriteRequest) {
	if inner, ok := s.streams[wr.StreamID()]; ok {
		inner.Push(wr)
	} else {
		s.control.Push(wr)
	}
}

func (s *strict) Pop() (http2.FrameWriteRequest, bool) {
	if wr, ok := s.control.Pop(); ok {
		return wr, true
	}
	var ids []uint32
	for id := range s.streams {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uint32) int { return int(s.weights[b]) - int(s.weights[a]) })
	for _, id := range ids {
		if wr, ok := s.streams[id].Pop(); ok {
			return wr, true
		}
	}
	return http2.FrameWriteRequest{}, false
}

func expectPopped(t *testing.T, ws http2.WriteScheduler, want ...string) {
	t.Helper()
	var got []string
	for {
		wr, ok := ws.Pop()
		if !ok {
			break
		}
		got = append(got, fmt.Sprintf("%d:%d", wr.StreamID(), wr.DataSize()))
	}
	if !slices.Equal(got, want) {
		t.Errorf("popped %v, want %v", got, want)
	}
}

// pushResponses opens streams 1 and 3 and pushes a response of 20000 bytes on each, and a PING.
func pushResponses(ws http2.WriteScheduler) (one, three *http2.FlowForTest) {
	one, three = http2.NewFlowForTest(1, 1<<20), http2.NewFlowForTest(3, 1<<20)
	ws.OpenStream(1, http2.OpenStreamOptions{})
	ws.OpenStream(3, http2.OpenStreamOptions{})
	for id, flow := range []*http2.FlowForTest{one, three} {
		ws.Push(http2.NewStreamRequestForTest("HEADERS", uint32(2*id+1), nil))
		ws.Push(http2.NewDataRequestForTest(flow, 20000))
	}
	ws.Push(http2.NewControlRequestForTest("PING", 0, nil))
	return one, three
}

func TestAUsersFIFOSchedulerWorks(t *testing.T) {
	ws := newFIFO()
	one, three := pushResponses(ws)
	one.SetWindow(10000)
	three.SetWindow(18000)
	expectPopped(t, ws, "0:0", "1:0", "1:10000", "3:0", "3:16384", "3:1616")
	three.SetWindow(1 << 20)
	expectPopped(t, ws, "3:2000")
	ws.CloseStream(1)
	one.SetWindow(1 << 20)
	expectPopped(t, ws)
}

func TestAUsersStrictSchedulerAroundOursWorks(t *testing.T) {
	ws := newStrict()
	pushResponses(ws)
	ws.AdjustStream(3, http2.PriorityParam{Weight: 200})
	expectPopped(t, ws, "0:0", "3:0", "3:16384", "3:3616", "1:0", "1:16384", "1:3616")
}

func TestUsersSchedulersMayUseTheZeroFrameWriteRequest(t *testing.T) {
	for _, ws := range []http2.WriteScheduler{newFIFO(), newStrict()} {
		ws.Push(http2.FrameWriteRequest{})
		expectPopped(t, ws, "0:0")
	}
}
