package message

import "net/http"

const (
	// maxHeaderHint is the largest number of fields for which a map is made large enough for all. If there are
	// more, many may share a name, or be a cookie's crumbs, which become one value; and what is made is kept for as
	// long as the message is (a request of 16,300 crumbs kept 255 KiB of it).
	maxHeaderHint = 32

	// manyFieldsHint is the number of names that a map is made for if there are more fields than that.
	manyFieldsHint = 8

	// maxSharedValues is the largest number of keys whose first values share one array. A larger array of strings does
	// not fit its size class: the allocator adds eight bytes to what has pointers and is longer than 512.
	maxSharedValues = 32
)

// A fieldMap is an http.Header under construction.
type fieldMap struct {
	header http.Header
	values []string // the array behind the first values of header's keys
	left   int      // fields that have not been added, and so the most values that a key may still get
}

// newFieldMap returns an empty map for up to n fields. values, which is empty, is where the first of them go.
func newFieldMap(n int, values []string) fieldMap {
	names := n
	if n > maxHeaderHint {
		names = manyFieldsHint
	}
	return fieldMap{header: make(http.Header, names), values: values, left: n}
}

// add is Header.Add, but the first value of each key goes into values.
func (m *fieldMap) add(key, value string) {
	left := max(m.left, 1) // this one included
	m.left = left - 1
	if old, ok := m.header[key]; ok {
		if len(old) == cap(old) {
			old = growValues(old, left)
		}
		m.header[key] = append(old, value)
		return
	}
	n := len(m.values)
	if n == cap(m.values) {
		n, m.values = 0, make([]string, 0, min(left, maxSharedValues))
	}
	m.values = append(m.values, value)
	m.header[key] = m.values[n : n+1 : n+1]
}

// growValues makes values, those of one key, larger. At most left are to come; it grows by no more than that, since the
// memory is kept.
func growValues(values []string, left int) []string {
	extra := len(values)
	if extra > maxSharedValues {
		extra /= 2
	}
	return append(make([]string, 0, len(values)+min(extra, left)), values...)
}

// newWithValues allocates what every message needs, a request's URL or the response itself, and a slot for each of n
// fields' values, up to maxSharedValues: in one allocation, when they are few. Its size follows n, for the collector's
// work grows with the bytes that are allocated.
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
	return new(T), make([]string, 0, min(n, maxSharedValues))
}
