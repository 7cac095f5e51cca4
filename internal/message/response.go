package message

import (
	"net/http"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
)

// ResponseInfo is what framing and the automatic fields depend on in the fields of a response.
type ResponseInfo struct {
	ContentLength int64 // the declared length, -1 if none is or it is no number

	// These rule out the automatic field. A key without values counts as present, except for
	// content-encoding; a content-length that is no number does not.
	HasContentLength   bool
	HasContentType     bool
	HasDate            bool
	HasContentEncoding bool

	GRPCStatus      bool // a grpc-status field is sent
	GRPCContentType bool // the content-type sent begins with application/grpc
	ConnectionClose bool // "Connection: close": a request to shut down, not a field

	Declared *Declared // what Trailer fields declare; nil or empty: nothing
}

// Declared is what the Trailer fields of a response declare: keys in their canonical form, sorted, without duplicates.
type Declared struct {
	Trailers []string
	Invalid  []string // not to be sent
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

// stackEntries is how many fields are sorted without allocating.
const stackEntries = 16

// An entry is one key of an http.Header on its way out.
type entry struct {
	key    string
	values []string
}

// AppendResponse appends the field section that starts a response: :status, then the fields of h by canonical name with
// content-length last. What is not valid in HTTP/2 is left out. It sets all of info, and uses
// its Declared again.
func AppendResponse(dst []hpack.HeaderField, status int, h http.Header, info *ResponseInfo) []hpack.HeaderField {
	*info = ResponseInfo{ContentLength: -1, Declared: info.Declared.empty()}
	dst = append(dst, hpack.HeaderField{Name: ":status", Value: StatusText3(status)})
	length := ""
	var room [stackEntries]entry
	for _, e := range sortedEntries(room[:0], h) {
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
			info.Declared = new(Declared)
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
	var room [stackEntries]entry
	for _, e := range sortedEntries(room[:0], h) {
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
