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
		if isPseudo(f.Name) {
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
	if known := byLower[name]; known != nil {
		return known.canonical, true
	}
	return r.names.key(name)
}

// declareResponseTrailers notes in info what the Trailer fields of a response name.
func declareResponseTrailers(info *ResponseInfo, values []string) {
	for _, value := range values {
		eachElement(value, func(name string) {
			key := http.CanonicalHeaderKey(name)
			if validToken(key) && !forbiddenTrailer(key) {
				info.Trailers = insertKey(info.Trailers, key)
			} else {
				info.InvalidTrailers = insertKey(info.InvalidTrailers, key)
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

// AppendTrailers appends the trailer section of a response: the fields of h that were declared, as in
// ResponseInfo.Trailers, and those whose key has http.TrailerPrefix, by canonical name. A prefixed field takes the
// place of one that merely was declared.
func AppendTrailers(dst []hpack.HeaderField, h http.Header, declared []string) []hpack.HeaderField {
	var room [stackEntries]entry
	entries := room[:0]
	for key, values := range h {
		name, ok := strings.CutPrefix(key, http.TrailerPrefix)
		if !ok {
			continue
		}
		if name = http.CanonicalHeaderKey(name); !forbiddenTrailer(name) {
			entries = append(entries, entry{key: name, values: values, prefixed: true})
		}
	}
	for _, key := range declared {
		if values, ok := h[key]; ok {
			entries = append(entries, entry{key: key, values: values})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(a.key, b.key); c != 0 || a.prefixed == b.prefixed {
			return c
		}
		if a.prefixed {
			return -1
		}
		return 1
	})
	for i, e := range entries {
		if i > 0 && e.key == entries[i-1].key {
			continue
		}
		if name, _, ok := lowerName(e.key); ok {
			dst = appendValues(dst, name, e.values)
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
