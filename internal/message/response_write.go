package message

import (
	"net/http"
	"strings"

	"h2fork.example/net/hpack"
)

// ResponseInfo is what framing and the automatic fields depend on in the fields of a response.
type ResponseInfo struct {
	ContentLength int64 // the declared length, -1 if none is or it is no number

	// These rule out the automatic field. A key without values counts as present, except for content-encoding; a
	// content-length that is no number does not.
	HasContentLength   bool
	HasContentType     bool
	HasDate            bool
	HasContentEncoding bool

	GRPCStatus      bool // a grpc-status field is sent
	GRPCContentType bool // the content-type sent begins with application/grpc
	ConnectionClose bool // "Connection: close": a request to shut down, not a field

	Declared *Declared // what Trailer fields declare; nil or empty: nothing
}

// AppendResponse appends the field section that starts a response: :status, then the fields of h by canonical name with
// content-length last. What is not valid in HTTP/2 is left out. It sets all of info, and
// uses its Declared again.
func AppendResponse(dst []hpack.HeaderField, status int, h http.Header, info *ResponseInfo) []hpack.HeaderField {
	*info = ResponseInfo{ContentLength: -1, Declared: info.Declared.empty()}
	dst = append(dst, hpack.HeaderField{Name: ":status", Value: StatusText3(status)})
	length := ""
	var array [stackEntries]entry
	sorted, list := sortedEntries(array[:0], h)
	defer list.free()
	for _, e := range sorted {
		name, known, ok := lowerName(e.key)
		if !ok {
			continue
		}
		if known == nil || known.kind == ordinary {
			dst = appendValues(dst, name, e.values)
			continue
		}
		if e.key == known.canonical {
			info.note(known.kind, e.values)
			if known.kind == kindContentLength {
				length = first(e.values)
				continue
			}
		}
		if k := known.kind; k.connectionSpecific() || k == kindTE {
			continue
		}
		before := len(dst)
		dst = appendValues(dst, name, e.values)
		if len(dst) > before {
			info.noteSent(known.kind, dst[before].Value)
		}
	}
	if info.ContentLength >= 0 {
		dst = append(dst, hpack.HeaderField{Name: "content-length", Value: length})
	}
	return dst
}

// note records what a key of the header map means, by its mere presence too.
func (info *ResponseInfo) note(k kind, values []string) {
	switch k {
	case kindContentLength:
		v := first(values)
		if n, ok := parseLength(v); ok {
			info.ContentLength = n
		}
		info.HasContentLength = v == "" || info.ContentLength >= 0
	case kindContentType:
		info.HasContentType = true
	case kindDate:
		info.HasDate = true
	case kindContentEncoding:
		info.HasContentEncoding = first(values) != ""
	case kindConnection:
		info.ConnectionClose = first(values) == "close"
	case kindTrailer:
		if info.Declared == nil {
			info.Declared = newDeclared()
		}
		info.Declared.add(values)
	}
}

// noteSent records what a field means to the peer that gets it.
func (info *ResponseInfo) noteSent(k kind, value string) {
	switch k {
	case kindGRPCStatus:
		info.GRPCStatus = true
	case kindContentType:
		info.GRPCContentType = strings.HasPrefix(value, "application/grpc")
	}
}

// AppendInformational appends the field section of a 1xx response. It announces no content (RFC 9110 §15.2), so
// content-length is left out.
func AppendInformational(dst []hpack.HeaderField, status int, h http.Header) []hpack.HeaderField {
	dst = append(dst, hpack.HeaderField{Name: ":status", Value: StatusText3(status)})
	var array [stackEntries]entry
	sorted, list := sortedEntries(array[:0], h)
	defer list.free()
	for _, e := range sorted {
		name, known, ok := lowerName(e.key)
		if !ok {
			continue
		}
		if known != nil {
			if k := known.kind; k.connectionSpecific() || k == kindTE || k == kindContentLength {
				continue
			}
		}
		dst = appendValues(dst, name, e.values)
	}
	return dst
}
