package hpack

import "hash/maphash"

// hashSeed keeps peers from choosing fields that collide.
var hashSeed = maphash.MakeSeed()

// A fieldIndex finds the fields of an encoder's dynamic table. It is two chained hash tables
// over the numbers of the entries. A chain starts at the newest entry of its bucket and each
// link leads to an older one; since the oldest entries are evicted first, a chain ends at the
// first number that is no longer in the table. That is why an eviction has nothing to update.
//
// Decoders have none.
type fieldIndex struct {
	links  []entryLinks // of entry n at n&(len(links)-1), as in the table's ring
	names  []uint64     // bucket of the name's hash → newest entry
	fields []uint64     // bucket of the whole field's hash → newest entry
}

type entryLinks struct {
	name, field uint64 // the next older entries of the same buckets
}

// A fieldHash has the hashes of a field's name and of the field as a whole.
type fieldHash struct {
	name, field uint64
}

// hashName hashes a name. static is its index in the static table, which serves as its hash: those
// names are few. Only a name that is not in that table, with an index of 0, has to be read.
func hashName(name string, static uint64) uint64 {
	if static != 0 {
		return static
	}
	return maphash.String(hashSeed, name)
}

func hashField(name, value string, static uint64) fieldHash {
	h := hashName(name, static)
	return fieldHash{name: h, field: 31*h + maphash.String(hashSeed, value)}
}

// search returns the number of the newest entry equal to the field and, if there is none, that
// of the newest with its name, or else 0.
func (x *fieldIndex) search(t *dynamicTable, name, value string, h fieldHash) (n uint64, exact bool) {
	if t.len() == 0 {
		return 0, false
	}
	if n := x.searchField(t, name, value, h.field); n != 0 {
		return n, true
	}
	return x.searchName(t, name, h.name), false
}

func (x *fieldIndex) searchField(t *dynamicTable, name, value string, hash uint64) uint64 {
	mask := uint64(len(x.links) - 1)
	for n := x.fields[hash&mask]; n > t.evicted; n = x.links[n&mask].field {
		if e := t.at(n); e.value == value && e.name == name {
			return n
		}
	}
	return 0
}

func (x *fieldIndex) searchName(t *dynamicTable, name string, hash uint64) uint64 {
	mask := uint64(len(x.links) - 1)
	for n := x.names[hash&mask]; n > t.evicted; n = x.links[n&mask].name {
		if t.at(n).name == name {
			return n
		}
	}
	return 0
}

// added indexes the newest entry of t, whose hash is h.
func (x *fieldIndex) added(t *dynamicTable, h fieldHash) {
	if len(x.links) != len(t.ring) {
		x.rebuild(t)
		return
	}
	x.link(t.added, h)
}

func (x *fieldIndex) link(n uint64, h fieldHash) {
	mask := uint64(len(x.links) - 1)
	name, field := &x.names[h.name&mask], &x.fields[h.field&mask]
	x.links[n&mask] = entryLinks{name: *name, field: *field}
	*name, *field = n, n
}

// rebuild follows the ring to its new length.
func (x *fieldIndex) rebuild(t *dynamicTable) {
	size := len(t.ring)
	x.links = make([]entryLinks, size)
	x.names = make([]uint64, size)
	x.fields = make([]uint64, size)
	for n := t.evicted + 1; n <= t.added; n++ {
		e := t.at(n)
		x.link(n, hashField(e.name, e.value, searchStaticName(e.name)))
	}
}
