package hpack

import (
	"strings"
	"testing"

	upstream "golang.org/x/net/http2/hpack"
)

// P55. Upstream gives up when what it has buffered of a field exceeds what two strings of the
// greatest length take, if their lengths are spelled as they should be.
func TestPaddedLengthsDoNotCountAsStringsThatAreTooLong(t *testing.T) {
	const max = 127
	padded := []byte{0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00} // 127
	text := []byte(strings.Repeat("x", max))
	block := concat([]byte{0x40}, padded, text, padded, text)
	first, last := block[:len(block)-1], block[len(block)-1:]

	d, fields := newTestDecoder()
	d.SetMaxStringLength(max)
	for _, p := range [][]byte{first, last} {
		if _, err := d.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if len(*fields) != 1 {
		t.Errorf("fields %v", *fields)
	}

	theirs := upstream.NewDecoder(4096, nil)
	theirs.SetMaxStringLength(max)
	if _, err := theirs.Write(first); err != upstream.ErrStringLength {
		t.Errorf("upstream: %v", err)
	}
}
