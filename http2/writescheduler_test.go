package http2

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// schedulers is every scheduler of this package.
var schedulers = map[string]func() WriteScheduler{
	"round robin": newRoundRobinWriteScheduler,
	"RFC 9218":    newRFC9218WriteScheduler,
	"priority":    func() WriteScheduler { return NewPriorityWriteScheduler(nil) },
	"throttled": func() WriteScheduler {
		return NewPriorityWriteScheduler(&PriorityWriteSchedulerConfig{ThrottleOutOfOrderWrites: true})
	},
	"random": NewRandomWriteScheduler,
}

func forEachScheduler(t *testing.T, test func(t *testing.T, ws WriteScheduler)) {
	for name, newScheduler := range schedulers {
		t.Run(name, func(t *testing.T) { test(t, newScheduler()) })
	}
}

// openFlows opens streams, each with a flow of ample window.
func openFlows(ws WriteScheduler, ids ...uint32) map[uint32]*fakeFlow {
	flows := make(map[uint32]*fakeFlow)
	for _, id := range ids {
		ws.OpenStream(id, OpenStreamOptions{})
		flows[id] = newFakeFlow(id, 1<<30)
	}
	return flows
}

// expectPops pops as many requests as there are descriptions, "stream kind", and compares.
func expectPops(t *testing.T, ws WriteScheduler, want ...string) {
	t.Helper()
	var got []string
	for range want {
		wr, ok := ws.Pop()
		if !ok {
			break
		}
		got = append(got, fmt.Sprint(wr.StreamID(), " ", wr.kind))
	}
	if !slices.Equal(got, want) {
		t.Errorf("popped %v, want %v", got, want)
	}
}

func expectNothingToPop(t *testing.T, ws WriteScheduler) {
	t.Helper()
	if wr, ok := ws.Pop(); ok || wr != (FrameWriteRequest{}) {
		t.Errorf("Pop() = %v, %v, want nothing", wr, ok)
	}
}

func TestFramesOfAStreamKeepTheirOrder(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flows := openFlows(ws, 1, 3, 5)
		next := map[uint32]int{}
		for i := range 50 {
			for id, flow := range flows {
				ws.Push(newStreamRequest(fmt.Sprint(2*i), id, nil))
				wr := newDataRequest(flow, 10)
				wr.kind = fmt.Sprint(2*i + 1)
				ws.Push(wr)
			}
			for range 3 {
				wr, _ := ws.Pop()
				if want := fmt.Sprint(next[wr.streamID]); wr.kind != want {
					t.Fatalf("stream %d: frame %s, want %s", wr.streamID, wr.kind, want)
				}
				next[wr.streamID]++
			}
		}
	})
}

func TestLargeDataIsPoppedInFrames(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flow := openFlows(ws, 1)[1]
		ws.Push(newDataRequest(flow, 2<<14+100))
		ws.Push(newStreamRequest("trailers", 1, nil))
		for _, want := range []int{1 << 14, 1 << 14, 100, 0} {
			if wr, ok := ws.Pop(); !ok || wr.DataSize() != want {
				t.Errorf("Pop() = %v, %v, want %d bytes", wr, ok, want)
			}
		}
		expectNothingToPop(t, ws)
	})
}

func TestControlFramesComeFirstInTheirOrder(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		openFlows(ws, 1)
		ws.Push(newStreamRequest("HEADERS", 1, nil))
		ws.Push(newControlRequest("SETTINGS", 0, nil))
		ws.Push(newControlRequest("PING", 0, nil))
		expectPops(t, ws, "0 SETTINGS", "0 PING", "1 HEADERS")
		expectNothingToPop(t, ws)
	})
}

func TestRSTStreamOvertakes(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flows := openFlows(ws, 1, 3)
		ws.Push(newDataRequest(flows[1], 10))
		ws.Push(newDataRequest(flows[3], 10))
		ws.Push(newControlRequest("RST_STREAM", 3, nil))
		expectPops(t, ws, "3 RST_STREAM")
		ws.CloseStream(3)
		expectPops(t, ws, "1 DATA")
		expectNothingToPop(t, ws)
	})
}

func TestRSTStreamMayBeForAnyStream(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		openFlows(ws, 3)
		ws.CloseStream(3)
		ws.Push(newControlRequest("RST_STREAM", 3, nil))
		ws.Push(newControlRequest("RST_STREAM", 5, nil))
		expectPops(t, ws, "3 RST_STREAM", "5 RST_STREAM")
	})
}

func TestFramesWithoutDataForClosedStreamsAreStillPopped(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		openFlows(ws, 3)
		ws.CloseStream(3)
		ws.Push(newStreamRequest("WINDOW_UPDATE", 3, nil))
		expectPops(t, ws, "3 WINDOW_UPDATE")
	})
}

func TestDataForAStreamThatIsNotOpenPanics(t *testing.T) {
	for name, newScheduler := range schedulers {
		if name == "random" {
			continue // opens the stream, see below
		}
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != "add DATA on non-open stream" {
					t.Errorf("panic = %q", got)
				}
			}()
			newScheduler().Push(newDataRequest(newFakeFlow(1, 10), 10))
		})
	}
}

func TestTheRandomSchedulerNeedsNoOpenStream(t *testing.T) {
	ws := NewRandomWriteScheduler()
	ws.Push(newDataRequest(newFakeFlow(1, 10), 10))
	ws.OpenStream(1, OpenStreamOptions{})
	expectPops(t, ws, "1 DATA")
	ws.CloseStream(1)
	expectNothingToPop(t, ws)
}

func TestTheRandomSchedulerForgetsStreamsWithoutFrames(t *testing.T) {
	ws := NewRandomWriteScheduler()
	for id := uint32(1); id < 100; id += 2 {
		ws.OpenStream(id, OpenStreamOptions{})
		ws.Push(newStreamRequest("HEADERS", id, nil))
		ws.Pop()
	}
	if n := len(ws.(*policyScheduler).streams); n != 0 {
		t.Errorf("%d streams kept, want 0", n)
	}
}

func TestOpeningAStreamTwicePanics(t *testing.T) {
	for name, newScheduler := range schedulers {
		if name == "random" {
			continue // it needs no OpenStream
		}
		t.Run(name, func(t *testing.T) {
			ws := newScheduler()
			openFlows(ws, 1)
			defer func() {
				if got := fmt.Sprint(recover()); got != "stream 1 already opened" {
					t.Errorf("panic = %q", got)
				}
			}()
			openFlows(ws, 1)
		})
	}
}

func TestCloseStreamDropsWhatIsQueued(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flows := openFlows(ws, 1, 3)
		ws.Push(newStreamRequest("HEADERS", 1, nil))
		ws.Push(newDataRequest(flows[1], 10))
		ws.Push(newStreamRequest("HEADERS", 3, nil))
		ws.CloseStream(1)
		expectPops(t, ws, "3 HEADERS")
		expectNothingToPop(t, ws)
	})
}

func TestABlockedStreamDoesNotHoldUpOthers(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flows := openFlows(ws, 1, 3, 5)
		flows[1].window, flows[3].window = 0, 0
		for _, id := range []uint32{1, 3, 5} {
			ws.Push(newDataRequest(flows[id], 10))
		}
		expectPops(t, ws, "5 DATA")
		expectNothingToPop(t, ws)
		flows[3].window = 100
		expectPops(t, ws, "3 DATA")
		expectNothingToPop(t, ws)
		flows[1].window = 100
		expectPops(t, ws, "1 DATA")
		expectNothingToPop(t, ws)
	})
}

func TestTrailersWaitForBlockedData(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		flow := openFlows(ws, 1)[1]
		flow.window = 0
		ws.Push(newDataRequest(flow, 10))
		ws.Push(newStreamRequest("trailers", 1, nil))
		expectNothingToPop(t, ws)
		flow.window = 10
		expectPops(t, ws, "1 DATA", "1 trailers")
	})
}

func TestTheZeroFrameWriteRequestIsPopped(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		ws.Push(FrameWriteRequest{})
		expectPops(t, ws, "0 ")
		expectNothingToPop(t, ws)
	})
}

func TestEqualStreamsAreServedFairly(t *testing.T) {
	for _, name := range []string{"round robin", "priority", "throttled"} {
		t.Run(name, func(t *testing.T) {
			ws := schedulers[name]()
			ids := []uint32{1, 3, 5, 7}
			flows := openFlows(ws, ids...)
			for _, id := range ids {
				ws.Push(newDataRequest(flows[id], 1<<20))
			}
			for range 4 {
				had := map[uint32]bool{}
				for range ids {
					wr, _ := ws.Pop()
					had[wr.StreamID()] = true
				}
				if len(had) != len(ids) {
					t.Errorf("a round served %v", had)
				}
			}
		})
	}
}

func TestPrioritySchedulerFollowsDependenciesAndWeights(t *testing.T) {
	ws := NewPriorityWriteScheduler(nil)
	ids := []uint32{1, 3, 5}
	flows := openFlows(ws, ids...)
	ws.AdjustStream(3, PriorityParam{StreamDep: 1, Weight: 9})
	ws.AdjustStream(5, PriorityParam{StreamDep: 1, Weight: 29})
	for _, id := range ids {
		ws.Push(newDataRequest(flows[id], 40<<14))
	}
	had := map[uint32]int{}
	for i := range 80 {
		wr, _ := ws.Pop()
		if had[wr.StreamID()]++; i < 40 && wr.StreamID() != 1 {
			t.Fatalf("frame %d is of stream %d", i, wr.StreamID())
		}
	}
	if had[3] < 9 || had[3] > 11 {
		t.Errorf("frames of each stream = %v, want about 10 of stream 3 and 30 of stream 5", had)
	}
}

func TestThrottledWritesStartSmall(t *testing.T) {
	ws := schedulers["throttled"]()
	flows := openFlows(ws, 1, 3)
	ws.AdjustStream(3, PriorityParam{StreamDep: 1})
	ws.Push(newDataRequest(flows[3], 1<<20))
	for _, want := range []int{1024, 2048, 3072} {
		if wr, _ := ws.Pop(); wr.DataSize() != want {
			t.Errorf("%d bytes, want %d", wr.DataSize(), want)
		}
	}
}

func TestRFC9218SchedulerFollowsTheStreamsPriority(t *testing.T) {
	ws := newRFC9218WriteScheduler()
	for id, urgency := range map[uint32]uint8{1: 5, 3: 3, 5: 4} {
		ws.OpenStream(id, OpenStreamOptions{priority: PriorityParam{urgency: urgency}})
		ws.Push(newStreamRequest("HEADERS", id, nil))
	}
	ws.AdjustStream(1, PriorityParam{urgency: 0, incremental: 1})
	expectPops(t, ws, "1 HEADERS", "3 HEADERS", "5 HEADERS")
}

func TestOwnSchedulersRunNatively(t *testing.T) {
	for name, want := range map[string]string{
		"round robin": "*sched.roundRobin", "RFC 9218": "*sched.rfc9218", "priority": "*sched.rfc7540",
		"throttled": "*sched.rfc7540", "random": "*sched.random",
	} {
		ws := schedulers[name]()
		p, ok := nativePolicy(ws)
		if got := fmt.Sprintf("%T", p); !ok || got != want {
			t.Errorf("%s: policy %s, %v, want %s", name, got, ok, want)
		}
		if p == ws.(*policyScheduler).policy {
			t.Errorf("%s: the policy is not a new one", name)
		}
	}
}

func TestOthersSchedulersDoNotRunNatively(t *testing.T) {
	if p, ok := nativePolicy(struct{ WriteScheduler }{NewRandomWriteScheduler()}); ok || p != nil {
		t.Errorf("policy %T, %v, want none", p, ok)
	}
}

func TestPrioritySchedulerKeepsIdleStreamsAsConfigured(t *testing.T) {
	for _, test := range []struct {
		cfg   *PriorityWriteSchedulerConfig
		first string
	}{
		{nil, "1 HEADERS"},
		{&PriorityWriteSchedulerConfig{MaxIdleNodesInTree: 1}, "1 HEADERS"},
		{&PriorityWriteSchedulerConfig{}, "3 HEADERS"},
	} {
		ws := NewPriorityWriteScheduler(test.cfg)
		openFlows(ws, 1)
		ws.AdjustStream(3, PriorityParam{StreamDep: 1})
		openFlows(ws, 3)
		ws.Push(newStreamRequest("HEADERS", 3, nil))
		ws.Push(newStreamRequest("HEADERS", 1, nil))
		expectPops(t, ws, test.first)
	}
}

func TestPrioritySchedulerKeepsClosedStreamsAsConfigured(t *testing.T) {
	for _, test := range []struct {
		cfg    *PriorityWriteSchedulerConfig
		frames int
	}{
		{nil, 32},
		{&PriorityWriteSchedulerConfig{MaxClosedNodesInTree: 1}, 32},
		{&PriorityWriteSchedulerConfig{}, 17},
	} {
		ws := NewPriorityWriteScheduler(test.cfg)
		flows := openFlows(ws, 1, 3, 5)
		ws.AdjustStream(1, PriorityParam{Weight: 255})
		ws.CloseStream(1)
		ws.AdjustStream(3, PriorityParam{StreamDep: 1})
		ws.Push(newDataRequest(flows[3], 1<<20))
		ws.Push(newDataRequest(flows[5], 1<<20))
		frames := 0
		for range 34 {
			if wr, _ := ws.Pop(); wr.StreamID() == 3 {
				frames++
			}
		}
		if frames < test.frames-1 || frames > test.frames+1 {
			t.Errorf("stream 3 had %d frames of 34 with %+v, want about %d", frames, test.cfg, test.frames)
		}
	}
}

func TestAQueueThatIsNeverEmptyDoesNotGrow(t *testing.T) {
	var q requestQueue
	q.push(FrameWriteRequest{})
	for range 10000 {
		q.push(FrameWriteRequest{})
		q.pop()
	}
	if cap(q.requests) > 16 {
		t.Errorf("capacity %d for 2 requests", cap(q.requests))
	}
}

// TestEveryByteIsPoppedOnce pushes, pops and opens windows at random.
func TestEveryByteIsPoppedOnce(t *testing.T) {
	forEachScheduler(t, func(t *testing.T, ws WriteScheduler) {
		r := rand.New(rand.NewPCG(1, 2))
		conn := int32(0)
		var flows []*fakeFlow
		var pushed, popped [20]int
		for i := range popped {
			flow := &fakeFlow{id: uint32(2*i + 1), conn: &conn, frame: 1000}
			flows = append(flows, flow)
			ws.OpenStream(flow.id, OpenStreamOptions{priority: PriorityParam{urgency: uint8(i % 8)}})
		}
		pop := func() bool {
			wr, ok := ws.Pop()
			if ok {
				popped[wr.StreamID()/2] += wr.DataSize()
			}
			return ok
		}
		for range 5000 {
			i := r.IntN(len(flows))
			switch r.IntN(4) {
			case 0:
				n := r.IntN(3000)
				pushed[i] += n
				ws.Push(newDataRequest(flows[i], n))
			case 1:
				flows[i].window += int32(r.IntN(2000))
				conn += int32(r.IntN(2000))
			case 2:
				ws.AdjustStream(flows[i].id, PriorityParam{StreamDep: uint32(r.IntN(40)), Weight: uint8(i), Exclusive: true})
			default:
				pop()
			}
			if conn < 0 || flows[i].window < 0 {
				t.Fatalf("windows %d, %d", conn, flows[i].window)
			}
		}
		for _, flow := range flows {
			flow.window = 1 << 30
		}
		conn = 1 << 30
		for pop() {
		}
		if pushed != popped {
			t.Errorf("pushed %v, popped %v", pushed, popped)
		}
	})
}
