package hpack

import (
	"io"
	"strings"
	"testing"
)

// wantAllocs fails the test unless f makes at most this many allocations.
func wantAllocs(t *testing.T, what string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(1000, f); got > want {
		t.Errorf("%s: %v allocations, want %v", what, got, want)
	}
}

func TestEncodingDoesNotAllocate(t *testing.T) {
	e := NewEncoder(io.Discard)
	section := func(fields []HeaderField) func() {
		return func() {
			for _, f := range fields {
				e.WriteField(f)
			}
		}
	}
	wantAllocs(t, "fields that repeat", 0, section(grpcResponse))
	wantAllocs(t, "a sensitive field", 0, section([]HeaderField{{"x-key", "secret", true}}))
	i := 0
	wantAllocs(t, "a new value each time, with evictions", 0, func() {
		i++
		e.WriteField(field("content-length", changingValues[i%len(changingValues)]))
	})
	large := field("large", strings.Repeat("x", 4096))
	wantAllocs(t, "a field too large for the table, but not for the buffer", 0, func() {
		e.WriteField(large)
	})
	wantAllocs(t, "a change of the table size", 0, func() {
		e.SetMaxDynamicTableSize(0)
		e.SetMaxDynamicTableSize(4096)
		e.WriteField(field("a", "b"))
	})
}

func TestDecodingIndexedFieldsDoesNotAllocate(t *testing.T) {
	d := NewDecoder(4096, func(HeaderField) {})
	d.DecodeFull(literal(0x40, "name", "value"))
	block := concat(sizeUpdate(4096), indexed(2), indexed(62), indexed(61))
	wantAllocs(t, "static and dynamic", 0, func() {
		d.Write(block)
		d.Close()
	})
}

func TestDecodingAllocatesOncePerLiteralString(t *testing.T) {
	for _, c := range []struct {
		name  string
		block []byte
		want  float64
	}{
		{"name and value", literal(0x00, "name", "value"), 2},
		{"name and value, Huffman", concat([]byte{0x00}, huffmanString("a name"), huffmanString("a value")), 2},
		{"value, Huffman", concat([]byte{0x01}, huffmanString("www.example.com")), 1},
		{"value, indexed", concat([]byte{0x41}, rawString("www.example.com")), 1},
		{"value that is empty", concat([]byte{0x01}, rawString("")), 0},
		{"path that repeats", concat([]byte{0x04}, rawString("/path")), 0},
		{"path that repeats, Huffman", concat([]byte{0x04}, huffmanString("/path")), 0},
		{"path that is long", concat([]byte{0x04}, rawString(strings.Repeat("/", maxKeptPath+1))), 1},
		{"path that is not to be kept", concat([]byte{0x14}, rawString("/secret")), 1},
		{"paths that take turns", concat([]byte{0x04}, rawString("/a"), []byte{0x04}, rawString("/b")), 2},
	} {
		d := NewDecoder(4096, func(HeaderField) {})
		d.scratch = new([]byte) // the pool may lose some, with the race detector on purpose
		for range 200 {
			d.decode(c.block)
		}
		wantAllocs(t, c.name, c.want, func() { d.decode(c.block) })
	}
}

func TestSkippedStringsAreNotAllocated(t *testing.T) {
	for _, c := range []struct {
		name  string
		block []byte
	}{
		{"not indexed", literal(0x00, "name", "value")},
		{"not indexed, Huffman", concat([]byte{0x00}, huffmanString("a name"), huffmanString("a value"))},
		{"larger than the table", literal(0x40, "name", strings.Repeat("v", 5000))},
		{"larger than the table, Huffman",
			concat([]byte{0x40}, huffmanString("a name"), huffmanString(strings.Repeat("v", 5000)))},
	} {
		d := NewDecoder(4096, func(HeaderField) {})
		d.SetEmitEnabled(false)
		d.scratch = new([]byte)
		wantAllocs(t, c.name, 0, func() { d.decode(c.block) })
	}
}
