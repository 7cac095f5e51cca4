package sched

const (
	defaultWeight = 16 // RFC 7540 §5.3.5

	// maxNested bounds the streams that depend on another stream, and so the depth of the tree and the
	// dependents of any stream but stream 0: a client may rearrange them with every PRIORITY frame
	// (CVE-2019-9513). Past it, streams depend on stream 0. It is enough for every stream of a connection with the
	// usual limits.
	maxNested = 300

	// maxShared bounds the dependents among which the weight of a stream that leaves the tree is shared
	// out; there may be more, and they keep their weights.
	maxShared = 32

	// maxFree bounds the vertices that wait to be used again.
	maxFree = 64

	// frameCost is what a frame costs beside its DATA, so that a stream that sends none still uses up its turn.
	frameCost = 9
)

// vertex is a stream in the dependency tree, or stream 0, its root.
type vertex struct {
	id     uint32
	weight uint64 // 1 to 256
	node   *Node  // nil unless the stream is open
	ready  bool

	// family is the set that the vertex belongs to, nil for the root; member and turn are its places there.
	family *family
	member link[*vertex]
	turn   link[*vertex] // in family.active if queued; its key is the share of the family's bytes that it had
	queued bool

	// kids is the streams that depend on this one. Each vertex has a family, but not always the same.
	kids *family

	keeper *keeper       // of a stream that is not open
	kept   link[*vertex] // in keeper
}

// family is the streams that depend on the same stream. While some are active, or have an active one below them,
// they share what bytes there are in proportion to their weights: the next turn is that of the one whose bytes,
// divided by its weight, are the fewest.
type family struct {
	parent  *vertex
	members ring[*vertex]
	size    int
	active  heap[*vertex]
	clock   uint64 // the key of the last turn: a vertex that becomes active does not make up for the time before
}

// tree is the dependency tree of RFC 7540 §5.3. A vertex is queued in its family while it, or one below it, is
// ready.
type tree struct {
	root   vertex
	nested int       // vertices that depend on another stream
	free   []*vertex // vertices to use again
}

func (t *tree) init() {
	t.root.kids = &family{parent: &t.root}
}

// add makes a vertex with the default weight that depends on parent, or on stream 0 if too many do on others.
func (t *tree) add(id uint32, parent *vertex) *vertex {
	var v *vertex
	if last := len(t.free) - 1; last >= 0 {
		v = t.free[last]
		t.free[last] = nil
		t.free = t.free[:last]
	} else {
		v = &vertex{kids: new(family)}
		v.member.of, v.turn.of, v.kept.of = v, v, v
	}
	v.id, v.weight = id, defaultWeight
	if !t.mayNest(v, parent) {
		parent = &t.root
	}
	v.kids.parent = v
	t.attach(v, parent)
	return v
}

// remove takes v out. What depends on it then depends on its parent and shares its weight (RFC 7540 §5.3.4).
func (t *tree) remove(v *vertex) {
	parent := v.family.parent
	if v.kids.size <= maxShared {
		v.shareWeight()
	}
	v.ready = false
	t.detach(v)
	t.adopt(parent, v)
	t.requeue(parent)
	v.turn.key = 0
	v.node = nil
	v.kids.parent = nil
	v.kids.clock = 0
	if len(t.free) < maxFree {
		t.free = append(t.free, v)
	}
}

// shareWeight splits the weight of v among its dependents, in proportion to theirs.
func (v *vertex) shareWeight() {
	sum := uint64(0)
	for kid := range v.kids.all {
		sum += kid.weight
	}
	for kid := range v.kids.all {
		kid.weight = max(1, v.weight*kid.weight/sum)
	}
}

// depend makes v depend on parent, alone if exclusive (RFC 7540 §5.3.3).
func (t *tree) depend(v, parent *vertex, exclusive bool) {
	if parent.isBelow(v) {
		t.move(parent, v.family.parent)
	}
	if !t.mayNest(v, parent) {
		parent, exclusive = &t.root, false
	}
	if exclusive && parent == &t.root && t.nested+t.root.kids.size > maxNested {
		exclusive = false
	}
	t.detach(v)
	if exclusive {
		t.adopt(v, parent)
	}
	t.attach(v, parent)
}

// mayNest reports whether v may depend on parent.
func (t *tree) mayNest(v, parent *vertex) bool {
	isNested := v.family != nil && v.family != t.root.kids
	return parent == &t.root || isNested || t.nested < maxNested
}

// isBelow reports whether v depends on w, directly or not.
func (v *vertex) isBelow(w *vertex) bool {
	for v.family != nil {
		v = v.family.parent
		if v == w {
			return true
		}
	}
	return false
}

// adopt makes all that depends on from depend on to. It moves the smaller of the two families into the larger, so
// that a family is not moved piece by piece again and again.
func (t *tree) adopt(to, from *vertex) {
	if from.kids.size > to.kids.size {
		t.nested -= t.nestedIn(to) + t.nestedIn(from)
		to.kids, from.kids = from.kids, to.kids
		to.kids.parent, from.kids.parent = to, from
		t.nested += t.nestedIn(to) + t.nestedIn(from)
	}
	for from.kids.size > 0 {
		t.move(from.kids.members.head.of, to)
	}
}

// nestedIn returns how many of the nested vertices depend on v directly.
func (t *tree) nestedIn(v *vertex) int {
	if v == &t.root {
		return 0
	}
	return v.kids.size
}

func (t *tree) move(v, parent *vertex) {
	t.detach(v)
	t.attach(v, parent)
}

// attach makes v, which depends on nothing, depend on parent. If it had been ahead of its share in its last family,
// it is as far ahead here.
func (t *tree) attach(v, parent *vertex) {
	f := parent.kids
	v.family = f
	v.turn.key += f.clock
	f.members.pushBack(&v.member)
	f.size++
	if parent != &t.root {
		t.nested++
	}
	t.requeue(v)
}

// detach makes v depend on nothing.
func (t *tree) detach(v *vertex) {
	f := v.family
	if v.queued {
		v.queued = false
		f.active.remove(&v.turn)
	}
	f.members.remove(&v.member)
	f.size--
	if f != t.root.kids {
		t.nested--
	}
	v.turn.key -= min(v.turn.key, f.clock)
	v.family = nil
	t.requeue(f.parent)
}

// requeue queues v if it has something ready and takes it out if not, and then those that it depends on.
func (t *tree) requeue(v *vertex) {
	for v.family != nil {
		wanted := v.ready || v.kids.active.root != nil
		if wanted == v.queued {
			return
		}
		v.queued = wanted
		f := v.family
		if wanted {
			v.turn.key = max(v.turn.key, f.clock)
			f.active.push(&v.turn)
		} else {
			f.active.remove(&v.turn)
		}
		v = f.parent
	}
}

// charge counts a frame of v against it and those that it depends on.
func (t *tree) charge(v *vertex, bytes int) {
	cost := uint64(bytes+frameCost) << 8 // so that division by a weight of up to 256 loses little
	for ; v.family != nil; v = v.family.parent {
		f := v.family
		f.clock = max(f.clock, v.turn.key)
		if v.queued {
			f.active.remove(&v.turn)
		}
		v.turn.key += cost / v.weight
		if v.queued {
			f.active.push(&v.turn)
		}
	}
}

// all yields the members of f, which the loop must not change.
func (f *family) all(yield func(*vertex) bool) {
	for l := f.members.head; l != nil; {
		if !yield(l.of) {
			return
		}
		if l = l.next; l == f.members.head {
			return
		}
	}
}
