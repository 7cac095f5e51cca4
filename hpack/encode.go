package hpack

import "io"

// defaultTableSize is the initial SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §6.5.2), and the most an
// Encoder uses unless it is told that it may use more.
const defaultTableSize = 4096

// maxKeptBuffer bounds what an Encoder holds on to between two fields, lest one huge value cost
// its memory for the rest of the connection.
const maxKeptBuffer = 4 << 10

// First octets of the representations, RFC 7541 §6.
const (
	patternIndexed      = 0x80 // §6.1
	patternIncremental  = 0x40 // §6.2.1
	patternSizeUpdate   = 0x20 // §6.3
	patternNeverIndexed = 0x10 // §6.2.3
	patternNotIndexed   = 0x00 // §6.2.2
)

// An Encoder writes fields in their HPACK representations.
type Encoder struct {
	w     io.Writer
	buf   []byte // the representation under construction
	table dynamicTable
	index fieldIndex // of table

	sizeLimit     uint32 // SetMaxDynamicTableSize is held within it
	updatePending bool   // the next field is preceded by table.maxSize
	lowestSize    uint32 // least maximum since the last update; valid if updatePending
}

// NewEncoder returns an Encoder that writes to w and has an empty dynamic table of at most 4096
// octets.
func NewEncoder(w io.Writer) *Encoder {
	return &Encoder{
		w:         w,
		table:     dynamicTable{maxSize: defaultTableSize},
		sizeLimit: defaultTableSize,
	}
}

// WriteField encodes f and hands it to the underlying writer in one Write. If the size of the
// dynamic table was changed since the last field, the dynamic table size update comes first, in
// the same Write. The error is that of the Write, after which the Encoder is out of step with
// its peer.
func (e *Encoder) WriteField(f HeaderField) error {
	dst := e.buf[:0]
	if e.updatePending {
		dst = e.appendSizeUpdates(dst)
	}
	dst = e.appendField(dst, f)
	if cap(dst) <= maxKeptBuffer {
		e.buf = dst
	} else {
		e.buf = nil
	}
	n, err := e.w.Write(dst)
	if err == nil && n != len(dst) {
		err = io.ErrShortWrite
	}
	return err
}

// SetMaxDynamicTableSize changes the maximum size of the dynamic table to v octets, or to the
// value of [Encoder.SetMaxDynamicTableSizeLimit] if that is less. The peer is told ahead of the
// next field; make that one the first of a field section.
func (e *Encoder) SetMaxDynamicTableSize(v uint32) {
	e.resize(min(v, e.sizeLimit))
}

// MaxDynamicTableSize returns the maximum size of the dynamic table in octets.
func (e *Encoder) MaxDynamicTableSize() (v uint32) {
	return e.table.maxSize
}

// SetMaxDynamicTableSizeLimit changes the bound on [Encoder.SetMaxDynamicTableSize] to v
// octets; it is 4096 at first. A dynamic table whose maximum size is greater is reduced to v,
// of which the peer is told ahead of the next field.
func (e *Encoder) SetMaxDynamicTableSizeLimit(v uint32) {
	e.sizeLimit = v
	if e.table.maxSize > v {
		e.resize(v)
	}
}

func (e *Encoder) resize(v uint32) {
	if !e.updatePending || v < e.lowestSize {
		e.lowestSize = v
	}
	e.updatePending = true
	e.table.setMaxSize(v)
}

// appendSizeUpdates signals the least maximum there was since the last field, which makes the
// peer evict what was evicted here, and then the current one (RFC 7541 §4.2).
func (e *Encoder) appendSizeUpdates(dst []byte) []byte {
	e.updatePending = false
	if e.lowestSize < e.table.maxSize {
		dst = appendInteger(dst, patternSizeUpdate, 5, uint64(e.lowestSize))
	}
	return appendInteger(dst, patternSizeUpdate, 5, uint64(e.table.maxSize))
}

// appendField prefers, in this order: an exact match, static before dynamic; a literal with an
// indexed name, again static before dynamic; a literal. What can be indexed is.
func (e *Encoder) appendField(dst []byte, f HeaderField) []byte {
	if f.Sensitive {
		return appendLiteral(dst, patternNeverIndexed, 4, e.searchName(f.Name), f)
	}
	index, exact := searchStatic(f.Name, f.Value)
	if exact {
		return appendInteger(dst, patternIndexed, 7, index)
	}
	h := hashField(f.Name, f.Value, index)
	n, exact := e.index.search(&e.table, f.Name, f.Value, h)
	if exact {
		return appendInteger(dst, patternIndexed, 7, e.indexOf(n))
	}
	if index == 0 && n != 0 {
		index = e.indexOf(n)
	}
	// A field larger than the table would only empty it.
	if !e.table.fits(fieldSize(f.Name, f.Value)) {
		return appendLiteral(dst, patternNotIndexed, 4, index, f)
	}
	e.table.add(f.Name, f.Value)
	e.index.added(&e.table, h)
	return appendLiteral(dst, patternIncremental, 6, index, f)
}

// searchName returns the index of an entry with this name, or 0. A sensitive field may share a
// name, never a value: an observer of lengths must not learn whether the value was sent before (RFC
// 7541 §7.1).
func (e *Encoder) searchName(name string) uint64 {
	if i := searchStaticName(name); i != 0 {
		return i
	}
	if e.table.len() == 0 {
		return 0
	}
	n := e.index.searchName(&e.table, name, hashName(name, 0))
	if n == 0 {
		return 0
	}
	return e.indexOf(n)
}

// indexOf returns the index of entry n of the dynamic table.
func (e *Encoder) indexOf(n uint64) uint64 {
	return uint64(staticTableLen) + 1 + e.table.added - n
}

// appendLiteral appends one of the representations of RFC 7541 §6.2. An index of 0 stands for a
// name that no table has.
func appendLiteral(dst []byte, pattern byte, prefixBits uint, index uint64, f HeaderField) []byte {
	dst = appendInteger(dst, pattern, prefixBits, index)
	if index == 0 {
		dst = appendString(dst, f.Name)
	}
	return appendString(dst, f.Value)
}

// appendString appends s as a string literal (RFC 7541 §5.2), Huffman-encoded if that is
// shorter.
func appendString(dst []byte, s string) []byte {
	const huffman = 0x80
	if n := HuffmanEncodeLength(s); n < uint64(len(s)) {
		dst = appendInteger(dst, huffman, 7, n)
		return AppendHuffmanString(dst, s)
	}
	dst = appendInteger(dst, 0, 7, uint64(len(s)))
	return append(dst, s...)
}
