package sched

import "testing"

// openWith opens a ready stream with an urgency.
func openWith(p Policy, id uint32, urgency uint8, incremental bool) *Node {
	n := &Node{ID: id}
	p.Open(n, OpenOptions{Priority: Priority{Urgency: urgency, Incremental: incremental}})
	p.SetReady(n)
	return n
}

func TestMoreUrgentStreamsComeFirst(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 1, 7, false)
	second := openWith(p, 3, 3, true)
	first := openWith(p, 5, 0, false)
	expectTurns(t, p, 5, 5)
	p.ClearReady(first)
	expectTurns(t, p, 3, 3)
	p.ClearReady(second)
	expectTurns(t, p, 1, 1)
}

func TestIncrementalStreamsTakeTurns(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 1, 3, true)
	openWith(p, 3, 3, true)
	openWith(p, 5, 3, true)
	expectTurns(t, p, 1, 3, 5, 1, 3, 5)
}

// P48.
func TestStreamsThatAreNotIncrementalAreServedInOrderOfTheirRequests(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 5, 3, false)
	first := openWith(p, 1, 3, false)
	second := openWith(p, 3, 3, false)
	expectTurns(t, p, 1, 1, 1)
	p.ClearReady(first)
	expectTurns(t, p, 3)
	p.SetReady(first)
	expectTurns(t, p, 1, 1)
	p.Close(first)
	p.Close(second)
	expectTurns(t, p, 5, 5)
}

func TestBothKindsGetEveryOtherTurn(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 1, 3, true)
	openWith(p, 3, 3, false)
	openWith(p, 5, 3, true)
	openWith(p, 7, 3, false)
	expectTurns(t, p, 3, 1, 3, 5, 3, 1)
}

func TestAReadyStreamMovesWithItsNewPriority(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 1, 3, false)
	openWith(p, 3, 3, false)
	p.Adjust(3, Priority{Urgency: 1})
	expectTurns(t, p, 3, 3)
	p.Adjust(1, Priority{Urgency: 1, Incremental: true})
	expectTurns(t, p, 1, 3, 1, 3)
}

func TestPriorityUpdateBeforeTheStreamOpensCounts(t *testing.T) {
	p := NewRFC9218()
	p.Adjust(3, Priority{Urgency: 6})
	p.Adjust(3, Priority{Urgency: 1})
	openWith(p, 1, 3, false)
	openWith(p, 3, 5, false)
	expectTurns(t, p, 3, 3)
}

func TestPriorityUpdateBeforeTheStreamOpensCountsOnce(t *testing.T) {
	p := NewRFC9218()
	p.Adjust(3, Priority{Urgency: 1})
	p.Close(openWith(p, 3, 5, false))
	openWith(p, 1, 3, false)
	openWith(p, 3, 5, false)
	expectTurns(t, p, 1, 1)
}

// P48.
func TestPriorityUpdatesForUnopenedStreamsAreBounded(t *testing.T) {
	p := NewRFC9218().(*rfc9218)
	for id := uint32(1); id < 20000; id += 2 {
		p.Adjust(id, Priority{Urgency: 1})
	}
	if len(p.early) != maxEarlyUpdates || cap(p.early) > 2*maxEarlyUpdates {
		t.Errorf("%d kept in memory for %d, want %d", len(p.early), cap(p.early), maxEarlyUpdates)
	}
	openWith(p, 1, 3, false)
	openWith(p, 19999, 5, false)
	expectTurns(t, p, 19999)
}

func TestPriorityUpdateForAClosedStreamIsForgotten(t *testing.T) {
	p := NewRFC9218().(*rfc9218)
	p.Close(openWith(p, 5, 3, false))
	p.Adjust(5, Priority{Urgency: 1})
	p.Adjust(3, Priority{Urgency: 1})
	if len(p.early) != 0 {
		t.Errorf("%d priorities kept, want 0", len(p.early))
	}
}

func TestUrgencyOutOfRangeIsTheLeastUrgent(t *testing.T) {
	p := NewRFC9218()
	openWith(p, 1, 255, false)
	openWith(p, 3, 7, false)
	openWith(p, 5, 6, false)
	expectTurns(t, p, 5)
	expectTurns(t, p, 5)
}
