package sched

import (
	"math/rand/v2"
	"testing"
)

// newTree returns a policy that keeps up to ten streams that are closed, and ten idle ones.
func newTree() *rfc7540 {
	return NewRFC7540(RFC7540Config{MaxClosedNodes: 10, MaxIdleNodes: 10}).(*rfc7540)
}

// checkTree checks what must be true of a dependency tree after any call.
func checkTree(t *testing.T, policy Policy) {
	t.Helper()
	p, ok := policy.(*rfc7540)
	if !ok {
		return
	}
	seen, nested := 0, 0
	var walk func(v *vertex, depth int) (active bool)
	walk = func(v *vertex, depth int) bool {
		if v.kids.parent != v {
			t.Fatalf("stream %d's dependents depend on another", v.id)
		}
		if depth > maxNested+1 {
			t.Fatal("the tree is too deep")
		}
		active, size := v.ready, 0
		for kid := range v.kids.all {
			size++
			seen++
			if v != &p.tree.root {
				nested++
			}
			if kid.family != v.kids || p.vertices[kid.id] != kid || kid.weight < 1 || kid.weight > 256 {
				t.Fatalf("stream %d is wrong: %+v", kid.id, kid)
			}
			if (kid.node == nil) != (kid.keeper != nil) || kid.ready && kid.node == nil {
				t.Fatalf("stream %d is in the wrong state: %+v", kid.id, kid)
			}
			kidActive := walk(kid, depth+1)
			if kid.queued != kidActive {
				t.Fatalf("stream %d: queued = %v, want %v", kid.id, kid.queued, kidActive)
			}
			active = active || kidActive
		}
		if size != v.kids.size {
			t.Fatalf("stream %d has %d dependents, counts %d", v.id, size, v.kids.size)
		}
		return active
	}
	walk(&p.tree.root, 0)
	if seen != len(p.vertices) {
		t.Fatalf("%d streams in the tree, %d known", seen, len(p.vertices))
	}
	if nested != p.tree.nested || nested > maxNested {
		t.Fatalf("%d nested, counted %d, allowed %d", nested, p.tree.nested, maxNested)
	}
	if p.closed.size > max(0, p.closed.limit) || p.idle.size > max(0, p.idle.limit) {
		t.Fatalf("%d closed and %d idle streams kept", p.closed.size, p.idle.size)
	}
}

func (p *rfc7540) parentOf(id uint32) uint32 { return p.vertices[id].family.parent.id }

// expectParents checks pairs of a stream and the one it depends on.
func expectParents(t *testing.T, p *rfc7540, pairs ...uint32) {
	t.Helper()
	checkTree(t, p)
	for i := 0; i < len(pairs); i += 2 {
		if got := p.parentOf(pairs[i]); got != pairs[i+1] {
			t.Errorf("stream %d depends on %d, want %d", pairs[i], got, pairs[i+1])
		}
	}
}

// shares lets a policy send frames of 1000 bytes and returns how many each stream had.
func shares(p Policy, frames int) map[uint32]int {
	had := make(map[uint32]int)
	for _, id := range turns(p, frames, 1000) {
		had[id]++
	}
	return had
}

func expectShare(t *testing.T, had map[uint32]int, id uint32, want int) {
	t.Helper()
	if got := had[id]; got < want-2 || got > want+2 {
		t.Errorf("stream %d had %d frames, want about %d", id, got, want)
	}
}

func TestAStreamIsServedBeforeThoseThatDependOnIt(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3, 5)
	p.Adjust(3, Priority{StreamDep: 1, Weight: 15})
	p.Adjust(5, Priority{StreamDep: 3, Weight: 15})
	expectTurns(t, p, 1, 1, 1)
	p.ClearReady(nodes[0])
	expectTurns(t, p, 3, 3)
	p.Close(nodes[1])
	expectTurns(t, p, 5, 5)
	p.SetReady(nodes[0])
	expectTurns(t, p, 1)
}

func TestSiblingsShareInProportionToTheirWeights(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3, 5)
	p.Adjust(1, Priority{Weight: 0})
	p.Adjust(3, Priority{Weight: 15})
	p.Adjust(5, Priority{Weight: 255})
	had := shares(p, 2730)
	expectShare(t, had, 1, 10)
	expectShare(t, had, 3, 160)
	expectShare(t, had, 5, 2560)
}

func TestDependentsShareWhatTheirParentWouldHave(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3, 5, 7)
	p.Adjust(5, Priority{StreamDep: 1, Weight: 15})
	p.Adjust(7, Priority{StreamDep: 1, Weight: 31})
	p.ClearReady(nodes[0])
	had := shares(p, 600)
	expectShare(t, had, 3, 300)
	expectShare(t, had, 5, 100)
	expectShare(t, had, 7, 200)
}

// P47.
func TestAStreamDoesNotMakeUpForTheTimeItWasIdle(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3)
	p.ClearReady(nodes[0])
	turns(p, 1000, 1000)
	p.SetReady(nodes[0])
	had := shares(p, 100)
	expectShare(t, had, 1, 50)
	expectShare(t, had, 3, 50)
}

func TestAStreamThatGoesIdleAfterEachFrameGainsNothing(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3)
	had := make(map[uint32]int)
	for range 100 {
		n, _ := p.Next()
		had[n.ID]++
		p.Sent(n, 1000)
		p.ClearReady(nodes[0])
		p.SetReady(nodes[0])
	}
	expectShare(t, had, 1, 50)
}

func TestAStreamThatIsMovedAfterEachFrameGainsNothing(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3, 5)
	p.Adjust(3, Priority{StreamDep: 1, Weight: 15})
	had := make(map[uint32]int)
	for range 100 {
		n, _ := p.Next()
		had[n.ID]++
		p.Sent(n, 1000)
		p.Adjust(5, Priority{StreamDep: 1, Weight: 15})
		p.Adjust(5, Priority{Weight: 15})
	}
	expectShare(t, had, 1, 50)
	expectShare(t, had, 5, 50)
}

func TestALargeFamilyIsNotMovedPieceByPiece(t *testing.T) {
	p := newTree()
	for id := uint32(1); id < 500; id += 2 {
		openReady(p, id)
	}
	family := p.tree.root.kids
	p.Adjust(1, Priority{Exclusive: true})
	if p.vertices[1].kids != family {
		t.Error("an exclusive stream did not take the family as a whole")
	}
	p.Adjust(501, Priority{Exclusive: true})
	if p.vertices[1].kids != family {
		t.Error("an exclusive parent disturbed the family below its dependent")
	}
	checkTree(t, p)
}

// P47.
func TestFramesWithoutDataUseUpTurns(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3)
	for range 100 {
		n, _ := p.Next()
		p.Sent(n, 0)
		if n.ID == 3 {
			return
		}
	}
	t.Error("stream 3 had no turn")
}

func TestAnExclusiveStreamTakesItsParentsDependents(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3, 5, 7, 9)
	p.Adjust(3, Priority{StreamDep: 1})
	p.Adjust(5, Priority{StreamDep: 1})
	p.Adjust(9, Priority{StreamDep: 7})
	p.Adjust(7, Priority{StreamDep: 1, Exclusive: true})
	expectParents(t, p, 1, 0, 7, 1, 3, 7, 5, 7, 9, 7)
}

func TestAnExclusiveStreamOfStream0TakesAllOthers(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3, 5)
	p.Adjust(5, Priority{Exclusive: true})
	expectParents(t, p, 5, 0, 1, 5, 3, 5)
}

// RFC 7540 §5.3.3 has this tree as its example.
func TestAStreamMadeToDependOnItsOwnDependentSwapsPlaces(t *testing.T) {
	const a, b, c, d, e, f = 1, 3, 5, 7, 9, 11
	for _, exclusive := range []bool{false, true} {
		p := newTree()
		openReady(p, a, b, c, d, e, f)
		p.Adjust(b, Priority{StreamDep: a})
		p.Adjust(c, Priority{StreamDep: a})
		p.Adjust(d, Priority{StreamDep: c})
		p.Adjust(e, Priority{StreamDep: c})
		p.Adjust(f, Priority{StreamDep: d})
		p.Adjust(a, Priority{StreamDep: d, Exclusive: exclusive})
		expectParents(t, p, d, 0, a, d, b, a, c, a, e, c)
		if exclusive {
			expectParents(t, p, f, a)
		} else {
			expectParents(t, p, f, d)
		}
	}
}

func TestAStreamCannotDependOnItself(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3)
	p.Adjust(3, Priority{StreamDep: 1})
	p.Adjust(3, Priority{StreamDep: 3, Exclusive: true})
	expectParents(t, p, 1, 0, 3, 1)
}

func TestDependingOnAnUnknownStreamGivesTheDefaultPriority(t *testing.T) {
	p := newTree()
	openReady(p, 1, 3)
	p.Adjust(3, Priority{StreamDep: 1, Weight: 99})
	p.Adjust(3, Priority{StreamDep: 77, Weight: 99, Exclusive: true})
	expectParents(t, p, 1, 0, 3, 0)
	if w := p.vertices[3].weight; w != defaultWeight {
		t.Errorf("weight = %d, want %d", w, defaultWeight)
	}
}

func TestAPushedStreamDependsOnTheOneItWasPromisedOn(t *testing.T) {
	p := newTree()
	openReady(p, 1)
	p.Open(&Node{ID: 2}, OpenOptions{PusherID: 1})
	expectParents(t, p, 1, 0, 2, 1)
}

func TestIdleStreamsGroupOthers(t *testing.T) {
	p := newTree()
	p.Adjust(3, Priority{Weight: 200})
	p.Adjust(5, Priority{Weight: 100})
	openReady(p, 7, 9, 11)
	p.Adjust(7, Priority{StreamDep: 3})
	p.Adjust(9, Priority{StreamDep: 3})
	p.Adjust(11, Priority{StreamDep: 5})
	expectParents(t, p, 3, 0, 5, 0, 7, 3, 9, 3, 11, 5)
	had := shares(p, 302)
	expectShare(t, had, 7, 100)
	expectShare(t, had, 9, 100)
	expectShare(t, had, 11, 101)
}

func TestAnIdleStreamKeepsItsPlaceWhenItOpens(t *testing.T) {
	p := newTree()
	openReady(p, 1)
	p.Adjust(3, Priority{StreamDep: 1, Weight: 3})
	p.Open(&Node{ID: 3}, OpenOptions{})
	expectParents(t, p, 3, 1)
	if p.idle.size != 0 {
		t.Errorf("%d idle streams, want 0", p.idle.size)
	}
}

func TestTheOldestIdleStreamIsForgottenFirst(t *testing.T) {
	p := newTree()
	for id := uint32(1); id <= 23; id += 2 {
		p.Adjust(id, Priority{})
		checkTree(t, p)
	}
	if p.vertices[1] != nil || p.vertices[3] != nil || p.vertices[5] == nil || p.vertices[23] == nil {
		t.Errorf("kept %v, want 5 to 23", p.vertices)
	}
}

func TestIdleStreamsAreNotKeptIfNoneMayBe(t *testing.T) {
	p := NewRFC7540(RFC7540Config{}).(*rfc7540)
	p.Adjust(1, Priority{Weight: 9})
	if len(p.vertices) != 0 {
		t.Errorf("kept %v", p.vertices)
	}
}

func TestPriorityOfAForgottenStreamIsIgnored(t *testing.T) {
	p := NewRFC7540(RFC7540Config{MaxIdleNodes: 10}).(*rfc7540)
	p.Close(openReady(p, 5)[0])
	p.Adjust(5, Priority{Weight: 9})
	p.Adjust(3, Priority{Weight: 9})
	if len(p.vertices) != 0 {
		t.Errorf("kept %v", p.vertices)
	}
}

// P47.
func TestPriorityOfStream0IsIgnored(t *testing.T) {
	p := newTree()
	openReady(p, 1)
	p.Adjust(0, Priority{StreamDep: 1, Exclusive: true})
	expectParents(t, p, 1, 0)
}

func TestClosedStreamsKeepTheirPlaceForAWhile(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3)
	p.Adjust(3, Priority{StreamDep: 1})
	p.Close(nodes[0])
	openReady(p, 5)
	p.Adjust(5, Priority{StreamDep: 1})
	expectParents(t, p, 1, 0, 3, 1, 5, 1)
}

func TestTheOldestClosedStreamIsForgottenFirst(t *testing.T) {
	p := newTree()
	for id := uint32(1); id <= 23; id += 2 {
		p.Close(openReady(p, id)[0])
		checkTree(t, p)
	}
	if p.vertices[1] != nil || p.vertices[3] != nil || p.vertices[5] == nil || p.vertices[23] == nil {
		t.Errorf("kept %v, want 5 to 23", p.vertices)
	}
}

// P47.
func TestWhatDependsOnAForgottenStreamSharesItsWeight(t *testing.T) {
	p := NewRFC7540(RFC7540Config{}).(*rfc7540)
	nodes := openReady(p, 1, 3, 5, 7)
	p.Adjust(3, Priority{Weight: 59})
	p.Adjust(5, Priority{StreamDep: 3, Weight: 99})
	p.Adjust(7, Priority{StreamDep: 3, Weight: 199})
	p.Close(nodes[1])
	expectParents(t, p, 1, 0, 5, 0, 7, 0)
	if p.vertices[5].weight != 20 || p.vertices[7].weight != 40 {
		t.Errorf("weights = %d, %d, want 20, 40", p.vertices[5].weight, p.vertices[7].weight)
	}
}

func TestManyDependentsOfAForgottenStreamKeepTheirWeights(t *testing.T) {
	p := NewRFC7540(RFC7540Config{}).(*rfc7540)
	first := openReady(p, 1)[0]
	for i := range uint32(maxShared + 1) {
		id := 2*i + 3
		openReady(p, id)
		p.Adjust(id, Priority{StreamDep: 1, Weight: 99})
	}
	p.Close(first)
	expectParents(t, p, 3, 0, 5, 0)
	if p.vertices[3].weight != 100 {
		t.Errorf("weight = %d, want 100", p.vertices[3].weight)
	}
}

func TestThrottledTurnsOutOfOrderStartSmallAndGrow(t *testing.T) {
	p := NewRFC7540(RFC7540Config{Throttle: true})
	nodes := openReady(p, 1, 3)
	p.Adjust(3, Priority{StreamDep: 1})
	p.ClearReady(nodes[0])
	expectLimits := func(want ...int) {
		t.Helper()
		for _, want := range want {
			n, limit := p.Next()
			if limit != want {
				t.Errorf("limit = %d, want %d", limit, want)
			}
			p.Sent(n, min(limit, 100))
		}
	}
	expectLimits(1024, 2048, 3072)
	p.SetReady(nodes[0])
	expectLimits(NoLimit)
	p.ClearReady(nodes[0])
	expectLimits(1024, 2048)
	p.Close(nodes[0])
	expectLimits(NoLimit, NoLimit)
}

func TestTurnsOutOfOrderAreNotLimitedUnlessThrottled(t *testing.T) {
	p := newTree()
	nodes := openReady(p, 1, 3)
	p.Adjust(3, Priority{StreamDep: 1})
	p.ClearReady(nodes[0])
	if _, limit := p.Next(); limit != NoLimit {
		t.Errorf("limit = %d, want none", limit)
	}
}

// P47.
func TestADeepTreeIsBounded(t *testing.T) {
	p := newTree()
	for id := uint32(1); id < 4000; id += 2 {
		openReady(p, id)
		p.Adjust(id, Priority{StreamDep: id - 2})
	}
	checkTree(t, p)
	for id := uint32(4001); id < 4100; id += 2 {
		openReady(p, id)
		p.Adjust(id, Priority{Exclusive: true})
	}
	checkTree(t, p)
}

func TestExclusiveChainsOfManyStreamsAreBounded(t *testing.T) {
	p := newTree()
	for id := uint32(1); id < 4000; id += 2 {
		openReady(p, id)
		p.Adjust(id, Priority{Exclusive: true})
	}
	checkTree(t, p)
}

func TestPriorityChurnHoldsNoMemory(t *testing.T) {
	p := newTree()
	r := rand.New(rand.NewPCG(7, 8))
	openReady(p, 1, 3, 5)
	for range 100000 {
		p.Adjust(r.Uint32()|1, Priority{StreamDep: r.Uint32() % 16, Exclusive: r.IntN(2) == 0, Weight: uint8(r.Uint32())})
	}
	checkTree(t, p)
	if len(p.vertices) != 3+10 || len(p.tree.free) > maxFree {
		t.Errorf("%d streams in the tree and %d free, want 13 and at most %d", len(p.vertices), len(p.tree.free), maxFree)
	}
}

func TestOnlyTheDependencyTreeFollowsDependencies(t *testing.T) {
	forEachPolicy(t, func(t *testing.T, p Policy) {
		_, want := p.(*rfc7540)
		if got := FollowsDependencies(p); got != want {
			t.Errorf("FollowsDependencies(%T) = %v, want %v", p, got, want)
		}
	})
}
