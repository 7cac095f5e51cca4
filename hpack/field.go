package hpack

import "fmt"

// A HeaderField is one field line: a name and a value, both opaque octets to HPACK.
type HeaderField struct {
	Name, Value string

	// Sensitive asks for the never-indexed representation of RFC 7541 §6.2.3: the field enters
	// no dynamic table, here or at any intermediary.
	Sensitive bool
}

// IsPseudo reports whether the name starts with a colon, as those of pseudo-header fields do
// (RFC 9113 §8.3). Whether HTTP/2 defines such a pseudo-header field is another question.
func (hf HeaderField) IsPseudo() bool {
	return hf.Name != "" && hf.Name[0] == ':'
}

// Size returns what the field counts for in a dynamic table and against
// SETTINGS_MAX_HEADER_LIST_SIZE: its octets before any compression, and 32 more (RFC 7541
// §4.1).
func (hf HeaderField) Size() uint32 {
	return uint32(fieldSize(hf.Name, hf.Value))
}

// String describes the field for logs and debugging.
func (hf HeaderField) String() string {
	s := fmt.Sprintf("header field %q = %q", hf.Name, hf.Value)
	if hf.Sensitive {
		s += " (sensitive)"
	}
	return s
}

// fieldOverhead is the 32 octets of RFC 7541 §4.1 that stand for a table entry's bookkeeping;
// they also bound how many entries a table of a given size holds.
const fieldOverhead = 32

// fieldSize is 64 bits wide so that the accounting of a table cannot wrap, however long a
// hand-made field is.
func fieldSize(name, value string) uint64 {
	return uint64(len(name)) + uint64(len(value)) + fieldOverhead
}
