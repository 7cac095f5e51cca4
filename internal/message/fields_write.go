package message

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"h2fork.example/net/hpack"
)

// stackEntries is how many entries are sorted on the stack. More of them would make frames of 800 octets on the way of
// every request, at a place where a proxy's stack has little left: with 16 it grew again after each collection, which
// took 4 % of the CPU time.
const stackEntries = 4

// An entry is one key of an http.Header on its way out.
type entry struct {
	key    string
	values []string
}

// An entryList is room for entries that the stack has none for.
type entryList struct{ entries []entry }

// listedEntries is the capacity that a list begins with.
const listedEntries = 12

var entryLists = sync.Pool{New: func() any { return &entryList{make([]entry, 0, listedEntries)} }}

// maxPooledEntries bounds the lists that are kept: one huge header map must not have us keep its size.
const maxPooledEntries = 64

// free gives l back, if it is not nil. It keeps nothing of the header map.
func (l *entryList) free() {
	if l == nil || cap(l.entries) > maxPooledEntries {
		return
	}
	clear(l.entries)
	l.entries = l.entries[:0]
	entryLists.Put(l)
}

// sortedEntries returns what h holds, by key: in dst, which is empty, or in a list that the caller frees.
func sortedEntries(dst []entry, h http.Header) ([]entry, *entryList) {
	if len(h) <= cap(dst) {
		return appendSorted(dst, h), nil
	}
	list := entryLists.Get().(*entryList)
	list.entries = appendSorted(list.entries, h)
	return list.entries, list
}

// maxInserted is how many entries are put where they belong one by one. For more of them, sorting is faster.
const maxInserted = 16

// appendSorted appends what h holds to dst, which is empty.
func appendSorted(dst []entry, h http.Header) []entry {
	few := len(h) <= maxInserted
	for key, values := range h {
		dst = append(dst, entry{key: key, values: values})
		if few {
			placeLast(dst)
		}
	}
	if !few {
		slices.SortFunc(dst, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	}
	return dst
}

// placeLast moves the last entry to where it belongs among the others, which are sorted.
func placeLast(entries []entry) {
	i := len(entries) - 1
	e := entries[i]
	for ; i > 0 && entries[i-1].key > e.key; i-- {
		entries[i] = entries[i-1]
	}
	entries[i] = e
}

// appendValues appends a field for each value that may be sent, without white space at either end (RFC 9113 §8.2.1).
func appendValues(dst []hpack.HeaderField, name string, values []string) []hpack.HeaderField {
	for _, v := range values {
		if validValue(v) {
			dst = append(dst, hpack.HeaderField{Name: name, Value: trimOWS(v)})
		}
	}
	return dst
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// ListSize is what fields count for against SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2).
func ListSize(fields []hpack.HeaderField) uint64 {
	size := uint64(0)
	for i := range fields {
		size += uint64(fields[i].Size())
	}
	return size
}
