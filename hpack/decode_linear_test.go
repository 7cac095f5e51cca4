package hpack

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The attack is CVE-2022-41723: the work has to be linear in the input, and the memory bounded.

func TestBufferedStringIsNotLookedAtAgainBeforeItIsComplete(t *testing.T) {
	d, fields := newTestDecoder()
	block := literal(0x40, "name", strings.Repeat("v", 10000))
	d.Write(block[:20])
	d.partial[0] = 0x80 // a second look would find an invalid index
	for _, b := range block[20 : len(block)-1] {
		if _, err := d.Write([]byte{b}); err != nil {
			t.Fatalf("it was: %v", err)
		}
	}
	d.partial[0] = block[0]
	d.Write(block[len(block)-1:])
	if want := []HeaderField{field("name", strings.Repeat("v", 10000))}; !reflect.DeepEqual(*fields, want) {
		t.Errorf("got %d fields", len(*fields))
	}
}

func TestBufferIsCopiedLogarithmicallyOften(t *testing.T) {
	d, _ := newTestDecoder()
	block := literal(0x40, "name", strings.Repeat("v", 1<<20))
	moves := 0
	var at *byte
	for i := range block[:len(block)-1] {
		d.Write(block[i : i+1])
		if &d.partial[0] != at {
			at = &d.partial[0]
			moves++
		}
	}
	if moves > 64 {
		t.Errorf("for %d octets it moved %d times", len(block), moves)
	}
}

func TestOnlyTheRepresentationThatIsCutOffIsBuffered(t *testing.T) {
	d, fields := newTestDecoder()
	many := bytes.Repeat(indexed(2), 10000)
	cut := literal(0x40, "name", "value")
	d.Write(concat(many, cut[:5]))
	if len(d.partial) != 5 {
		t.Errorf("%d octets are buffered, want 5", len(d.partial))
	}
	d.Write(concat(cut[5:], many))
	if cap(d.partial) > 100 {
		t.Errorf("the buffer has grown to %d octets for a representation of %d", cap(d.partial), len(cut))
	}
	if len(*fields) != 20001 {
		t.Errorf("%d fields, want 20001", len(*fields))
	}
}

func TestTooLongStringIsNotBuffered(t *testing.T) {
	d, _ := newTestDecoder()
	d.SetMaxStringLength(100)
	d.Write([]byte{0x41})
	_, err := d.Write(concat(appendInteger(nil, 0, 7, 1<<20), make([]byte, 50000)))
	if err != ErrStringLength || cap(d.partial) > 100 {
		t.Errorf("error %v, %d octets buffered", err, cap(d.partial))
	}
}

func TestBufferIsLetGoAtTheEndOfTheBlock(t *testing.T) {
	d, _ := newTestDecoder()
	block := literal(0x40, "name", "value")
	d.Write(block[:5])
	d.Write(block[5:])
	d.Close()
	if d.partial != nil || d.scratch != nil {
		t.Error("an idle decoder holds a buffer")
	}
}

func TestScratchBufferIsReusedFieldByField(t *testing.T) {
	d, _ := newTestDecoder()
	d.scratch = new([]byte)
	block := concat([]byte{0x00}, huffmanString("name"), huffmanString("value"))
	for range 1000 {
		d.decode(block)
	}
	if n := cap(*d.scratch); n > 100 {
		t.Errorf("it has grown to %d octets", n)
	}
}

func TestScratchBufferOfAHugeStringIsNotKept(t *testing.T) {
	d, _ := newTestDecoder()
	buf := make([]byte, 0, maxKeptScratch+1)
	scratch := &buf
	d.scratch = scratch
	d.returnScratch()
	if *scratch != nil {
		t.Errorf("%d octets are kept", cap(*scratch))
	}
}

func TestTableIsBoundedWhateverEntersIt(t *testing.T) {
	d, _ := newTestDecoder()
	for i := range 10000 {
		d.Write(literal(0x40, fmt.Sprint(i), strings.Repeat("v", i%5000)))
		var sum uint64
		for _, f := range contents(&d.table) {
			sum += uint64(f.Size())
		}
		if sum != d.table.size || sum > 4096 {
			t.Fatalf("after %d fields the table's size is %d, said to be %d", i+1, sum, d.table.size)
		}
	}
}
