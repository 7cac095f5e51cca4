package hpack

import (
	"bytes"
	"math"
	"testing"
)

func TestIntegersSurviveARoundTripWithEveryPrefix(t *testing.T) {
	values := []uint64{0, 1, 9, 10, 1337, math.MaxUint32, 1<<63 - 1}
	for bits := range 33 {
		values = append(values, 1<<bits-1, 1<<bits, 1<<bits+1)
	}
	for prefix := uint(1); prefix <= 8; prefix++ {
		for _, v := range values {
			code := appendInteger(nil, 0, prefix, v)
			got, next, err := readInteger(append(code, 0xaa), 0, prefix)
			if got != v || next != len(code) || err != nil {
				t.Errorf("%d as %x with %d bits is read as %d of %d octets, %v", v, code, prefix, got, next, err)
			}
		}
	}
}

func TestIntegerLeavesTheBitsAboveItsPrefixAlone(t *testing.T) {
	if got := appendInteger(nil, 0xe0, 5, 3); !bytes.Equal(got, []byte{0xe3}) {
		t.Errorf("got %x, want e3", got)
	}
	v, _, err := readInteger([]byte{0xe3}, 0, 5)
	if v != 3 || err != nil {
		t.Errorf("got %d, %v; want 3", v, err)
	}
}

func TestIntegerThatEndsEarlyNeedsMore(t *testing.T) {
	code := appendInteger(nil, 0, 5, 1<<40)
	for i := range len(code) {
		if _, _, err := readInteger(code[:i], 0, 5); err != errNeedMore {
			t.Errorf("with %d of %d octets the error is %v, want errNeedMore", i, len(code), err)
		}
	}
}

func TestIntegerMayBePaddedToNineOctets(t *testing.T) {
	code := []byte{0x1f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}
	v, next, err := readInteger(code, 0, 5)
	if v != 31 || next != len(code) || err != nil {
		t.Errorf("got %d of %d octets, %v; want 31 of %d", v, next, err, len(code))
	}
}

func TestIntegerOfMoreThanNineOctetsOverflows(t *testing.T) {
	code := []byte{0x1f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}
	_, _, err := readInteger(code, 0, 5)
	wantError(t, err, "decoding error: varint integer overflow")
}
