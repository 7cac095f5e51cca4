package message

import (
	"net/http"
	"strconv"

	"h2fork.example/net/hpack"
)

// A ResponseReader makes responses of the field sections that a client receives on one connection. It is owned by the
// connection's reader.
type ResponseReader struct {
	names canonicalCache
}

// ReadStatus reads the pseudo-header fields at the beginning of a response, of which there is one, :status (RFC 9113
// §8.3.2). It returns the status code, and the regular fields: Informational takes those of a 1xx response, Read those
// of a final one. Its error is a *wire.StreamError: the response is malformed.
func ReadStatus(id uint32, fields []hpack.HeaderField) (code int, regular []hpack.HeaderField, err error) {
	status, seen, mixed, n := "", false, false, 0
	for n < len(fields) && isPseudo(fields[n].Name) {
		f := &fields[n]
		switch f.Name {
		case ":status":
			if seen {
				return 0, nil, malformed(id, "", "duplicate pseudo-header %q", f.Name)
			}
			status, seen = f.Value, true
		case ":method", ":scheme", ":authority", ":path", ":protocol":
			mixed = true
		default:
			return 0, nil, malformed(id, "", "invalid pseudo-header %q", f.Name)
		}
		if !validValue(f.Value) {
			return 0, nil, errFieldValue(id, f.Name)
		}
		n++
	}
	switch regular = fields[n:]; {
	case status == "":
		return 0, nil, errNoStatus(id, regular)
	case mixed:
		return 0, nil, malformed(id, "", "mix of request and response pseudo headers")
	}
	if code, err = parseStatus(id, status); err != nil {
		return 0, nil, err
	}
	return code, regular, nil
}

// errNoStatus is for a response without :status, if it hasn't come too late.
func errNoStatus(id uint32, regular []hpack.HeaderField) error {
	for i := range regular {
		if isPseudo(regular[i].Name) {
			return errFieldName(id, regular[i].Name)
		}
	}
	return malformed(id, "", "malformed response from server: missing status pseudo header")
}

// parseStatus parses the value of :status, three digits (RFC 9110 §15).
func parseStatus(id uint32, v string) (int, error) {
	code, err := strconv.Atoi(v)
	if err != nil {
		return 0, malformed(id, "", "malformed response from server: malformed non-numeric status pseudo header")
	}
	if len(v) != 3 || code < 100 {
		return 0, malformed(id, "", "malformed response from server: status pseudo header %q is not three digits", v)
	}
	return code, nil
}

// Informational returns the header of a response that precedes the final one (RFC 9110 §15.2), of what ReadStatus
// returned. Its error is a *wire.StreamError: the response is malformed.
func (r *ResponseReader) Informational(id uint32, code int, regular []hpack.HeaderField) (http.Header, error) {
	if code == http.StatusSwitchingProtocols {
		// RFC 9113 §8.6: HTTP/2 has neither this status code nor what it is for.
		return nil, malformed(id, "", "malformed response from server: status 101 in HTTP/2")
	}
	got := responseFields{fieldMap: newFieldMap(len(regular), nil)}
	if err := r.readRegular(id, &got, regular); err != nil {
		return nil, err
	}
	return got.header, nil
}

// Read makes the final response to req of what ReadStatus returned. It is complete but for Body, Request and TLS. The
// keys that its Trailer field declares are in Trailer. An error is a *wire.StreamError: the response is malformed. Of
// regular only the strings are kept.
func (r *ResponseReader) Read(id uint32, code int, regular []hpack.HeaderField, endStream bool, req *http.Request) (*http.Response, error) {
	res, values := newWithValues[http.Response](len(regular))
	got := responseFields{fieldMap: newFieldMap(len(regular), values)}
	if err := r.readRegular(id, &got, regular); err != nil {
		return nil, err
	}
	length := got.contentLength()
	if req.Method == http.MethodConnect && code/100 == 2 {
		length = -1 // RFC 9110 §9.3.6: a tunnel follows, and content-length is to be ignored
	}
	res.Status = statusLine(code)
	res.StatusCode = code
	res.Proto = "HTTP/2.0"
	res.ProtoMajor = 2
	res.Header = got.header
	res.Trailer = got.trailer
	res.ContentLength = length
	if length < 0 && endStream && req.Method != http.MethodHead {
		res.ContentLength = 0
	}
	return res, nil
}

// responseFields is what readRegular gathers of the regular fields.
type responseFields struct {
	fieldMap
	trailer   http.Header
	hasLength bool // a content-length is in the header
}

func (r *ResponseReader) readRegular(id uint32, got *responseFields, fields []hpack.HeaderField) error {
	for i := range fields {
		f := &fields[i]
		key, k, err := r.field(id, f)
		switch {
		case err != nil:
			return err
		case k.connectionSpecific():
			// Dropped: they would mislead a program that makes an HTTP/1.1 response of this one.
		case k == kindTrailer:
			got.trailer = declareAnyTrailers(got.trailer, f.Value)
		default:
			got.hasLength = got.hasLength || k == kindContentLength
			got.add(key, f.Value)
		}
	}
	return nil
}

// field checks a regular field and returns its key in an http.Header.
func (r *ResponseReader) field(id uint32, f *hpack.HeaderField) (key string, k kind, err error) {
	if known := byLower(f.Name); known != nil {
		key, k = known.canonical, known.kind
	} else if spelled, ok := r.names.key(f.Name); ok {
		key = spelled
	} else {
		return "", 0, errFieldName(id, f.Name)
	}
	if !validValue(f.Value) {
		return "", 0, errFieldValue(id, f.Name)
	}
	return key, k, nil
}

// contentLength returns the declared length, -1 if none is. Several fields with one value become
// one field. If values differ, or are no number, all are removed (RFC 9110 §8.6).
func (h *responseFields) contentLength() int64 {
	const key = "Content-Length"
	if !h.hasLength {
		return -1
	}
	values := h.header[key]
	n, ok := parseLength(values[0])
	for _, v := range values[1:] {
		ok = ok && v == values[0]
	}
	if !ok {
		delete(h.header, key)
		return -1
	}
	h.header[key] = values[:1:1]
	return n
}
