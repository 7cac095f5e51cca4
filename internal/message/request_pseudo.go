package message

import "h2fork.example/net/hpack"

// pseudoFields are the control data of a request (RFC 9113 §8.3.1, RFC 8441 §4).
type pseudoFields struct {
	method, scheme, authority, path, protocol string

	hasProtocol bool // :protocol is there, if only empty
}

// readPseudo reads the pseudo-header fields at the beginning of fields and returns the others.
func readPseudo(id uint32, fields []hpack.HeaderField) (p pseudoFields, rest []hpack.HeaderField, err error) {
	const (
		method = 1 << iota
		scheme
		authority
		path
		protocol
	)
	seen := 0
	for i := range fields {
		f := &fields[i]
		if !isPseudo(f.Name) {
			return p, fields[i:], nil
		}
		var bit int
		var value *string
		switch f.Name {
		case ":method":
			bit, value = method, &p.method
		case ":scheme":
			bit, value = scheme, &p.scheme
		case ":authority":
			bit, value = authority, &p.authority
		case ":path":
			bit, value = path, &p.path
		case ":protocol":
			bit, value = protocol, &p.protocol
			p.hasProtocol = true
		case ":status":
			return p, nil, malformed(id, "", "mix of request and response pseudo headers")
		default:
			return p, nil, malformed(id, "", "invalid pseudo-header %q", f.Name)
		}
		if seen&bit != 0 {
			return p, nil, malformed(id, "", "duplicate pseudo-header %q", f.Name)
		}
		if !validValue(f.Value) {
			return p, nil, errFieldValue(id, f.Name)
		}
		seen |= bit
		*value = f.Value
	}
	return p, nil, nil
}

// check is what RFC 9113 §8.3.1 and §8.5 and RFC 8441 §4 demand of method, scheme and path, but for the
// syntax of the path.
func (p *pseudoFields) check(id uint32, extendedConnect bool) error {
	if p.hasProtocol && !extendedConnect {
		return malformed(id, "bad_connect", ":protocol without SETTINGS_ENABLE_CONNECT_PROTOCOL")
	}
	if p.method == "CONNECT" {
		return p.checkConnect(id)
	}
	if p.hasProtocol {
		return malformed(id, "bad_connect", ":protocol with method %q", p.method)
	}
	if !validToken(p.method) {
		return malformed(id, "bad_path_method", "invalid :method %q", p.method)
	}
	if p.scheme != "https" && p.scheme != "http" {
		return malformed(id, "bad_path_method", "invalid :scheme %q", p.scheme)
	}
	if p.path == "" {
		return malformed(id, "bad_path_method", "no :path")
	}
	return nil
}

func (p *pseudoFields) checkConnect(id uint32) error {
	if p.extendedConnect() {
		if p.scheme == "" {
			return malformed(id, "bad_connect", "extended CONNECT without :scheme")
		}
		return nil
	}
	if p.scheme != "" || p.path != "" {
		return malformed(id, "bad_connect", "CONNECT with :scheme or :path")
	}
	if p.authority == "" {
		return malformed(id, "bad_connect", "CONNECT without :authority")
	}
	return nil
}

// extendedConnect holds only for requests that check let pass.
func (p *pseudoFields) extendedConnect() bool { return p.protocol != "" }

// pseudoNames are the pseudo-header fields in the order in which they are sent.
var pseudoNames = [...]string{":authority", ":method", ":path", ":scheme", ":protocol"}

// append appends the pseudo-header fields that have a value. All that a request must have do.
func (p *pseudoFields) append(dst []hpack.HeaderField) []hpack.HeaderField {
	for i, value := range &[len(pseudoNames)]*string{&p.authority, &p.method, &p.path, &p.scheme, &p.protocol} {
		if *value != "" {
			dst = append(dst, hpack.HeaderField{Name: pseudoNames[i], Value: *value})
		}
	}
	return dst
}
