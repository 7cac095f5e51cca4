package message

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
)

// undeclarable reports whether a request must not have known, which may be nil, as a trailer: it would change what the
// message is (RFC 9110 §6.5.1), or is connection-specific (RFC 9113 §8.2.2).
func undeclarable(known *knownName) bool {
	return known != nil && (known.kind.connectionSpecific() || known.kind == kindTrailer || known.kind == kindContentLength)
}

// appendDeclaration appends the Trailer field that announces a request's trailers, if there are any.
func appendDeclaration(dst []hpack.HeaderField, trailer http.Header) ([]hpack.HeaderField, error) {
	if len(trailer) == 0 {
		return dst, nil
	}
	keys := make([]string, 0, len(trailer))
	sorted, list := sortedEntries(nil, trailer)
	defer list.free()
	for _, e := range sorted {
		_, known, err := requestField("trailer", e)
		if err != nil {
			return nil, err
		}
		key := http.CanonicalHeaderKey(e.key)
		if undeclarable(known) {
			return nil, fmt.Errorf("http2: invalid Trailer key %q", key)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return append(dst, hpack.HeaderField{Name: "trailer", Value: strings.Join(keys, ",")}), nil
}

// AppendRequestTrailers appends the trailer section of a request, by key. What is not valid in one is left out.
func AppendRequestTrailers(dst []hpack.HeaderField, trailer http.Header) []hpack.HeaderField {
	var array [stackEntries]entry
	sorted, list := sortedEntries(array[:0], trailer)
	defer list.free()
	for _, e := range sorted {
		if name, known, ok := lowerName(e.key); ok && !undeclarable(known) {
			dst = appendValues(dst, name, e.values)
		}
	}
	return dst
}

// Declared is what the Trailer fields of a response declare: keys in their canonical form, sorted, without duplicates.
type Declared struct {
	Trailers []string
	Invalid  []string // not to be sent

	few [4]string // storage for Trailers: grpc-go's server declares three in every response
}

func newDeclared() *Declared {
	d := new(Declared)
	d.Trailers = d.few[:0]
	return d
}

func (d *Declared) empty() *Declared {
	if d != nil {
		d.Trailers, d.Invalid = d.Trailers[:0], d.Invalid[:0]
	}
	return d
}

// Trailers returns the keys that are declared as trailers.
func (info *ResponseInfo) Trailers() []string {
	if info.Declared == nil {
		return nil
	}
	return info.Declared.Trailers
}

// add adds what the Trailer fields of a response name.
func (d *Declared) add(values []string) {
	for _, value := range values {
		eachElement(value, func(name string) {
			key := http.CanonicalHeaderKey(name)
			if validToken(key) && !forbiddenTrailer(key) {
				d.Trailers = insertKey(d.Trailers, key)
			} else {
				d.Invalid = insertKey(d.Invalid, key)
			}
		})
	}
}

// insertKey adds key to a sorted list without duplicates, unless the list is full.
func insertKey(keys []string, key string) []string {
	i, found := slices.BinarySearch(keys, key)
	if found || len(keys) >= maxTrailerKeys {
		return keys
	}
	return slices.Insert(keys, i, key)
}

// stackTrailers is how many trailers are sorted without allocating.
const stackTrailers = 8

// A trailer is an entry whose key is canonical now, and the key it had.
type trailer struct {
	entry
	from string
}

// compareTrailers sorts by canonical name. Of several with the same one the first is sent: the prefixed one, whose
// key was longer.
func compareTrailers(a, b trailer) int {
	return cmp.Or(
		strings.Compare(a.key, b.key),
		cmp.Compare(len(b.from), len(a.from)),
		strings.Compare(a.from, b.from),
	)
}

// AppendTrailers appends the trailer section of a response: the fields of h that were declared, as in
// Declared.Trailers, and those whose key has http.TrailerPrefix, by canonical name. A prefixed field takes the
// place of one that merely was declared.
func AppendTrailers(dst []hpack.HeaderField, h http.Header, declared []string) []hpack.HeaderField {
	var array [stackTrailers]trailer
	trailers := array[:0]
	for from, values := range h {
		name, ok := strings.CutPrefix(from, http.TrailerPrefix)
		if !ok {
			continue
		}
		if key := http.CanonicalHeaderKey(name); !forbiddenTrailer(key) {
			trailers = append(trailers, trailer{entry{key, values}, from})
		}
	}
	for _, key := range declared {
		if values, ok := h[key]; ok {
			trailers = append(trailers, trailer{entry{key, values}, key})
		}
	}
	slices.SortFunc(trailers, compareTrailers)
	for i, t := range trailers {
		if i > 0 && t.key == trailers[i-1].key {
			continue
		}
		if name, _, ok := lowerName(t.key); ok {
			dst = appendValues(dst, name, t.values)
		}
	}
	return dst
}

// AppendGRPC appends the grpc-* fields of a sealed field section, to end a stream with them once more.
func AppendGRPC(dst, sealed []hpack.HeaderField) []hpack.HeaderField {
	for _, f := range sealed {
		if strings.HasPrefix(f.Name, "grpc-") {
			dst = append(dst, f)
		}
	}
	return dst
}
