package hpack

import "encoding/binary"

// huffmanCode is RFC 7541 appendix B. The code is canonical: codes of one length are
// consecutive, in the order of their symbols, and follow those of the lesser lengths. So each
// length with its symbols says it all. The very last code, 30 ones, is EOS.
var huffmanCode = [...]struct {
	bits    uint
	symbols string
}{
	{5, "012aceiost"},
	{6, " %-./3456789=A_bdfghlmnpru"},
	{7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"},
	{8, "&*,;XZ"},
	{10, "!\"()?"},
	{11, "'+|"},
	{12, "#>"},
	{13, "\x00$@[]~"},
	{14, "^}"},
	{15, "<`{"},
	{19, "\\\xc3\xd0"},
	{20, "\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"},
	{21, "\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"},
	{22, "\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9"},
	{23, "\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef"},
	{24, "\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"},
	{25, "\xc7\xcf\xea\xeb"},
	{26, "\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"},
	{27, "\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"},
	{28, "\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9"},
	{30, "\x0a\x0d\x16"},
}

// huffmanCodes and huffmanBits have every symbol's code, in the low bits, and length.
var huffmanCodes, huffmanBits = buildHuffmanCodes()

func buildHuffmanCodes() (codes [256]uint32, bits [256]uint8) {
	var code uint32
	var length uint
	for _, group := range huffmanCode {
		code <<= group.bits - length
		length = group.bits
		for i := range len(group.symbols) {
			sym := group.symbols[i]
			codes[sym], bits[sym] = code, uint8(length)
			code++
		}
	}
	return codes, bits
}

// HuffmanEncodeLength returns how many octets [AppendHuffmanString] appends for s, padding
// included.
func HuffmanEncodeLength(s string) uint64 {
	var n uint64
	for i := range len(s) {
		n += uint64(huffmanBits[s[i]])
	}
	return (n + 7) / 8
}

// AppendHuffmanString appends the Huffman code of s (RFC 7541 §5.2), padded with ones to whole
// octets, and returns the extended slice.
func AppendHuffmanString(dst []byte, s string) []byte {
	var acc uint64 // pending bits, the last of them lowest
	var n uint     // how many; fewer than 32 between symbols, so that a code always fits
	for i := range len(s) {
		bits := uint(huffmanBits[s[i]])
		acc = acc<<(bits&63) | uint64(huffmanCodes[s[i]])
		n += bits
		if n >= 32 {
			n -= 32
			dst = binary.BigEndian.AppendUint32(dst, uint32(acc>>(n&63)))
		}
	}
	for ; n >= 8; n -= 8 {
		dst = append(dst, byte(acc>>((n-8)&63)))
	}
	if n > 0 {
		dst = append(dst, byte(acc<<((8-n)&7))|0xff>>(n&7))
	}
	return dst
}
