package message

import (
	"net/http"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
)

// stackEntries is how many fields are sorted without allocating.
const stackEntries = 16

// An entry is one key of an http.Header on its way out.
type entry struct {
	key    string
	values []string
}

// sortedEntries appends what h holds to dst, which is empty, by key.
func sortedEntries(dst []entry, h http.Header) []entry {
	if len(h) > stackEntries {
		for key, values := range h {
			dst = append(dst, entry{key: key, values: values})
		}
		slices.SortFunc(dst, func(a, b entry) int { return strings.Compare(a.key, b.key) })
		return dst
	}
	for key, values := range h { // few: each is put where it belongs
		i := len(dst)
		dst = append(dst, entry{})
		for ; i > 0 && dst[i-1].key > key; i-- {
			dst[i] = dst[i-1]
		}
		dst[i] = entry{key: key, values: values}
	}
	return dst
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
