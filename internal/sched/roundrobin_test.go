package sched

import "testing"

func TestRoundRobinGivesEachReadyStreamAFrameInTurn(t *testing.T) {
	p := NewRoundRobin()
	openReady(p, 1, 3, 5)
	expectTurns(t, p, 1, 3, 5, 1, 3, 5)
}

func TestRoundRobinPutsAStreamThatBecomesReadyLast(t *testing.T) {
	p := NewRoundRobin()
	nodes := openReady(p, 1, 3, 5)
	p.ClearReady(nodes[0])
	expectTurns(t, p, 3)
	p.SetReady(nodes[0])
	expectTurns(t, p, 5, 3, 1)
}

func TestRoundRobinCountsAFrameOutOfTurn(t *testing.T) {
	p := NewRoundRobin()
	nodes := openReady(p, 1, 3, 5)
	p.Sent(nodes[1], 0)
	expectTurns(t, p, 1, 5, 3)
}
