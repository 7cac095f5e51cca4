package message

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/hpack"
)

// maxTrailerKeys bounds the keys that Trailer fields may declare in one message. Two octets of such a field would
// otherwise cost a map entry ("Trailer: header amplification").
const maxTrailerKeys = 256

// forbiddenTrailer reports whether a field, by its canonical name, must not be in a trailer section: framing,
// routing, authentication and the like (RFC 9110 §6.5.1), and what is connection-specific (RFC 9113 §8.2.2).
func forbiddenTrailer(key string) bool {
	return key == "Upgrade" || !httpguts.ValidTrailerHeader(key)
}

// eachElement calls do with each element of a comma-separated list that is not empty (RFC 9110 §5.6.1).
func eachElement(list string, do func(element string)) {
	for more := true; more; {
		var element string
		element, list, more = strings.Cut(list, ",")
		if element = trimOWS(element); element != "" {
			do(element)
		}
	}
}

// declareTrailers adds the keys that a Trailer field names to a request's Trailer, which is nil to begin with.
// Keys that could never arrive are dropped.
func declareTrailers(trailer http.Header, value string) http.Header {
	eachElement(value, func(name string) {
		if len(trailer) >= maxTrailerKeys || !validToken(name) {
			return
		}
		key := http.CanonicalHeaderKey(name)
		if forbiddenTrailer(key) {
			return
		}
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[key] = nil
	})
	return trailer
}

// ReadTrailers returns those trailers of a request that its Trailer field declared, nil if there are none. Its error
// is a *wire.StreamError: the trailer section is malformed.
func (r *RequestReader) ReadTrailers(id uint32, fields []hpack.HeaderField, declared http.Header) (http.Header, error) {
	var trailers http.Header
	for i := range fields {
		f := &fields[i]
		if i == 0 && isPseudo(f.Name) {
			return nil, malformed(id, "trailers_pseudo", "pseudo-header %q in trailers", f.Name)
		}
		key, ok := r.key(f.Name)
		if !ok {
			return nil, errFieldName(id, f.Name)
		}
		if !validValue(f.Value) {
			return nil, errFieldValue(id, f.Name)
		}
		if declared == nil {
			continue
		}
		if forbiddenTrailer(key) {
			return nil, malformed(id, "trailers_bogus", "field %q in trailers", f.Name)
		}
		if _, ok := declared[key]; !ok {
			continue
		}
		if trailers == nil {
			trailers = make(http.Header)
		}
		trailers[key] = append(trailers[key], f.Value)
	}
	return trailers, nil
}

// key returns the canonical spelling of name, or false if name is not valid on the wire.
func (r *RequestReader) key(name string) (string, bool) {
	if known := byLower(name); known != nil {
		return known.canonical, true
	}
	return r.names.key(name)
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
	var room [stackTrailers]trailer
	trailers := room[:0]
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
