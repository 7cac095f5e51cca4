package message

import (
	"net/http"

	"h2fork.example/net/hpack"
)

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
