package hpack

// maxIntegerOctets bounds the octets that may follow an integer's prefix. An encoder can pad an
// integer with zero octets for ever; nine hold 63 bits, more than any index, length or size
// there is.
const maxIntegerOctets = 9

// appendInteger appends v with a prefix of the given number of bits (RFC 7541 §5.1). The bits
// of the first octet above the prefix are taken from pattern.
func appendInteger(dst []byte, pattern byte, prefixBits uint, v uint64) []byte {
	limit := uint64(1)<<prefixBits - 1
	if v < limit {
		return append(dst, pattern|byte(v))
	}
	dst = append(dst, pattern|byte(limit))
	for v -= limit; v >= 0x80; v >>= 7 {
		dst = append(dst, 0x80|byte(v))
	}
	return append(dst, byte(v))
}

// readInteger reads the integer whose prefix is the low bits of p[off], and returns it with the
// offset of what follows. The error is errNeedMore if p ends first.
func readInteger(p []byte, off int, prefixBits uint) (v uint64, next int, err error) {
	if off >= len(p) {
		return 0, off, errNeedMore
	}
	limit := uint64(1)<<prefixBits - 1
	v = uint64(p[off]) & limit
	off++
	if v < limit {
		return v, off, nil
	}
	for i := range maxIntegerOctets {
		if off >= len(p) {
			return 0, off, errNeedMore
		}
		b := p[off]
		off++
		v += uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v, off, nil
		}
	}
	return 0, off, errIntegerOverflow
}
