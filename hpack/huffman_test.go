package hpack

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestHuffmanCodesAreThoseOfAppendixB(t *testing.T) {
	// From every length, the first symbol and the last.
	for _, c := range []struct {
		sym  byte
		code uint32
		bits uint8
	}{
		{'0', 0x0, 5}, {'t', 0x9, 5}, {' ', 0x14, 6}, {'u', 0x2d, 6}, {':', 0x5c, 7}, {'z', 0x7b, 7},
		{'&', 0xf8, 8}, {'Z', 0xfd, 8}, {'!', 0x3f8, 10}, {'?', 0x3fc, 10}, {'\'', 0x7fa, 11}, {'|', 0x7fc, 11},
		{'#', 0xffa, 12}, {'>', 0xffb, 12}, {0, 0x1ff8, 13}, {'~', 0x1ffd, 13}, {'^', 0x3ffc, 14},
		{'}', 0x3ffd, 14},
		{'<', 0x7ffc, 15}, {'{', 0x7ffe, 15}, {'\\', 0x7fff0, 19}, {208, 0x7fff2, 19}, {128, 0xfffe6, 20},
		{226, 0xfffed, 20}, {153, 0x1fffdc, 21}, {230, 0x1fffe8, 21}, {129, 0x3fffd2, 22}, {233, 0x3fffeb, 22},
		{1, 0x7fffd8, 23}, {239, 0x7ffff4, 23}, {9, 0xffffea, 24}, {237, 0xfffff5, 24}, {199, 0x1ffffec, 25},
		{235, 0x1ffffef, 25}, {192, 0x3ffffe0, 26}, {255, 0x3ffffee, 26}, {203, 0x7ffffde, 27}, {254, 0x7fffff0, 27},
		{2, 0xfffffe2, 28}, {249, 0xffffffe, 28}, {'\n', 0x3ffffffc, 30}, {22, 0x3ffffffe, 30},
	} {
		if huffmanCodes[c.sym] != c.code || huffmanBits[c.sym] != c.bits {
			t.Errorf("%q is %#x in %d bits, want %#x in %d",
				c.sym, huffmanCodes[c.sym], huffmanBits[c.sym], c.code, c.bits)
		}
	}
}

func TestEverySymbolHasAHuffmanCode(t *testing.T) {
	for sym, bits := range huffmanBits {
		if bits == 0 {
			t.Errorf("%q has none", byte(sym))
		}
	}
}

func TestEveryPairOfSymbolsSurvivesHuffmanCoding(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			s := string([]byte{byte(a), byte(b), 'e', byte(a)})
			code := AppendHuffmanString(nil, s)
			if n := HuffmanEncodeLength(s); n != uint64(len(code)) {
				t.Fatalf("length of %q is %d, said to be %d", s, len(code), n)
			}
			if got, err := HuffmanDecodeToString(code); got != s || err != nil {
				t.Fatalf("%q becomes %q, %v", s, got, err)
			}
		}
	}
}

func TestHuffmanStringIsAppended(t *testing.T) {
	got := AppendHuffmanString([]byte("prefix"), "www.example.com")
	want := append([]byte("prefix"), unhex(t, "f1e3c2e5f23a6ba0ab90f4ff")...)
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestHuffmanPaddingIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       string
		err        error
	}{
		{"empty", "", "", nil},
		{"3 bits of ones", "1f", "a", nil},                               // 00011 111
		{"padding of a zero", "1e", "", ErrInvalidHuffman},               // 00011 110
		{"padding that starts with a zero", "1b", "", ErrInvalidHuffman}, // 00011 011
		{"no padding", "f8", "&", nil},                                   // 11111000
		{"8 bits of ones", "f8ff", "", ErrInvalidHuffman},
		{"an octet of ones alone", "ff", "", ErrInvalidHuffman},
		{"11 bits of ones", "1fff", "", ErrInvalidHuffman},
		{"30 bits: EOS", "ffffffff", "", ErrInvalidHuffman},
		{"EOS after a symbol", "1fffffffff", "", ErrInvalidHuffman},
		{"EOS among symbols", "1fffffffff1c64 1c641c64", "", ErrInvalidHuffman},
		{"a code cut off", "ffc0", "", ErrInvalidHuffman}, // of 13 bits, then three: ends in zeros
		{"a long code cut off within ones", "fffffff0", "", ErrInvalidHuffman},
	} {
		got, err := HuffmanDecodeToString(unhex(t, c.code))
		if got != c.want || err != c.err {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestSevenBitsOfPaddingAreValid(t *testing.T) {
	s := "aaaaa" // 25 bits
	code := AppendHuffmanString(nil, s)
	if len(code) != 4 || code[3]&0x7f != 0x7f {
		t.Fatalf("%x does not end in 7 bits of padding", code)
	}
	if got, err := HuffmanDecodeToString(code); got != s || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, s)
	}
}

func TestHuffmanDecodeWritesOnce(t *testing.T) {
	for _, s := range []string{"", "a", strings.Repeat("hypertext", 1000)} {
		var writes []string
		n, err := HuffmanDecode(writeFunc(func(p []byte) (int, error) {
			writes = append(writes, string(p))
			return len(p), nil
		}), AppendHuffmanString(nil, s))
		if n != len(s) || err != nil || len(writes) != 1 || writes[0] != s {
			t.Errorf("of %d octets: %d written with error %v by %d writes", len(s), n, err, len(writes))
		}
	}
}

func TestHuffmanDecodeReturnsTheResultsOfWrite(t *testing.T) {
	want := errors.New("broken")
	n, err := HuffmanDecode(writeFunc(func(p []byte) (int, error) { return 1, want }), []byte{0x1f})
	if n != 1 || err != want {
		t.Errorf("got %d, %v; want 1, %v", n, err, want)
	}
}

func TestHuffmanDecodeWritesNothingOfAnInvalidString(t *testing.T) {
	n, err := HuffmanDecode(writeFunc(func(p []byte) (int, error) {
		t.Errorf("%q is written", p)
		return len(p), nil
	}), []byte{0x1f, 0xff})
	if n != 0 || err != ErrInvalidHuffman {
		t.Errorf("got %d, %v; want 0, %v", n, err, ErrInvalidHuffman)
	}
}

func TestHuffmanDecodingStopsAtTheLimit(t *testing.T) {
	for length := range 40 {
		s := strings.Repeat("a", length)
		code := AppendHuffmanString(nil, s)
		for limit := 1; limit < 42; limit++ {
			got, err := appendHuffmanDecoded([]byte("prefix"), code, limit)
			if limit >= length && (err != nil || string(got) != "prefix"+s) {
				t.Errorf("%d symbols, limit %d: %q, %v", length, limit, got, err)
			}
			if limit < length && err != ErrStringLength {
				t.Errorf("%d symbols, limit %d: error %v, want %v", length, limit, err, ErrStringLength)
			}
		}
	}
}

func TestFirstOfTwoHuffmanErrorsCounts(t *testing.T) {
	eos := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	code := append(AppendHuffmanString(nil, "aaaaaaaa"), eos...)
	if _, err := appendHuffmanDecoded(nil, code, 7); err != ErrStringLength {
		t.Errorf("too long, then invalid: %v, want %v", err, ErrStringLength)
	}
	if _, err := appendHuffmanDecoded(nil, code, 8); err != ErrInvalidHuffman {
		t.Errorf("invalid before it is too long: %v, want %v", err, ErrInvalidHuffman)
	}
	// 00011 110: what follows the symbol might have become another, but is cut off.
	if _, err := appendHuffmanDecoded(nil, []byte{0x1e}, 1); err != ErrInvalidHuffman {
		t.Errorf("cut off before it is too long: %v, want %v", err, ErrInvalidHuffman)
	}
}
