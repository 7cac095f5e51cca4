package hpack

// A dynamicTable is the first-in, first-out list of RFC 7541 §2.3.2. Entries are numbered from
// 1 in the order of their insertion; a number is never reused, so it names an entry for good,
// whatever its index becomes. Entry n lives in ring[n&(len(ring)-1)]: neither insertion nor
// eviction moves another entry.
//
// Its owner is the Encoder or Decoder it is part of.
type dynamicTable struct {
	ring    []tableEntry // length a power of two, or none before the first insertion
	added   uint64       // entries ever inserted: the number of the newest
	evicted uint64       // entries ever evicted: those up to this number are gone
	size    uint64       // sum of the entries' sizes, RFC 7541 §4.1
	maxSize uint32       // what size is kept within
}

type tableEntry struct {
	name, value string
}

// minRing is the capacity of the first ring. It grows with the entries in use rather than start
// at maxSize/32: most connections use few.
const minRing = 4

func (t *dynamicTable) len() uint64 { return t.added - t.evicted }

// at returns entry n, which must be in the table.
func (t *dynamicTable) at(n uint64) *tableEntry {
	return &t.ring[n&uint64(len(t.ring)-1)]
}

// setMaxSize evicts what no longer fits (RFC 7541 §4.3).
func (t *dynamicTable) setMaxSize(v uint32) {
	t.maxSize = v
	t.evictDownTo(uint64(v))
}

// fits reports whether a field of this size can be an entry at all.
func (t *dynamicTable) fits(size uint64) bool { return size <= uint64(t.maxSize) }

// add inserts a field. One that is larger than the table empties it and is not inserted, which
// is no error (RFC 7541 §4.4).
func (t *dynamicTable) add(name, value string) {
	size := fieldSize(name, value)
	if !t.fits(size) {
		t.evictDownTo(0)
		return
	}
	t.evictDownTo(uint64(t.maxSize) - size)
	if t.len() == uint64(len(t.ring)) {
		t.grow()
	}
	t.added++
	*t.at(t.added) = tableEntry{name, value}
	t.size += size
}

// evictDownTo evicts the oldest entries until the table's size is at most limit.
func (t *dynamicTable) evictDownTo(limit uint64) {
	for t.size > limit {
		t.evicted++
		e := t.at(t.evicted)
		t.size -= fieldSize(e.name, e.value)
		*e = tableEntry{} // lets go of the strings
	}
}

func (t *dynamicTable) grow() {
	old := *t
	t.ring = make([]tableEntry, max(minRing, 2*len(old.ring)))
	for n := old.evicted + 1; n <= old.added; n++ {
		*t.at(n) = *old.at(n)
	}
}
