package hpack

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

// newTestEncoder returns an Encoder and a function that returns and takes what it wrote.
func newTestEncoder() (*Encoder, func() []byte) {
	var buf bytes.Buffer
	return NewEncoder(&buf), func() []byte {
		b := bytes.Clone(buf.Bytes())
		buf.Reset()
		return b
	}
}

// writeFunc makes an io.Writer of a function.
type writeFunc func(p []byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }

func TestRepeatedFieldIsIndexed(t *testing.T) {
	e, written := newTestEncoder()
	f := field("x-name", "\x01")
	e.WriteField(f)
	first := concat([]byte{0x40}, huffmanString("x-name"), rawString("\x01"))
	if got, want := written(), first; !bytes.Equal(got, want) {
		t.Errorf("first: %x, want %x", got, want)
	}
	e.WriteField(f)
	if got, want := written(), indexed(62); !bytes.Equal(got, want) {
		t.Errorf("again: %x, want %x", got, want)
	}
}

func TestNameIsTakenFromTheDynamicTable(t *testing.T) {
	e, written := newTestEncoder()
	e.WriteField(field("x-name", "1"))
	e.WriteField(field("other", "1"))
	written()
	e.WriteField(field("x-name", "2"))
	if got, want := written(), concat([]byte{0x40 | 63, 0}, rawString("2")); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestStaticNameIsPreferredToADynamicOne(t *testing.T) {
	e, written := newTestEncoder()
	e.WriteField(field("cookie", "1"))
	written()
	e.WriteField(field("cookie", "2"))
	if got, want := written(), concat([]byte{0x40 | 32}, rawString("2")); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestSensitiveFieldIsNeverIndexed(t *testing.T) {
	e, written := newTestEncoder()
	secret := HeaderField{"x-key", "1", true}
	want := concat([]byte{0x10}, huffmanString("x-key"), rawString("1"))
	for range 2 {
		e.WriteField(secret)
		if got := written(); !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
	}
	if e.table.len() != 0 {
		t.Errorf("the table has %v", contents(&e.table))
	}
}

func TestSensitiveFieldSharesANameButNoValue(t *testing.T) {
	e, written := newTestEncoder()
	e.WriteField(field("x-key", "1"))
	written()
	for _, c := range []struct {
		field HeaderField
		want  []byte
	}{
		{HeaderField{"x-key", "1", true}, concat([]byte{0x1f, 62 - 15}, rawString("1"))},
		{HeaderField{":method", "GET", true}, concat([]byte{0x13}, rawString("GET"))},
		{HeaderField{"x-other", "1", true}, concat([]byte{0x10}, huffmanString("x-other"), rawString("1"))},
	} {
		e.WriteField(c.field)
		if got := written(); !bytes.Equal(got, c.want) {
			t.Errorf("%v is %x, want %x", c.field, got, c.want)
		}
	}
}

func TestFieldLargerThanTheTableIsNotIndexed(t *testing.T) {
	e, written := newTestEncoder()
	e.WriteField(field("a", "1"))
	written()
	big := strings.Repeat("\x01", 4096)
	e.WriteField(field("b", big))
	if got, want := written(), literal(0x00, "b", big); !bytes.Equal(got, want) {
		t.Errorf("got %d octets from %x, want %d from %x", len(got), got[:4], len(want), want[:4])
	}
	if got, want := contents(&e.table), []HeaderField{field("a", "1")}; !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
}

func TestFieldOfExactlyTheTableSizeIsIndexed(t *testing.T) {
	e, written := newTestEncoder()
	f := field("b", strings.Repeat("\x01", 4096-33))
	e.WriteField(f)
	written()
	e.WriteField(f)
	if got := written(); !bytes.Equal(got, indexed(62)) {
		t.Errorf("again: %x, want be", got[:4])
	}
}

func TestHuffmanCodeIsUsedOnlyIfShorter(t *testing.T) {
	for s, want := range map[string][]byte{
		"":     rawString(""),
		"aaa":  huffmanString("aaa"),
		"aa":   rawString("aa"),  // 10 bits
		"a":    rawString("a"),   // 5 bits, but an octet either way
		"307":  rawString("307"), // 17 bits
		"\x01": rawString("\x01"),
	} {
		if got := appendString(nil, s); !bytes.Equal(got, want) {
			t.Errorf("%q is %x, want %x", s, got, want)
		}
	}
}

func TestEachFieldIsOneWrite(t *testing.T) {
	writes := 0
	e := NewEncoder(writeFunc(func(p []byte) (int, error) {
		writes++
		return len(p), nil
	}))
	e.SetMaxDynamicTableSize(0)
	e.SetMaxDynamicTableSize(1000)
	for _, f := range rfcResponses[2].fields {
		e.WriteField(f)
	}
	if want := len(rfcResponses[2].fields); writes != want {
		t.Errorf("%d writes, want %d", writes, want)
	}
}

func TestWriteErrorIsReturned(t *testing.T) {
	want := errors.New("broken")
	e := NewEncoder(writeFunc(func(p []byte) (int, error) { return 0, want }))
	if err := e.WriteField(field("a", "b")); err != want {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func TestShortWriteIsAnError(t *testing.T) {
	e := NewEncoder(writeFunc(func(p []byte) (int, error) { return len(p) - 1, nil }))
	if err := e.WriteField(field("a", "b")); err != io.ErrShortWrite {
		t.Errorf("error is %v, want %v", err, io.ErrShortWrite)
	}
}

// P53.
func TestSizeUpdatesPrecedeTheNextField(t *testing.T) {
	get := []byte{0x82}
	for _, c := range []struct {
		name   string
		change func(e *Encoder)
		want   []byte
	}{
		{"none", func(e *Encoder) {}, get},
		{"smaller", func(e *Encoder) { e.SetMaxDynamicTableSize(100) }, concat(sizeUpdate(100), get)},
		{"unchanged", func(e *Encoder) { e.SetMaxDynamicTableSize(4096) }, concat(sizeUpdate(4096), get)},
		{"smaller and smaller", func(e *Encoder) {
			e.SetMaxDynamicTableSize(100)
			e.SetMaxDynamicTableSize(50)
		}, concat(sizeUpdate(50), get)},
		{"the least and the last", func(e *Encoder) {
			e.SetMaxDynamicTableSize(100)
			e.SetMaxDynamicTableSize(50)
			e.SetMaxDynamicTableSize(2000)
			e.SetMaxDynamicTableSize(1000)
		}, concat(sizeUpdate(50), sizeUpdate(1000), get)},
		{"above the limit", func(e *Encoder) { e.SetMaxDynamicTableSize(1 << 20) }, concat(sizeUpdate(4096), get)},
		{"limit raised", func(e *Encoder) {
			e.SetMaxDynamicTableSizeLimit(math.MaxUint32)
			e.SetMaxDynamicTableSize(math.MaxUint32)
		}, concat(sizeUpdate(math.MaxUint32), get)},
		{"limit lowered", func(e *Encoder) { e.SetMaxDynamicTableSizeLimit(100) }, concat(sizeUpdate(100), get)},
		{"limit lowered to the current size", func(e *Encoder) { e.SetMaxDynamicTableSizeLimit(4096) }, get},
		{"limit lowered, then raised and used", func(e *Encoder) {
			e.SetMaxDynamicTableSizeLimit(0)
			e.SetMaxDynamicTableSizeLimit(4096)
			e.SetMaxDynamicTableSize(4096)
		}, concat(sizeUpdate(0), sizeUpdate(4096), get)},
	} {
		e, written := newTestEncoder()
		c.change(e)
		e.WriteField(field(":method", "GET"))
		if got := written(); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.name, got, c.want)
		}
		e.WriteField(field(":method", "GET"))
		if got := written(); !bytes.Equal(got, get) {
			t.Errorf("%s: the second field is %x, want %x", c.name, got, get)
		}
	}
}

func TestMaxDynamicTableSizeIsTheCurrentOne(t *testing.T) {
	e, _ := newTestEncoder()
	if got := e.MaxDynamicTableSize(); got != 4096 {
		t.Errorf("at first it is %d, want 4096", got)
	}
	e.SetMaxDynamicTableSize(1 << 20)
	if got := e.MaxDynamicTableSize(); got != 4096 {
		t.Errorf("above the limit it is %d, want 4096", got)
	}
	e.SetMaxDynamicTableSizeLimit(100)
	if got := e.MaxDynamicTableSize(); got != 100 {
		t.Errorf("with a limit of 100 it is %d", got)
	}
	e.SetMaxDynamicTableSizeLimit(1 << 20)
	if got := e.MaxDynamicTableSize(); got != 100 {
		t.Errorf("with a raised limit it is %d, want 100 still", got)
	}
}

func TestPeerFollowsEveryChangeOfTheTableSize(t *testing.T) {
	e, written := newTestEncoder()
	d := NewDecoder(4096, nil)
	fields := rfcResponses[2].fields
	for _, sizes := range [][]uint32{{4096}, {60}, {0}, {200}, {0, 4096}, {100, 4096}, {150, 100, 300}} {
		for _, size := range sizes {
			e.SetMaxDynamicTableSize(size)
		}
		for range 2 {
			for _, f := range fields {
				e.WriteField(f)
			}
			got, err := d.DecodeFull(written())
			if err != nil || !reflect.DeepEqual(got, fields) {
				t.Fatalf("after sizes %v: %v, %v", sizes, got, err)
			}
			if ours, theirs := contents(&e.table), contents(&d.table); !reflect.DeepEqual(ours, theirs) {
				t.Fatalf("after sizes %v the encoder's table has %v, the decoder's %v", sizes, ours, theirs)
			}
		}
	}
}

func TestBufferOfAHugeFieldIsNotKept(t *testing.T) {
	e := NewEncoder(io.Discard)
	e.WriteField(field("a", strings.Repeat("b", 1<<20)))
	if cap(e.buf) > maxKeptBuffer {
		t.Errorf("%d octets are kept", cap(e.buf))
	}
}
