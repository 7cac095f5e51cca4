package hpack

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
)

// HuffmanDecode decodes v and writes the result to w in one Write, whose results it returns.
// Nothing is written if v is invalid; the error is [ErrInvalidHuffman].
func HuffmanDecode(w io.Writer, v []byte) (int, error) {
	buf, err := appendHuffmanDecoded(nil, v, 0)
	if err != nil {
		return 0, err
	}
	return w.Write(buf)
}

// HuffmanDecodeToString decodes v. The error is [ErrInvalidHuffman].
func HuffmanDecodeToString(v []byte) (string, error) {
	var onStack [256]byte
	buf, err := appendHuffmanDecoded(onStack[:0], v, 0)
	if err != nil {
		return "", err
	}
	return string(buf), nil
}

// Decoding looks at fastBits bits at a time, which are one or two symbols of those that fields
// are made of. Longer codes are rare; they are found by comparing with the first code of each
// length.
const fastBits = 11

// A fastEntry says what the bits that are its index in huffmanFast start with:
//
//	bits 0-7, 8-15    first and second symbol
//	bits 16-20        length of the first code
//	bits 21-25        length of both, or of the first again if there is no second
//	bits 26-27        number of symbols, none if the code is longer than fastBits
type fastEntry uint32

func (e fastEntry) firstBits() uint { return uint(e>>16) & 31 }
func (e fastEntry) allBits() uint   { return uint(e>>21) & 31 }
func (e fastEntry) symbols() int    { return int(e >> 26) }

// A codeRange is the codes of one length, left-aligned in 32 bits.
type codeRange struct {
	first   uint32 // the lowest
	bits    uint
	symbols string
}

var huffmanFast, huffmanLong = buildHuffmanDecoder()

func buildHuffmanDecoder() (fast [1 << fastBits]fastEntry, long []codeRange) {
	for _, group := range huffmanCode {
		if group.bits > fastBits {
			first := huffmanCodes[group.symbols[0]] << (32 - group.bits)
			long = append(long, codeRange{first, group.bits, group.symbols})
			continue
		}
		for i := range len(group.symbols) {
			fillFast(&fast, group.symbols[i])
		}
	}
	// What follows a first symbol is known as far as it lies within the fastBits.
	for i := range fast {
		first := fast[i]
		if first.symbols() == 0 {
			continue
		}
		second := fast[uint(i)<<first.firstBits()%(1<<fastBits)]
		total := first.firstBits() + second.firstBits()
		if second.symbols() == 0 || total > fastBits {
			continue
		}
		fast[i] = first&0xff | second&0xff<<8 | first&(31<<16) | fastEntry(total)<<21 | 2<<26
	}
	return fast, long
}

// fillFast sets every entry that starts with the code of sym.
func fillFast(fast *[1 << fastBits]fastEntry, sym byte) {
	bits := uint(huffmanBits[sym])
	spare := fastBits - bits
	start := huffmanCodes[sym] << spare
	for i := range uint32(1) << spare {
		fast[start+i] = fastEntry(sym) | fastEntry(bits)<<16 | fastEntry(bits)<<21 | 1<<26
	}
}

// appendHuffmanDecoded appends the decoded src to dst. A limit other than 0 bounds what is
// appended: it fails with ErrStringLength at the first symbol too many.
func appendHuffmanDecoded(dst, src []byte, limit int) ([]byte, error) {
	symbols := len(src)/5*8 + 8 // at most, as no code is shorter than 5 bits
	end := math.MaxInt
	if limit > 0 {
		end = len(dst) + limit
		symbols = min(symbols, limit)
	}
	o := len(dst)
	out := slices.Grow(dst, symbols+2) // two symbols are stored even where one counts
	out = out[:cap(out)]

	var acc uint64 // the bits to be decoded next, from the highest down
	var n uint     // how many of them there are
	for acc, n, src = fillBits(acc, n, src); n >= maxCodeBits; acc, n, src = fillBits(acc, n, src) {
		for n >= maxCodeBits {
			e := huffmanFast[acc>>(64-fastBits)]
			if e.symbols() == 0 {
				e = longEntry(acc)
				if e.symbols() == 0 {
					return dst, ErrInvalidHuffman
				}
			}
			if o+e.symbols() > end {
				return dst, ErrStringLength
			}
			out[o], out[o+1] = byte(e), byte(e>>8)
			o += e.symbols()
			acc <<= e.allBits()
			n -= e.allBits()
		}
	}
	// The last bits, one symbol at a time. Ones follow them: all ones means that nothing but
	// padding is left, and a code that ends beyond the last bit is none.
	for acc |= math.MaxUint64 >> n; ; {
		e := huffmanFast[acc>>(64-fastBits)]
		if e.symbols() == 0 {
			e = longEntry(acc)
		}
		if e.symbols() == 0 || e.firstBits() > n {
			break
		}
		if o == end {
			return dst, ErrStringLength
		}
		out[o] = byte(e)
		o++
		n -= e.firstBits()
		acc = acc<<e.firstBits() | math.MaxUint64>>n
	}
	if n >= 8 || acc != math.MaxUint64 {
		return dst, ErrInvalidHuffman
	}
	return out[:o], nil
}

// maxCodeBits is the length of the longest code.
const maxCodeBits = 30

// fillBits adds bits of src to the n that acc has, and returns these with the rest of src. If
// there is any rest, acc has more than maxCodeBits.
func fillBits(acc uint64, n uint, src []byte) (uint64, uint, []byte) {
	if len(src) >= 8 {
		// An octet that does not fit whole is in acc in part, but not counted. It stays in src,
		// and the same bits are set again next time.
		acc |= binary.BigEndian.Uint64(src) >> (n & 63)
		octets := (63 - n&63) / 8
		return acc, n + 8*octets, src[octets:]
	}
	for len(src) > 0 && n <= 56 {
		acc |= uint64(src[0]) << (56 - n)
		n += 8
		src = src[1:]
	}
	return acc, n, src
}

// longEntry returns the entry of the code that v starts with, which is longer than fastBits. It
// has no symbol if that is EOS.
func longEntry(v uint64) fastEntry {
	top := uint32(v >> 32)
	i := 0
	for i+1 < len(huffmanLong) && top >= huffmanLong[i+1].first {
		i++
	}
	r := &huffmanLong[i]
	k := int((top - r.first) >> (32 - r.bits))
	if k >= len(r.symbols) {
		return 0
	}
	return fastEntry(r.symbols[k]) | fastEntry(r.bits)<<16 | fastEntry(r.bits)<<21 | 1<<26
}
