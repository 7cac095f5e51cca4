package hpack

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// newTestDecoder returns a Decoder and where its fields go.
func newTestDecoder() (*Decoder, *[]HeaderField) {
	fields := new([]HeaderField)
	return NewDecoder(4096, func(f HeaderField) { *fields = append(*fields, f) }), fields
}

// everyRepresentation is a block that has one of each kind.
var everyRepresentation = concat(
	sizeUpdate(50),
	sizeUpdate(3000),
	indexed(2),
	literal(0x40, "x-name", "value"),
	concat([]byte{0x40}, huffmanString("x-huffman"), huffmanString("another value")),
	concat([]byte{0x40 | 62}, huffmanString("same name")),
	concat([]byte{0x0f, 63 - 15}, rawString("not indexed")),
	concat([]byte{0x10}, huffmanString("secret"), huffmanString("never indexed")),
	literal(0x00, "", ""),
	indexed(63),
)

var everyField = []HeaderField{
	field(":method", "GET"),
	field("x-name", "value"),
	field("x-huffman", "another value"),
	field("x-huffman", "same name"),
	field("x-huffman", "not indexed"),
	{Name: "secret", Value: "never indexed", Sensitive: true},
	field("", ""),
	field("x-huffman", "another value"),
}

func TestEveryRepresentationIsDecoded(t *testing.T) {
	d, _ := newTestDecoder()
	got, err := d.DecodeFull(everyRepresentation)
	if err != nil || !reflect.DeepEqual(got, everyField) {
		t.Errorf("got %v, %v; want %v", got, err, everyField)
	}
}

func TestBlockMayBeSplitAnywhere(t *testing.T) {
	for i := range everyRepresentation {
		for j := i; j <= len(everyRepresentation); j++ {
			d, fields := newTestDecoder()
			for _, p := range [][]byte{everyRepresentation[:i], everyRepresentation[i:j], everyRepresentation[j:]} {
				if n, err := d.Write(p); n != len(p) || err != nil {
					t.Fatalf("split at %d and %d: Write of %d octets returns %d, %v", i, j, len(p), n, err)
				}
			}
			if err := d.Close(); err != nil {
				t.Fatalf("split at %d and %d: Close returns %v", i, j, err)
			}
			if !reflect.DeepEqual(*fields, everyField) {
				t.Fatalf("split at %d and %d: %v, want %v", i, j, *fields, everyField)
			}
		}
	}
}

func TestBlockMayComeOneOctetAtATime(t *testing.T) {
	d, fields := newTestDecoder()
	for i := range everyRepresentation {
		d.Write(everyRepresentation[i : i+1])
	}
	if err := d.Close(); err != nil || !reflect.DeepEqual(*fields, everyField) {
		t.Errorf("%v, %v; want %v", *fields, err, everyField)
	}
}

func TestFieldIsEmittedByTheWriteThatCompletesIt(t *testing.T) {
	d, fields := newTestDecoder()
	block := concat(indexed(2), literal(0x40, "a", "b"))
	d.Write(block[:len(block)-1])
	if len(*fields) != 1 {
		t.Errorf("without its last octet %v are emitted", *fields)
	}
	d.Write(block[len(block)-1:])
	if len(*fields) != 2 {
		t.Errorf("with all octets %v are emitted", *fields)
	}
}

func TestDecoderRetainsNothingOfItsInput(t *testing.T) {
	d, fields := newTestDecoder()
	for _, p := range [][]byte{literal(0x40, "name", "value"), literal(0x40, "a", "b")[:3], rawString("b")} {
		d.Write(p)
		clear(p)
	}
	want := []HeaderField{field("name", "value"), field("a", "b")}
	if !reflect.DeepEqual(*fields, want) {
		t.Errorf("fields %v, want %v", *fields, want)
	}
	slices.Reverse(want)
	if got := contents(&d.table); !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
}

func TestTruncatedBlockFailsToClose(t *testing.T) {
	block := literal(0x40, "name", "value")
	for i := 1; i < len(block); i++ {
		d, fields := newTestDecoder()
		if n, err := d.Write(block[:i]); n != i || err != nil {
			t.Fatalf("Write of %d octets returns %d, %v", i, n, err)
		}
		wantError(t, d.Close(), "decoding error: truncated headers")
		if err := d.Close(); err != nil {
			t.Errorf("closing again returns %v", err)
		}
		if len(*fields) != 0 {
			t.Errorf("of %d octets come the fields %v", i, *fields)
		}
	}
}

// P54.
func TestDecoderIsReusableAfterATruncatedBlock(t *testing.T) {
	d, fields := newTestDecoder()
	d.Write(concat(indexed(2), []byte{0x40}))
	d.Close()
	d.Write(concat(sizeUpdate(100), indexed(2)))
	if err := d.Close(); err != nil || len(*fields) != 2 {
		t.Errorf("fields %v, error %v", *fields, err)
	}
}

func TestIndexOutsideBothTablesIsAnError(t *testing.T) {
	for _, c := range []struct {
		block []byte
		index int
	}{
		{indexed(0), 0},
		{indexed(64), 64},
		{indexed(1 << 30), 1 << 30},
		{concat([]byte{0x40 | 63, 1}, rawString("x")), 64},
		{concat([]byte{0x0f, 64 - 15}, rawString("x")), 64},
		{concat([]byte{0x1f, 64 - 15}, rawString("x")), 64},
	} {
		d, _ := newTestDecoder()
		d.Write(literal(0x40, "a", "b")) // index 62
		d.Write(literal(0x40, "c", "d")) // and that becomes 63
		n, err := d.Write(c.block)
		if want := (DecodingError{InvalidIndexError(c.index)}); n != len(c.block) || err != want {
			t.Errorf("%x: %d, %v; want %d, %v", c.block, n, err, len(c.block), want)
		}
	}
}

// RFC 7541 §2.3.2.
func TestDuplicateEntriesAreNoError(t *testing.T) {
	d, _ := newTestDecoder()
	twice := literal(0x40, "a", "b")
	got, err := d.DecodeFull(concat(twice, twice, indexed(62), indexed(63)))
	ab := field("a", "b")
	if want := []HeaderField{ab, ab, ab, ab}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if n := d.table.len(); n != 2 {
		t.Errorf("the table has %d entries, want 2", n)
	}
}

func TestFieldsBeforeAnErrorAreEmitted(t *testing.T) {
	d, fields := newTestDecoder()
	d.Write(concat(indexed(2), indexed(0), indexed(3)))
	if want := []HeaderField{field(":method", "GET")}; !reflect.DeepEqual(*fields, want) {
		t.Errorf("got %v, want %v", *fields, want)
	}
}

func TestDecodeFullOfAnInvalidBlockReturnsNoFields(t *testing.T) {
	d, _ := newTestDecoder()
	for _, block := range [][]byte{concat(indexed(2), indexed(0)), concat(indexed(2), []byte{0x40})} {
		if fields, err := d.DecodeFull(block); fields != nil || err == nil {
			t.Errorf("%x: %v, %v", block, fields, err)
		}
	}
}

func TestDecodeFullLeavesTheEmitFunctionAlone(t *testing.T) {
	d, fields := newTestDecoder()
	d.DecodeFull(indexed(2))
	d.DecodeFull(indexed(0))
	if len(*fields) != 0 {
		t.Errorf("it got %v", *fields)
	}
	d.Close()
	d.Write(indexed(3))
	if want := []HeaderField{field(":method", "POST")}; !reflect.DeepEqual(*fields, want) {
		t.Errorf("afterwards it gets %v, want %v", *fields, want)
	}
}

func TestInvalidHuffmanCodeIsAnError(t *testing.T) {
	d, _ := newTestDecoder()
	if _, err := d.Write([]byte{0x41, 0x81, 0xff}); err != ErrInvalidHuffman {
		t.Errorf("error is %v, want %v", err, ErrInvalidHuffman)
	}
}

func TestOverlongIntegerIsAnError(t *testing.T) {
	d, _ := newTestDecoder()
	_, err := d.Write(concat([]byte{0xff}, bytes.Repeat([]byte{0x80}, 9)))
	wantError(t, err, "decoding error: varint integer overflow")
}

func TestDynamicTableSizeUpdateIsAcceptedAtTheStartOfEveryBlock(t *testing.T) {
	d, _ := newTestDecoder()
	for range 2 {
		if _, err := d.DecodeFull(concat(sizeUpdate(100), literal(0x40, "a", "b"))); err != nil {
			t.Fatal(err)
		}
	}
}

// P52.
func TestTwoDynamicTableSizeUpdatesAreAcceptedWhateverIsInTheTable(t *testing.T) {
	// RFC 7541 §4.2: the least maximum and the last, between which entries may survive.
	d, _ := newTestDecoder()
	d.DecodeFull(literal(0x40, "a", "b"))
	got, err := d.DecodeFull(concat(sizeUpdate(100), sizeUpdate(4096), indexed(62)))
	if want := []HeaderField{field("a", "b")}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestDynamicTableSizeUpdateIsRejectedMidBlock(t *testing.T) {
	const want = "decoding error: dynamic table size update MUST occur at the beginning of a header block"
	for _, first := range [][]byte{indexed(62), indexed(2), literal(0x00, "a", "b")} {
		d, _ := newTestDecoder()
		d.DecodeFull(literal(0x40, "a", "b"))
		_, err := d.Write(concat(first, sizeUpdate(100)))
		wantError(t, err, want)
	}
}

func TestDynamicTableSizeUpdateMidBlockIsToleratedOnAnEmptyTable(t *testing.T) {
	d, _ := newTestDecoder()
	if _, err := d.DecodeFull(concat(indexed(2), sizeUpdate(100), indexed(2))); err != nil {
		t.Error(err)
	}
}

func TestDynamicTableSizeUpdateIsRejectedAboveTheAllowedMaximum(t *testing.T) {
	const want = "decoding error: dynamic table size update too large"
	d, _ := newTestDecoder()
	_, err := d.Write(sizeUpdate(4097))
	wantError(t, err, want)

	d, _ = newTestDecoder()
	d.SetAllowedMaxDynamicTableSize(8192)
	if _, err := d.Write(sizeUpdate(8192)); err != nil {
		t.Errorf("with a raised maximum: %v", err)
	}
	d.SetAllowedMaxDynamicTableSize(100)
	_, err = d.Write(sizeUpdate(8192))
	wantError(t, err, want)
}

func TestDynamicTableSizeUpdateEvicts(t *testing.T) {
	d, _ := newTestDecoder()
	d.DecodeFull(concat(literal(0x40, "a", "1"), literal(0x40, "b", "2")))
	d.DecodeFull(sizeUpdate(34))
	if got, want := contents(&d.table), []HeaderField{field("b", "2")}; !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
}

func TestSetMaxDynamicTableSizeEvicts(t *testing.T) {
	d, _ := newTestDecoder()
	d.DecodeFull(concat(literal(0x40, "a", "1"), literal(0x40, "b", "2")))
	d.SetMaxDynamicTableSize(34)
	if got, want := contents(&d.table), []HeaderField{field("b", "2")}; !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
}

func TestNameMayComeFromTheEntryThatItsFieldEvicts(t *testing.T) {
	d, _ := newTestDecoder()
	d.SetMaxDynamicTableSize(40)
	got, err := d.DecodeFull(concat(literal(0x40, "name", "1"), []byte{0x40 | 62}, rawString("2"), indexed(62)))
	want := []HeaderField{field("name", "1"), field("name", "2"), field("name", "2")}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestStringUpToTheMaximumLengthIsDecoded(t *testing.T) {
	for _, block := range [][]byte{
		literal(0x40, "12345678", "abcdefgh"),
		concat([]byte{0x40}, huffmanString("12345678"), huffmanString("abcdefgh")),
	} {
		d, _ := newTestDecoder()
		d.SetMaxStringLength(8)
		got, err := d.DecodeFull(block)
		if want := []HeaderField{field("12345678", "abcdefgh")}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%x: %v, %v; want %v", block, got, err, want)
		}
	}
}

func TestStringLongerThanTheMaximumIsAnError(t *testing.T) {
	for name, block := range map[string][]byte{
		"name":                   literal(0x40, "123456789", ""),
		"value":                  literal(0x40, "", "123456789"),
		"decompressed name":      concat([]byte{0x40}, huffmanString("123456789"), rawString("")),
		"decompressed value":     concat([]byte{0x40}, rawString(""), huffmanString("123456789")),
		"value of a static name": concat([]byte{0x41}, huffmanString("123456789")),
		"string that is longer only when compressed": concat([]byte{0x41}, huffmanString("\x01\x01\x01")),
		"name in the static table":                   indexed(15),
		"static name":                                concat([]byte{0x4f}, rawString("")),
		"length alone":                               {0x41, 9},
		"compressed length alone":                    {0x41, 0x89},
	} {
		d, _ := newTestDecoder()
		d.SetMaxStringLength(8)
		if n, err := d.Write(block); n != len(block) || err != ErrStringLength {
			t.Errorf("%s: %d, %v; want %d, %v", name, n, err, len(block), ErrStringLength)
		}
	}
}

func TestMaximumStringLengthHoldsWhereverTheBlockIsSplit(t *testing.T) {
	block := concat([]byte{0x40}, huffmanString("1234567"), huffmanString("123456789"))
	for i := range block {
		d, fields := newTestDecoder()
		d.SetMaxStringLength(8)
		_, err := d.Write(block[:i])
		if err == nil {
			_, err = d.Write(block[i:])
		}
		if err != ErrStringLength || len(*fields) != 0 {
			t.Errorf("split at %d: fields %v, error %v", i, *fields, err)
		}
	}
}

func TestNothingIsEmittedWhileDisabled(t *testing.T) {
	d, fields := newTestDecoder()
	if !d.EmitEnabled() {
		t.Error("it is disabled by default")
	}
	d.SetEmitEnabled(false)
	if d.EmitEnabled() {
		t.Error("it is still enabled")
	}
	d.Write(everyRepresentation)
	if len(*fields) != 0 {
		t.Errorf("%v are emitted", *fields)
	}
}

func TestTableIsKeptInStepWhileEmissionIsDisabled(t *testing.T) {
	on, _ := newTestDecoder()
	off, _ := newTestDecoder()
	off.SetEmitEnabled(false)
	large := literal(0x40, "large", strings.Repeat("x", 5000))
	blocks := [][]byte{everyRepresentation, large, everyRepresentation}
	for i, block := range blocks {
		on.DecodeFull(block)
		off.DecodeFull(block)
		if got, want := contents(&off.table), contents(&on.table); !reflect.DeepEqual(got, want) {
			t.Errorf("after block %d the table has %v, want %v", i, got, want)
		}
	}
}

func TestEmissionMayBeDisabledByTheEmitFunction(t *testing.T) {
	var got []HeaderField
	var d *Decoder
	d = NewDecoder(4096, func(f HeaderField) {
		got = append(got, f)
		d.SetEmitEnabled(len(got) < 2)
	})
	d.Write(everyRepresentation)
	if !reflect.DeepEqual(got, everyField[:2]) {
		t.Errorf("got %v, want %v", got, everyField[:2])
	}
}

func TestSkippedStringsAreNotDecompressed(t *testing.T) {
	d, _ := newTestDecoder()
	d.SetEmitEnabled(false)
	invalid := []byte{0x81, 0xff}
	if _, err := d.DecodeFull(concat([]byte{0x01}, invalid)); err != nil {
		t.Errorf("of a field that is not indexed: %v", err)
	}
	if _, err := d.DecodeFull(concat([]byte{0x41}, invalid)); err != ErrInvalidHuffman {
		t.Errorf("of a field that is indexed: %v, want %v", err, ErrInvalidHuffman)
	}
}

func TestSetEmitFuncTakesEffect(t *testing.T) {
	d, fields := newTestDecoder()
	var got []HeaderField
	d.SetEmitFunc(func(f HeaderField) { got = append(got, f) })
	d.Write(indexed(2))
	if want := []HeaderField{field(":method", "GET")}; len(*fields) != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("the old one gets %v, the new one %v; want %v", *fields, got, want)
	}
}
