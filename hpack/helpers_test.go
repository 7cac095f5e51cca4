package hpack

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func field(name, value string) HeaderField { return HeaderField{Name: name, Value: value} }

// unhex decodes hexadecimal digits among which there may be spaces.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// contents lists the entries of a dynamic table in the order of their indices.
func contents(t *dynamicTable) []HeaderField {
	var fields []HeaderField
	for n := t.added; n > t.evicted; n-- {
		e := t.at(n)
		fields = append(fields, field(e.name, e.value))
	}
	return fields
}

// encodeAll returns what a new Encoder makes of the fields.
func encodeAll(t testing.TB, fields ...HeaderField) []byte {
	t.Helper()
	var buf bytes.Buffer
	e := NewEncoder(&buf)
	for _, f := range fields {
		if err := e.WriteField(f); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

// literal encodes a field in the representation of the pattern, with a literal name and without
// Huffman coding.
func literal(pattern byte, name, value string) []byte {
	b := append([]byte{pattern}, rawString(name)...)
	return append(b, rawString(value)...)
}

func rawString(s string) []byte {
	return append(appendInteger(nil, 0, 7, uint64(len(s))), s...)
}

func huffmanString(s string) []byte {
	b := appendInteger(nil, 0x80, 7, HuffmanEncodeLength(s))
	return AppendHuffmanString(b, s)
}

// sizeUpdate encodes a dynamic table size update.
func sizeUpdate(v uint64) []byte { return appendInteger(nil, patternSizeUpdate, 5, v) }

// indexed encodes an indexed field.
func indexed(i uint64) []byte { return appendInteger(nil, patternIndexed, 7, i) }

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// wantError fails the test unless err has this text.
func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || err.Error() != text {
		t.Errorf("error is %v, want %q", err, text)
	}
}
