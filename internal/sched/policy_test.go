package sched

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// policies is every policy, for what all of them promise.
var policies = map[string]func() Policy{
	"round robin": NewRoundRobin,
	"RFC 9218":    NewRFC9218,
	"RFC 7540":    func() Policy { return NewRFC7540(RFC7540Config{MaxClosedNodes: 4, MaxIdleNodes: 4}) },
	"throttled":   func() Policy { return NewRFC7540(RFC7540Config{Throttle: true}) },
	"random":      NewRandom,
}

func forEachPolicy(t *testing.T, test func(t *testing.T, p Policy)) {
	for name, newPolicy := range policies {
		t.Run(name, func(t *testing.T) { test(t, newPolicy()) })
	}
}

// openReady opens nodes with these identifiers and makes them ready.
func openReady(p Policy, ids ...uint32) []*Node {
	nodes := make([]*Node, len(ids))
	for i, id := range ids {
		nodes[i] = &Node{ID: id}
		p.Open(nodes[i], OpenOptions{})
		p.SetReady(nodes[i])
	}
	return nodes
}

// turns lets the policy run for n frames of the size given and returns whose they were.
func turns(p Policy, n, bytes int) []uint32 {
	var ids []uint32
	for range n {
		next, limit := p.Next()
		if next == nil {
			break
		}
		ids = append(ids, next.ID)
		p.Sent(next, min(bytes, limit))
	}
	return ids
}

func expectTurns(t *testing.T, p Policy, want ...uint32) {
	t.Helper()
	if got := turns(p, len(want), 100); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("turns = %v, want %v", got, want)
	}
}

func expectIdle(t *testing.T, p Policy) {
	t.Helper()
	if n, limit := p.Next(); n != nil || limit != 0 {
		t.Errorf("Next() = stream %d, %d, want none", n.ID, limit)
	}
	if p.Ready() != 0 {
		t.Errorf("Ready() = %d, want 0", p.Ready())
	}
}

func TestOpenNodesHaveNoTurnUntilTheyAreReady(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := &Node{ID: 1}
		p.Open(n, OpenOptions{})
		expectIdle(t, p)
		p.SetReady(n)
		expectTurns(t, p, 1, 1, 1)
	})
}

func TestSetReadyAndClearReadyAreIdempotent(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := openReady(p, 1)[0]
		p.SetReady(n)
		if p.Ready() != 1 {
			t.Errorf("Ready() = %d, want 1", p.Ready())
		}
		p.ClearReady(n)
		p.ClearReady(n)
		expectIdle(t, p)
	})
}

func TestAskingDoesNotUseUpTheTurn(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		openReady(p, 1, 3, 5)
		first, _ := p.Next()
		for range 10 {
			if n, _ := p.Next(); n != first {
				t.Fatalf("Next() = stream %d, then stream %d", first.ID, n.ID)
			}
		}
	})
}

func TestClosedNodesHaveNoTurn(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		nodes := openReady(p, 1, 3, 5)
		p.Close(nodes[1])
		for _, id := range turns(p, 20, 100) {
			if id == 3 {
				t.Fatal("a turn for a closed stream")
			}
		}
		p.Close(nodes[0])
		p.Close(nodes[2])
		expectIdle(t, p)
	})
}

func TestCallsAboutAClosedNodeDoNothing(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := openReady(p, 1)[0]
		p.Close(n)
		p.SetReady(n)
		p.Sent(n, 100)
		p.ClearReady(n)
		p.Close(n)
		expectIdle(t, p)
	})
}

// P47.
func TestCallsAboutANodeNeverOpenedDoNothing(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := &Node{ID: 1}
		p.SetReady(n)
		p.ClearReady(n)
		p.Sent(n, 100)
		p.Close(n)
		expectIdle(t, p)
	})
}

func TestANodeCanBeOpenedAgainAsAnotherStream(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := openReady(p, 1)[0]
		p.Close(n)
		n.ID = 3
		p.Open(n, OpenOptions{})
		expectIdle(t, p)
		p.SetReady(n)
		expectTurns(t, p, 3)
	})
}

func TestValueIsLeftAlone(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		n := &Node{ID: 1, Value: "stream"}
		p.Open(n, OpenOptions{})
		p.SetReady(n)
		if next, _ := p.Next(); next.Value != "stream" {
			t.Errorf("Value = %v", next.Value)
		}
	})
}

func TestEveryReadyNodeOfTheSamePriorityIsServed(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		unserved := make(map[uint32]bool)
		for id := uint32(1); id < 100; id += 2 {
			n := &Node{ID: id}
			p.Open(n, OpenOptions{Priority: Priority{Incremental: true}})
			p.SetReady(n)
			unserved[id] = true
		}
		// At random, 50 streams miss none of 5000 turns but for a chance of 50 × (49/50)^5000.
		for _, id := range turns(p, 5000, 100) {
			delete(unserved, id)
		}
		if len(unserved) != 0 {
			t.Errorf("streams without a turn: %v", unserved)
		}
	})
}

// TestPoliciesServeWhatIsReadyWhateverHappens runs random calls against a set of what is ready.
func TestPoliciesServeWhatIsReadyWhateverHappens(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		u := newUser(p, rand.New(rand.NewPCG(1, 2)))
		for range 20000 {
			u.step(t)
		}
	})
}

// FuzzPolicies is TestPoliciesServeWhatIsReadyWhateverHappens with a fuzzer in the place of chance. In the end all
// that is ready is served.
func FuzzPolicies(f *testing.F) {
	names := slices.Sorted(maps.Keys(policies))
	for policy := range byte(len(names)) {
		f.Add(policy, []byte("\x00\x00\x00\x10\x00\x00\x20\x60\x00\x80\x40\xff\x20\x80\xff"))
	}
	f.Fuzz(func(t *testing.T, policy byte, decisions []byte) {
		r, left := h2test.Choices(decisions[:min(len(decisions), 1<<12)])
		u := newUser(policies[names[int(policy)%len(names)]](), r)
		for left() > 0 {
			u.step(t)
		}
		for len(u.ready) > 0 {
			u.turn(t)
			n, _ := u.p.Next()
			u.p.ClearReady(n)
			delete(u.ready, n)
		}
		expectIdle(t, u.p)
	})
}

// user calls a policy at random, and knows what is ready.
type user struct {
	p      Policy
	r      *rand.Rand
	open   map[uint32]*Node
	ready  map[*Node]bool
	nextID uint32
}

func newUser(p Policy, r *rand.Rand) *user {
	return &user{p: p, r: r, open: make(map[uint32]*Node), ready: make(map[*Node]bool), nextID: 1}
}

// step is a call, and a turn.
func (u *user) step(t *testing.T) {
	id := uint32(u.r.IntN(60)) + max(u.nextID, 50) - 50
	n := u.open[id]
	switch op := u.r.IntN(8); {
	case op == 0 && len(u.open) < 30:
		n := &Node{ID: u.nextID}
		u.p.Open(n, OpenOptions{PusherID: id, Priority: randomPriority(u.r, u.nextID)})
		u.open[u.nextID] = n
		u.nextID += 2
	case op == 1:
		u.p.Adjust(id, randomPriority(u.r, u.nextID))
	case n == nil:
	case op == 2:
		u.p.Close(n)
		delete(u.open, id)
		delete(u.ready, n)
	case op < 6:
		u.p.SetReady(n)
		u.ready[n] = true
	default:
		u.p.ClearReady(n)
		delete(u.ready, n)
	}
	u.turn(t)
}

// turn sends something of a stream that is ready.
func (u *user) turn(t *testing.T) {
	if u.p.Ready() != len(u.ready) {
		t.Fatalf("Ready() = %d, want %d", u.p.Ready(), len(u.ready))
	}
	switch next, limit := u.p.Next(); {
	case next == nil && len(u.ready) == 0:
	case next == nil || !u.ready[next]:
		t.Fatalf("Next() = %v with %d ready", next, len(u.ready))
	case limit <= 0:
		t.Fatalf("limit = %d", limit)
	default:
		u.p.Sent(next, u.r.IntN(min(limit, 1<<14)+1))
	}
	checkTree(t, u.p)
}

func randomPriority(r *rand.Rand, nextID uint32) Priority {
	return Priority{
		StreamDep:   uint32(r.IntN(60)) + max(nextID, 50) - 50,
		Exclusive:   r.IntN(2) == 0,
		Weight:      uint8(r.IntN(256)),
		Urgency:     uint8(r.IntN(9)),
		Incremental: r.IntN(2) == 0,
	}
}

// TestNothingStarves lets what is ready be served to the end after random calls.
func TestNothingStarves(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		r := rand.New(rand.NewPCG(3, 4))
		left := make(map[*Node]int)
		for id := uint32(1); id < 400; id += 2 {
			n := &Node{ID: id}
			p.Open(n, OpenOptions{Priority: randomPriority(r, id)})
			p.Adjust(id, randomPriority(r, id))
			p.SetReady(n)
			left[n] = 1 + r.IntN(5)
		}
		for range 5 * 200 {
			n, limit := p.Next()
			if n == nil {
				break
			}
			p.Sent(n, min(limit, 1000))
			if left[n]--; left[n] == 0 {
				p.ClearReady(n)
				delete(left, n)
			}
		}
		if len(left) != 0 {
			t.Errorf("%d streams were not served to the end", len(left))
		}
		expectIdle(t, p)
	})
}

func TestTurnsTakeNoMemory(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		nodes := openReady(p, 1, 3, 5, 7, 9, 11, 13, 15)
		id := uint32(17)
		step := func() {
			n, _ := p.Next()
			p.Sent(n, 100)
			p.ClearReady(n)
			p.SetReady(n)
			closed := nodes[id%8]
			p.Close(closed)
			closed.ID = id
			p.Open(closed, OpenOptions{})
			p.Adjust(id, Priority{StreamDep: id - 2, Weight: 7, Exclusive: true, Incremental: true})
			p.SetReady(closed)
			id += 2
		}
		for range 1000 {
			step()
		}
		if allocs := testing.AllocsPerRun(1000, step); allocs != 0 {
			t.Errorf("%v allocations a turn, want 0", allocs)
		}
	})
}
