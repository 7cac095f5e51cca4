package hpack

import (
	"errors"
	"testing"
)

func TestSizeIsNameAndValueAnd32(t *testing.T) {
	if got := field("name", "value").Size(); got != 4+5+32 {
		t.Errorf("size is %d, want 41", got)
	}
	if got := field("", "").Size(); got != 32 {
		t.Errorf("size of the empty field is %d, want 32", got)
	}
}

func TestPseudoFieldStartsWithAColon(t *testing.T) {
	for name, want := range map[string]bool{":path": true, ":": true, "path": false, "a:": false, "": false} {
		if got := field(name, "").IsPseudo(); got != want {
			t.Errorf("IsPseudo of %q is %v", name, got)
		}
	}
}

func TestFieldDescribesItself(t *testing.T) {
	for _, c := range []struct {
		f    HeaderField
		want string
	}{
		{HeaderField{"a", "b\n", false}, `header field "a" = "b\n"`},
		{HeaderField{"a", "b", true}, `header field "a" = "b" (sensitive)`},
	} {
		if got := c.f.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestErrorsDescribeThemselves(t *testing.T) {
	wantError(t, DecodingError{errors.New("cause")}, "decoding error: cause")
	wantError(t, InvalidIndexError(7), "invalid indexed representation index 7")
	wantError(t, ErrStringLength, "hpack: string too long")
	wantError(t, ErrInvalidHuffman, "hpack: invalid Huffman-encoded data")
}
