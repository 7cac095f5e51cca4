package message

import "strings"

const (
	digits     = "0123456789"
	lowerAlpha = "abcdefghijklmnopqrstuvwxyz"
	upperAlpha = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// An octetSet answers in one look-up whether an octet may stand somewhere.
type octetSet [256]bool

func newOctetSet(octets string) *octetSet {
	var s octetSet
	for i := range len(octets) {
		s[octets[i]] = true
	}
	return &s
}

func (set *octetSet) containsAll(s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

var (
	// tokenOctets are the tchar of RFC 9110 §5.6.2.
	tokenOctets = newOctetSet(digits + lowerAlpha + upperAlpha + "!#$%&'*+-.^_`|~")
	// nameOctets are those without upper case, which is malformed in HTTP/2 (RFC 9113 §8.2.1).
	nameOctets = newOctetSet(digits + lowerAlpha + "!#$%&'*+-.^_`|~")
)

func validToken(s string) bool { return s != "" && tokenOctets.containsAll(s) }

// validName reports whether name may go on the wire as the name of a regular field.
func validName(name string) bool { return name != "" && nameOctets.containsAll(name) }

// validValue reports whether v holds no control character other than HTAB (RFC 9110 §5.5). That covers the CR, LF
// and NUL of RFC 9113 §8.2.1; white space at either end is accepted, as golang.org/x/net does.
func validValue(v string) bool {
	for len(v) >= 8 {
		if mayHoldControl(v[:8]) && !noControl(v[:8]) {
			return false
		}
		v = v[8:]
	}
	return noControl(v)
}

func noControl(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// mayHoldControl looks at eight octets at once. It may err on the side of true.
func mayHoldControl(v string) bool {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	_ = v[7]
	w := uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16 | uint64(v[3])<<24 |
		uint64(v[4])<<32 | uint64(v[5])<<40 | uint64(v[6])<<48 | uint64(v[7])<<56
	// x-n borrows out of the top bit of an octet that is smaller than n.
	del := w ^ 0x7f*ones
	return ((w-' '*ones)&^w|(del-ones)&^del)&tops != 0
}

// trimOWS drops the optional white space around an element (RFC 9110 §5.6.3).
func trimOWS(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// lowerName returns the lower-case spelling of a header key, or false if it is no field name. It returns
// what the table knows about the name, nil if nothing.
func lowerName(key string) (name string, known *knownName, ok bool) {
	if known = byCanonical(key); known != nil {
		return known.lower, known, true
	}
	if !validToken(key) {
		return "", nil, false
	}
	name = strings.ToLower(key) // ASCII only, by now
	return name, byLower(name), true
}
