package message

import "h2fork.example/net/internal/wire"

// malformed is the error for a message that RFC 9113 §8.1.1 calls so.
func malformed(id uint32, count, format string, args ...any) error {
	return wire.StreamErrorf(id, wire.ProtocolError, count, format, args...)
}

func isPseudo(name string) bool { return name != "" && name[0] == ':' }

// errFieldName is the error for a name that a regular field must not have: one that is malformed, or begins with a
// colon.
func errFieldName(id uint32, name string) error {
	if isPseudo(name) {
		return malformed(id, "", "pseudo header field after regular")
	}
	return malformed(id, "", "invalid header field name %q", name)
}

// errFieldValue keeps the value to itself: it may be a secret.
func errFieldValue(id uint32, name string) error {
	return malformed(id, "", "invalid header field value for %q", name)
}
