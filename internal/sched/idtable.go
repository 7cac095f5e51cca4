package sched

import "math/rand/v2"

// idTable finds open nodes by stream identifier. It is a hash table that chains the nodes themselves: a connection
// opens and closes a stream with every request, and a map takes several times as long. A client cannot choose
// identifiers that collide, as each table has a hash of its own.
type idTable struct {
	buckets []*Node // linked by Node.sameBucket; a power of two
	size    int
	seed    uint32
}

const (
	minBuckets = 4 // most connections have few streams, or are idle

	// maxIdleBuckets is how many an empty table keeps: an idle connection should not hold what a burst took.
	maxIdleBuckets = 64
)

// bucket returns the chain for an identifier. The steps are those with which MurmurHash3 ends: a single
// multiplication would be cheaper, but bring identifiers that follow one another into few chains for some seeds.
func (t *idTable) bucket(id uint32) **Node {
	h := id ^ t.seed
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	h ^= h >> 16
	return &t.buckets[h&uint32(len(t.buckets)-1)]
}

// find returns the node with the identifier, or nil.
func (t *idTable) find(id uint32) *Node {
	if t.size == 0 {
		return nil
	}
	n := *t.bucket(id)
	for n != nil && n.ID != id {
		n = n.sameBucket
	}
	return n
}

// add adds n, whose identifier must not be in the table.
func (t *idTable) add(n *Node) {
	switch {
	case t.buckets == nil:
		t.seed = rand.Uint32()
		t.buckets = make([]*Node, minBuckets)
	case t.size == len(t.buckets):
		t.grow()
	}
	t.size++
	t.link(n)
}

func (t *idTable) link(n *Node) {
	b := t.bucket(n.ID)
	n.sameBucket, *b = *b, n
}

func (t *idTable) grow() {
	old := t.buckets
	t.buckets = make([]*Node, 2*len(old))
	for _, n := range old {
		for n != nil {
			next := n.sameBucket
			t.link(n)
			n = next
		}
	}
}

// remove takes out n, which must be in the table.
func (t *idTable) remove(n *Node) {
	at := t.bucket(n.ID)
	for *at != n {
		at = &(*at).sameBucket
	}
	*at, n.sameBucket = n.sameBucket, nil
	if t.size--; t.size == 0 && len(t.buckets) > maxIdleBuckets {
		t.buckets = nil
	}
}

// trim frees the memory of a table that is empty.
func (t *idTable) trim() { t.buckets = nil }
