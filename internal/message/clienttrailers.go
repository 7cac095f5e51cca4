package message

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
)

// undeclarable reports whether a request can't have a trailer that is known to the table as this: it would change what
// the message is (RFC 9110 §6.5.1), or is connection-specific (RFC 9113 §8.2.2).
func undeclarable(known *knownName) bool {
	return known != nil && (known.kind.connectionSpecific() || known.kind == kindTrailer || known.kind == kindContentLength)
}

// trailerDeclaration returns the value of the Trailer field that announces a request's trailers, "" if there are none.
func trailerDeclaration(trailer http.Header) (string, error) {
	if len(trailer) == 0 {
		return "", nil
	}
	var room [stackTrailers]entry
	keys := make([]string, 0, len(trailer))
	for _, e := range sortedEntries(room[:0], trailer) {
		_, known, err := requestField("trailer", e)
		if err != nil {
			return "", err
		}
		key := http.CanonicalHeaderKey(e.key)
		if undeclarable(known) {
			return "", fmt.Errorf("http2: invalid Trailer key %q", key)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return strings.Join(keys, ","), nil
}

// AppendRequestTrailers appends the trailer section of a request, by key. What is not valid in one is left out.
func AppendRequestTrailers(dst []hpack.HeaderField, trailer http.Header) []hpack.HeaderField {
	var room [stackTrailers]entry
	for _, e := range sortedEntries(room[:0], trailer) {
		if name, known, ok := lowerName(e.key); ok && !undeclarable(known) {
			dst = appendValues(dst, name, e.values)
		}
	}
	return dst
}

// declareAnyTrailers adds the keys that a Trailer field names to a response's Trailer, which is nil to begin with. It
// is as lenient as ReadTrailers is.
func declareAnyTrailers(trailer http.Header, value string) http.Header {
	if trailer == nil {
		trailer = make(http.Header)
	}
	eachElement(value, func(name string) {
		if len(trailer) < maxTrailerKeys && validToken(name) && !ConnectionSpecific(name) {
			trailer[http.CanonicalHeaderKey(name)] = nil
		}
	})
	return trailer
}

// ReadTrailers returns the trailers of a response, declared or not, nil if there are none. Its error is a
// *wire.StreamError: the trailer section is malformed.
func (r *ResponseReader) ReadTrailers(id uint32, fields []hpack.HeaderField) (http.Header, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	if isPseudo(fields[0].Name) {
		return nil, malformed(id, "trailers_pseudo", "pseudo-header %q in trailers", fields[0].Name)
	}
	trailers := newFieldMap(len(fields), nil)
	for i := range fields {
		key, k, err := r.field(id, &fields[i])
		if err != nil {
			return nil, err
		}
		if !k.connectionSpecific() {
			trailers.add(key, fields[i].Value)
		}
	}
	if len(trailers.header) == 0 {
		return nil, nil
	}
	return trailers.header, nil
}
