package hpack

import (
	"errors"
	"sync"
)

// A Decoder turns field blocks back into fields. It is incremental: Write takes a block in
// pieces that may be cut anywhere, and a Close ends the block.
type Decoder struct {
	emit        func(f HeaderField)
	emitEnabled bool
	maxString   int // 0 is no limit

	table          dynamicTable
	allowedMaxSize uint32 // SETTINGS_HEADER_TABLE_SIZE as acknowledged: what an update may ask for

	fieldSeen bool // this block has had a field, so the time for size updates is over

	// partial is the start of a representation that the last Write cut off, and need is how
	// many octets it takes before another attempt can get any further. Nothing of it has been
	// decoded, and it is never copied again, so that decoding stays linear in the input however
	// finely that is cut (CVE-2022-41723).
	partial []byte
	need    uint64

	scratch *[]byte // decoded Huffman strings; from scratchPool, only during Write

	// path is the last :path that was not to be indexed, if it was short. nghttp2 indexes none,
	// and clients that send the same one again and again then cost no string for it.
	path string
}

// maxKeptPath bounds Decoder.path, which an idle connection keeps.
const maxKeptPath = 64

// scratchPool lends buffers to decoders that are at work, so that idle ones have none.
var scratchPool = sync.Pool{New: func() any { return new([]byte) }}

// maxKeptScratch bounds the buffers in scratchPool, lest one huge string stay for good.
const maxKeptScratch = 64 << 10

// NewDecoder returns a Decoder whose dynamic table has at most maxDynamicTableSize octets, now
// and by the peer's size updates. Each field is passed to emitFunc during the Write that
// completes it, on the caller's goroutine.
func NewDecoder(maxDynamicTableSize uint32, emitFunc func(f HeaderField)) *Decoder {
	return &Decoder{
		emit:           emitFunc,
		emitEnabled:    true,
		table:          dynamicTable{maxSize: maxDynamicTableSize},
		allowedMaxSize: maxDynamicTableSize,
	}
}

// SetMaxStringLength limits names and values to n octets each, as sent and as decompressed;
// Write returns [ErrStringLength] for a longer one, before it is buffered. The default, 0, is
// no limit.
func (d *Decoder) SetMaxStringLength(n int) {
	d.maxString = n
}

// SetEmitFunc replaces the function that fields are passed to. It must not be nil. Whether it
// is called remains up to [Decoder.SetEmitEnabled].
func (d *Decoder) SetEmitFunc(emitFunc func(f HeaderField)) {
	d.emit = emitFunc
}

// SetEmitEnabled controls whether fields are passed to the emit function, as they are by
// default. Without it the dynamic table is kept in step with the peer's at the least cost:
// strings that do not enter the table are skipped. That is what to do with the rest of a field
// section that is too large.
func (d *Decoder) SetEmitEnabled(v bool) { d.emitEnabled = v }

// EmitEnabled reports whether fields are passed to the emit function.
func (d *Decoder) EmitEnabled() bool { return d.emitEnabled }

// SetMaxDynamicTableSize changes the maximum size of the dynamic table to v octets, as a size
// update by the peer would.
func (d *Decoder) SetMaxDynamicTableSize(v uint32) {
	d.table.setMaxSize(v)
}

// SetAllowedMaxDynamicTableSize changes the limit that the peer's size updates have to stay
// within. It is the value of SETTINGS_HEADER_TABLE_SIZE once the peer has acknowledged it.
func (d *Decoder) SetAllowedMaxDynamicTableSize(v uint32) {
	d.allowedMaxSize = v
}

// DecodeFull decodes p, a whole field block, and returns its fields. The emit function is not
// called.
func (d *Decoder) DecodeFull(p []byte) ([]HeaderField, error) {
	var fields []HeaderField
	emit := d.emit
	defer func() { d.emit = emit }()
	d.emit = func(f HeaderField) { fields = append(fields, f) }
	if _, err := d.Write(p); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return fields, nil
}

// Close ends the field block; what is written next is the start of another one. It returns a
// [DecodingError] if the block ended in the middle of a representation.
func (d *Decoder) Close() error {
	truncated := len(d.partial) > 0
	d.partial = nil
	d.fieldSeen = false
	if truncated {
		return errTruncated
	}
	return nil
}

// Write decodes the next piece of a field block, of which nothing is retained. It returns
// len(p) even with an error. An error is a [DecodingError], [ErrInvalidHuffman] or
// [ErrStringLength], and leaves the dynamic table out of step with the peer's.
func (d *Decoder) Write(p []byte) (n int, err error) {
	rest := p
	if len(d.partial) > 0 {
		rest, err = d.resume(p)
	}
	for err == nil && len(rest) > 0 {
		var size int
		size, err = d.decode(rest)
		rest = rest[size:]
	}
	if err == errNeedMore {
		d.partial = append(d.partial[:0], rest...)
		err = nil
	}
	if d.scratch != nil {
		d.returnScratch()
	}
	return len(p), err
}

// resume decodes the representation that starts with d.partial and continues in p, and returns
// what comes after it in p.
func (d *Decoder) resume(p []byte) (rest []byte, err error) {
	for {
		missing := d.need - uint64(len(d.partial))
		if missing > uint64(len(p)) {
			d.partial = append(d.partial, p...)
			return nil, nil
		}
		d.partial = append(d.partial, p[:missing]...)
		p = p[missing:]
		if _, err = d.decode(d.partial); err != errNeedMore {
			d.partial = d.partial[:0]
			return p, err
		}
	}
}

// errNeedMore is for our own use: the input ends within a representation. It comes with d.need
// set.
var errNeedMore = errors.New("hpack: need more data")

// decode decodes the representation that p starts with, and returns its size. It has had no
// effect but on d.need if it returns errNeedMore.
func (d *Decoder) decode(p []byte) (size int, err error) {
	switch first := p[0]; {
	case first&patternIndexed != 0:
		return d.decodeIndexed(p)
	case first&patternIncremental != 0:
		return d.decodeLiteral(p, 6, literalIncremental)
	case first&patternSizeUpdate != 0:
		return d.decodeSizeUpdate(p)
	case first&patternNeverIndexed != 0:
		return d.decodeLiteral(p, 4, literalNeverIndexed)
	default:
		return d.decodeLiteral(p, 4, literalNotIndexed)
	}
}

// decodeIndexed decodes an indexed field (RFC 7541 §6.1).
func (d *Decoder) decodeIndexed(p []byte) (size int, err error) {
	index, size, err := d.readInteger(p, 0, 7)
	if err != nil {
		return 0, err
	}
	name, value, err := d.lookUp(index)
	if err != nil {
		return 0, err
	}
	d.fieldSeen = true
	return size, d.pass(HeaderField{Name: name, Value: value})
}

// decodeSizeUpdate decodes a dynamic table size update (RFC 7541 §6.3). An encoder may send two
// at the start of a block (§4.2). Elsewhere they are an error, except that on an empty table,
// which they cannot change, they are tolerated.
func (d *Decoder) decodeSizeUpdate(p []byte) (size int, err error) {
	if d.fieldSeen && d.table.len() > 0 {
		return 0, errSizeUpdateMidBlock
	}
	v, size, err := d.readInteger(p, 0, 5)
	if err != nil {
		return 0, err
	}
	if v > uint64(d.allowedMaxSize) {
		return 0, errSizeUpdateTooLarge
	}
	d.table.setMaxSize(uint32(v))
	return size, nil
}

type literalKind int

const (
	literalIncremental literalKind = iota
	literalNotIndexed
	literalNeverIndexed
)

// decodeLiteral decodes the representations of RFC 7541 §6.2. Both strings are complete before
// either is looked into.
func (d *Decoder) decodeLiteral(p []byte, prefixBits uint, kind literalKind) (size int, err error) {
	index, off, err := d.readInteger(p, 0, prefixBits)
	if err != nil {
		return 0, err
	}
	var f HeaderField
	var name, value stringLiteral
	if index > 0 {
		f.Name, _, err = d.lookUp(index)
	} else {
		name, off, err = d.readString(p, off)
	}
	if err != nil {
		return 0, err
	}
	value, off, err = d.readString(p, off)
	if err != nil {
		return 0, err
	}
	d.fieldSeen = true
	f.Sensitive = kind == literalNeverIndexed
	if kind == literalIncremental || d.emitEnabled {
		err = d.decodeStrings(&f, name, value, kind == literalIncremental)
		if err != nil {
			return 0, err
		}
	}
	return off, d.pass(f)
}

// decodeStrings completes f with what was sent for it, its name only where it has none yet, and
// inserts it into the dynamic table if it is to be indexed.
func (d *Decoder) decodeStrings(f *HeaderField, name, value stringLiteral, indexed bool) error {
	if d.scratch != nil {
		*d.scratch = (*d.scratch)[:0]
	}
	nameOctets, err := d.expand(name)
	if err != nil {
		return err
	}
	valueOctets, err := d.expand(value)
	if err != nil {
		return err
	}
	if indexed && !d.emitEnabled {
		size := uint64(len(f.Name)) + uint64(len(nameOctets)) + uint64(len(valueOctets)) + fieldOverhead
		if !d.table.fits(size) {
			d.table.evictDownTo(0)
			return nil // the strings are not emitted
		}
	}
	if f.Name == "" {
		f.Name = string(nameOctets)
	}
	if string(valueOctets) == d.path { // does not make a string
		f.Value = d.path
	} else {
		f.Value = string(valueOctets)
	}
	switch {
	case indexed:
		d.table.add(f.Name, f.Value)
	case f.Name == ":path" && len(f.Value) <= maxKeptPath && !f.Sensitive:
		d.path = f.Value
	}
	return nil
}

// pass emits f. Its strings can still be too long if they come from the dynamic table and the
// limit has changed since.
func (d *Decoder) pass(f HeaderField) error {
	if d.maxString != 0 && (len(f.Name) > d.maxString || len(f.Value) > d.maxString) {
		return ErrStringLength
	}
	if d.emitEnabled {
		d.emit(f)
	}
	return nil
}

// lookUp returns the field at an index into both tables (RFC 7541 §2.3.3).
func (d *Decoder) lookUp(index uint64) (name, value string, err error) {
	if index-1 < uint64(staticTableLen) {
		f := &staticTable[index]
		return f.Name, f.Value, nil
	}
	age := index - uint64(staticTableLen) - 1
	if index == 0 || age >= d.table.len() {
		return "", "", DecodingError{InvalidIndexError(index)}
	}
	e := d.table.at(d.table.added - age)
	return e.name, e.value, nil
}

// A stringLiteral is a string as it was sent (RFC 7541 §5.2).
type stringLiteral struct {
	octets  []byte
	huffman bool
}

// readString reads the string literal at p[off:] and returns the offset of what follows. A
// string that is too long fails as soon as its length is known.
func (d *Decoder) readString(p []byte, off int) (s stringLiteral, next int, err error) {
	length, start, err := d.readInteger(p, off, 7)
	if err != nil {
		return s, off, err
	}
	if d.maxString != 0 && length > uint64(d.maxString) {
		return s, off, ErrStringLength
	}
	if length > uint64(len(p)-start) {
		d.need = uint64(start) + length
		return s, off, errNeedMore
	}
	end := start + int(length)
	return stringLiteral{octets: p[start:end], huffman: p[off]&0x80 != 0}, end, nil
}

// readInteger reads the integer at p[off:], which nearly always fits its prefix.
func (d *Decoder) readInteger(p []byte, off int, prefixBits uint) (v uint64, next int, err error) {
	if off < len(p) {
		limit := byte(1<<prefixBits - 1)
		if b := p[off] & limit; b != limit {
			return uint64(b), off + 1, nil
		}
	}
	return d.readLongInteger(p, off, prefixBits)
}

func (d *Decoder) readLongInteger(p []byte, off int, prefixBits uint) (v uint64, next int, err error) {
	v, next, err = readInteger(p, off, prefixBits)
	if err == errNeedMore {
		d.need = uint64(len(p)) + 1
	}
	return v, next, err
}

// expand returns the octets s stands for, in s or in d.scratch: valid until the next
// representation is decoded.
func (d *Decoder) expand(s stringLiteral) ([]byte, error) {
	if !s.huffman {
		return s.octets, nil
	}
	if d.scratch == nil {
		d.scratch = scratchPool.Get().(*[]byte)
		*d.scratch = (*d.scratch)[:0]
	}
	start := len(*d.scratch)
	buf, err := appendHuffmanDecoded(*d.scratch, s.octets, d.maxString)
	if err != nil {
		return nil, err
	}
	*d.scratch = buf
	return buf[start:], nil
}

func (d *Decoder) returnScratch() {
	if cap(*d.scratch) > maxKeptScratch {
		*d.scratch = nil
	}
	scratchPool.Put(d.scratch)
	d.scratch = nil
}
