package message

import "net/http"

// maxHeaderHint bounds the room that is made for fields before they are seen to have different names.
const maxHeaderHint = 64

// A fieldMap is an http.Header under construction.
type fieldMap struct {
	header http.Header
	values []string // the array behind header's values; its capacity is the number of fields
}

// newFieldMap returns an empty map for n fields. The capacity of values is at least n.
func newFieldMap(n int, values []string) fieldMap {
	return fieldMap{header: make(http.Header, min(n, maxHeaderHint)), values: values}
}

// add is Header.Add, with room for the first value of each key already there.
func (m *fieldMap) add(key, value string) {
	if old, ok := m.header[key]; ok {
		m.header[key] = append(old, value)
		return
	}
	n := len(m.values)
	m.values = append(m.values, value)
	m.header[key] = m.values[n : n+1 : n+1]
}

// newWithValues allocates what every message needs, a request's URL or the response itself, and a slot for each of n
// fields' values: in one allocation, when they are few. Its size follows n, for the collector's work grows with the
// bytes that are allocated.
func newWithValues[T any](n int) (*T, []string) {
	switch {
	case n <= 1:
		both := new(struct {
			message T
			values  [1]string
		})
		return &both.message, both.values[:0]
	case n <= 2:
		both := new(struct {
			message T
			values  [2]string
		})
		return &both.message, both.values[:0]
	case n <= 4:
		both := new(struct {
			message T
			values  [4]string
		})
		return &both.message, both.values[:0]
	case n <= 8:
		both := new(struct {
			message T
			values  [8]string
		})
		return &both.message, both.values[:0]
	}
	return new(T), make([]string, 0, n)
}
