package message

import (
	"net/http"
	"net/url"

	"h2fork.example/net/hpack"
)

// AppendPromise appends the field section of a PUSH_PROMISE: the request for u that a server answers unasked (RFC 9113
// §8.4.1). What is not valid in HTTP/2 is left out.
func AppendPromise(dst []hpack.HeaderField, method string, u *url.URL, h http.Header) []hpack.HeaderField {
	dst = append(dst,
		hpack.HeaderField{Name: ":method", Value: method},
		hpack.HeaderField{Name: ":scheme", Value: u.Scheme},
		hpack.HeaderField{Name: ":authority", Value: u.Host},
		hpack.HeaderField{Name: ":path", Value: u.RequestURI()},
	)
	var array [stackEntries]entry
	sorted, list := sortedEntries(array[:0], h)
	defer list.free()
	for _, e := range sorted {
		name, known, ok := lowerName(e.key)
		if !ok || (known != nil && known.kind.connectionSpecific()) {
			continue
		}
		dst = appendValues(dst, name, e.values)
	}
	return dst
}
