package hpack

import (
	"bytes"
	"testing"

	upstream "golang.org/x/net/http2/hpack"
)

// FuzzDecodeAgainstUpstream decodes two blocks, data up to boundary and the rest of it, which
// we get in chunks.
func FuzzDecodeAgainstUpstream(f *testing.F) {
	for _, e := range rfcRequests {
		f.Add(unhex(f, e.plain+e.huffman), uint16(len(unhex(f, e.plain))), uint8(3), uint16(4096), uint16(0), true)
	}
	for _, e := range rfcResponses {
		f.Add(unhex(f, e.huffman+e.plain), uint16(len(unhex(f, e.huffman))), uint8(1), uint16(256), uint16(30), false)
	}
	f.Add(everyRepresentation, uint16(60), uint8(2), uint16(4096), uint16(20), true)
	f.Fuzz(func(t *testing.T, data []byte, boundary uint16, chunk uint8, tableSize, maxString uint16, emit bool) {
		p := newDecoderPair(uint32(tableSize), int(maxString), emit)
		n := min(int(boundary), len(data))
		for _, block := range [][]byte{data[:n], data[n:]} {
			if !p.decode(t, block, int(chunk)) {
				return
			}
		}
		p.compareTables(t)
	})
}

// FuzzEncodeDecode runs a program: each octet is an operation, on strings of the following
// ones. What our Encoder writes has to be what upstream's does, and come back out of both
// Decoders.
func FuzzEncodeDecode(f *testing.F) {
	f.Add([]byte("\x00\x04name\x05value\x00\x04name\x05value\x01\x04name\x05value"))
	f.Add([]byte("\x08\x02\x05hello\x10\x03\x00\x08\x02\x05hello\x18\xff\x08\x02\x05hello\x20\x40\x08\x02\x05again"))
	f.Add(bytes.Repeat([]byte("\x08\x07\x03GET\x08\x1e\x0213\x08\x20\x1fMon, 21 Oct 2013 20:13:21 GMT \x01x"), 8))
	f.Fuzz(func(t *testing.T, program []byte) {
		runCodecProgram(t, program)
	})
}

// A codecRun has an Encoder of each side, connected to Decoders of both.
type codecRun struct {
	program  []byte
	out      bytes.Buffer
	theirOut bytes.Buffer
	enc      *Encoder
	theirEnc *upstream.Encoder
	decoders *decoderPair
	resized  bool // since the last field
}

func runCodecProgram(t *testing.T, program []byte) {
	r := &codecRun{program: program, decoders: newDecoderPair(1<<16, 0, true)}
	r.enc = NewEncoder(&r.out)
	r.theirEnc = upstream.NewEncoder(&r.theirOut)
	r.decoders.ours.SetMaxDynamicTableSize(4096)
	r.decoders.theirs.SetMaxDynamicTableSize(4096)
	for len(r.program) > 0 {
		op := r.octet()
		switch op >> 3 {
		case 2:
			r.resize(t, func() {
				v := uint32(r.octet()) << (op & 7)
				r.enc.SetMaxDynamicTableSize(v)
				r.theirEnc.SetMaxDynamicTableSize(v)
			})
		case 3:
			r.resize(t, func() {
				v := uint32(r.octet()) << (op & 7)
				r.enc.SetMaxDynamicTableSizeLimit(v)
				r.theirEnc.SetMaxDynamicTableSizeLimit(v)
			})
		case 1:
			r.write(t, HeaderField{staticTable[1+int(r.octet())%staticTableLen].Name, r.string(), op&1 != 0})
		default:
			r.write(t, HeaderField{r.string(), r.string(), op&1 != 0})
		}
	}
}

// resize changes the size at most once between two fields: there upstream may forget the least
// size, and does not accept two updates either.
func (r *codecRun) resize(t *testing.T, change func()) {
	if r.resized {
		r.write(t, HeaderField{Name: ":method", Value: "GET"})
	}
	change()
	r.resized = true
}

func (r *codecRun) write(t *testing.T, f HeaderField) {
	t.Helper()
	r.resized = false
	r.out.Reset()
	r.theirOut.Reset()
	if err := r.enc.WriteField(f); err != nil {
		t.Fatal(err)
	}
	if err := r.theirEnc.WriteField(upstream.HeaderField(f)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.out.Bytes(), r.theirOut.Bytes()) {
		t.Fatalf("%v is %x, upstream %x", f, r.out.Bytes(), r.theirOut.Bytes())
	}
	if !r.decoders.decode(t, r.out.Bytes(), 1) || !equalFields(r.decoders.fields, []HeaderField{f}) {
		t.Fatalf("%v comes back as %v", f, r.decoders.fields)
	}
	if r.enc.MaxDynamicTableSize() != r.theirEnc.MaxDynamicTableSize() {
		t.Fatalf("maximum size %d, upstream %d", r.enc.MaxDynamicTableSize(), r.theirEnc.MaxDynamicTableSize())
	}
	if ours, theirs := contents(&r.enc.table), contents(&r.decoders.ours.table); !equalFields(ours, theirs) {
		t.Fatalf("after %v the encoder's table has %v, the decoder's %v", f, ours, theirs)
	}
}

// octet returns the program's next octet, and 0 at its end.
func (r *codecRun) octet() byte {
	if len(r.program) == 0 {
		return 0
	}
	b := r.program[0]
	r.program = r.program[1:]
	return b
}

func (r *codecRun) string() string {
	n := min(int(r.octet()), len(r.program))
	s := string(r.program[:n])
	r.program = r.program[n:]
	return s
}

// FuzzHuffman takes data for a string to encode and for a code to decode.
func FuzzHuffman(f *testing.F) {
	f.Add([]byte("www.example.com"))
	f.Add([]byte("\x00\x01\n\r\x16\xff"))
	f.Add(unhex(f, "f1e3c2e5f23a6ba0ab90f4ff"))
	f.Add(unhex(f, "1fffffffff1c64"))
	f.Fuzz(func(t *testing.T, data []byte) {
		code := AppendHuffmanString(nil, string(data))
		if want := upstream.AppendHuffmanString(nil, string(data)); !bytes.Equal(code, want) {
			t.Fatalf("%q is %x, upstream %x", data, code, want)
		}
		if n := HuffmanEncodeLength(string(data)); n != uint64(len(code)) {
			t.Fatalf("the length of %q is %d, said to be %d", data, len(code), n)
		}
		if s, err := HuffmanDecodeToString(code); s != string(data) || err != nil {
			t.Fatalf("%q comes back as %q, %v", data, s, err)
		}
		got, err := HuffmanDecodeToString(data)
		want, theirErr := upstream.HuffmanDecodeToString(data)
		if got != want || !sameError(err, theirErr) {
			t.Fatalf("%x is %q, %v; upstream %q, %v", data, got, err, want, theirErr)
		}
	})
}
