package hpack_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"h2fork.example/net/hpack"
)

// One Encoder serves a connection: what it has sent once is an index from then on.
func ExampleEncoder() {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for range 2 {
		block.Reset()
		for _, f := range []hpack.HeaderField{
			{Name: ":method", Value: "GET"},
			{Name: ":path", Value: "/"},
			{Name: "user-agent", Value: "example/1.0"},
		} {
			if err := enc.WriteField(f); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Printf("% x\n", block.Bytes())
	}
	// Output:
	// 82 84 7a 88 2f 91 d3 5d 05 60 2b 83
	// 82 84 be
}

// A Sensitive field enters no dynamic table, where an attacker could probe for it.
func ExampleHeaderField_sensitive() {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	secret := hpack.HeaderField{Name: "authorization", Value: "Bearer 8a1f", Sensitive: true}
	for range 2 {
		block.Reset()
		if err := enc.WriteField(secret); err != nil {
			log.Fatal(err)
		}
		fmt.Println(block.Len(), "octets")
	}

	fields, err := hpack.NewDecoder(4096, nil).DecodeFull(block.Bytes())
	fmt.Println(fields, err)
	// Output:
	// 11 octets
	// 11 octets
	// [header field "authorization" = "Bearer 8a1f" (sensitive)] <nil>
}

// A field counts 32 octets beyond its own, here and in SETTINGS_MAX_HEADER_LIST_SIZE.
func ExampleHeaderField_Size() {
	f := hpack.HeaderField{Name: "cache-control", Value: "no-cache"}
	fmt.Println(f.Size(), f.IsPseudo())
	// Output: 53 false
}

// A Decoder takes a field block in whatever pieces it comes, and hands out each field as soon as it
// is complete.
func ExampleDecoder() {
	dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		fmt.Printf("%s: %s\n", f.Name, f.Value)
	})
	block := []byte("\x82\x86\x84\x41\x0fwww.example.com") // RFC 7541 appendix C.3.1
	for _, piece := range [][]byte{block[:2], block[2:9], block[9:]} {
		fmt.Println(len(piece), "octets:")
		if _, err := dec.Write(piece); err != nil {
			log.Fatal(err)
		}
	}
	if err := dec.Close(); err != nil { // the end of the block
		log.Fatal(err)
	}
	// Output:
	// 2 octets:
	// :method: GET
	// :scheme: http
	// 7 octets:
	// :path: /
	// 11 octets:
	// :authority: www.example.com
}

// What one block puts into the dynamic table, later ones refer to.
func ExampleDecoder_DecodeFull() {
	dec := hpack.NewDecoder(4096, nil)
	for _, block := range []string{"\x40\x05trace\x041f3a", "\xbe"} {
		fields, err := dec.DecodeFull([]byte(block))
		if err != nil {
			log.Fatal(err)
		}
		for _, f := range fields {
			fmt.Printf("%s: %s\n", f.Name, f.Value)
		}
	}
	// Output:
	// trace: 1f3a
	// trace: 1f3a
}

// An error says what the peer's encoder did. The connection has to end, with COMPRESSION_ERROR: the
// two dynamic tables can't be assumed to be equal any more.
func ExampleDecodingError() {
	_, err := hpack.NewDecoder(4096, nil).DecodeFull([]byte{0xff, 0x00})
	var decoding hpack.DecodingError
	if errors.As(err, &decoding) {
		var index hpack.InvalidIndexError
		fmt.Println(errors.As(decoding.Err, &index), int(index))
	}
	fmt.Println(err)
	// Output:
	// true 127
	// decoding error: invalid indexed representation index 127
}

// A string that is too long is refused before it is buffered.
func ExampleDecoder_SetMaxStringLength() {
	dec := hpack.NewDecoder(4096, func(hpack.HeaderField) {})
	dec.SetMaxStringLength(1024)
	_, err := dec.Write([]byte("\x40\x06cookie\x7f\x81\x0f")) // the value's 2048 octets have yet to come
	fmt.Println(errors.Is(err, hpack.ErrStringLength))
	// Output: true
}

// A receiver with enough fields goes on to decode, or it could not read the next block.
func ExampleDecoder_SetEmitEnabled() {
	var room uint32 = 80
	var dec *hpack.Decoder
	dec = hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Size() > room {
			dec.SetEmitEnabled(false)
			return
		}
		room -= f.Size()
		fmt.Printf("%s: %s\n", f.Name, f.Value)
	})
	if _, err := dec.Write([]byte("\x82\x84\x40\x01a\x01b")); err != nil { // a: b enters the dynamic table
		log.Fatal(err)
	}
	if err := dec.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("complete:", dec.EmitEnabled())

	dec.SetEmitEnabled(true)
	dec.SetEmitFunc(func(f hpack.HeaderField) { fmt.Printf("%s: %s\n", f.Name, f.Value) })
	if _, err := dec.Write([]byte("\xbe")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// :method: GET
	// :path: /
	// complete: false
	// a: b
}

// The receiver of a connection's fields decides how large the dynamic table may be, in HTTP/2 with
// SETTINGS_HEADER_TABLE_SIZE. The sender chooses a size up to that, and says so in the next block.
func ExampleEncoder_SetMaxDynamicTableSize() {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	enc.SetMaxDynamicTableSizeLimit(65536) // the peer's SETTINGS_HEADER_TABLE_SIZE
	enc.SetMaxDynamicTableSize(16384)
	fmt.Println("maximum size:", enc.MaxDynamicTableSize())

	if err := enc.WriteField(hpack.HeaderField{Name: ":method", Value: "GET"}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("% x\n", block.Bytes())

	dec := hpack.NewDecoder(4096, nil)
	_, err := dec.DecodeFull(block.Bytes())
	fmt.Println(err)

	dec = hpack.NewDecoder(4096, nil)
	dec.SetAllowedMaxDynamicTableSize(65536) // once the peer has acknowledged the setting
	fields, err := dec.DecodeFull(block.Bytes())
	fmt.Println(fields, err)
	// Output:
	// maximum size: 16384
	// 3f e1 7f 82
	// decoding error: dynamic table size update too large
	// [header field ":method" = "GET"] <nil>
}

func ExampleAppendHuffmanString() {
	const s = "www.example.com"
	code := hpack.AppendHuffmanString(nil, s)
	fmt.Printf("%d octets instead of %d: % x\n", hpack.HuffmanEncodeLength(s), len(s), code)
	// Output: 12 octets instead of 15: f1 e3 c2 e5 f2 3a 6b a0 ab 90 f4 ff
}

func ExampleHuffmanDecodeToString() {
	s, err := hpack.HuffmanDecodeToString([]byte("\xa8\xeb\x10\x64\x9c\xbf"))
	fmt.Println(s, err)

	_, err = hpack.HuffmanDecodeToString([]byte(strings.Repeat("\xff", 4))) // EOS
	fmt.Println(err)
	// Output:
	// no-cache <nil>
	// hpack: invalid Huffman-encoded data
}

func ExampleHuffmanDecode() {
	n, err := hpack.HuffmanDecode(os.Stdout, []byte("\xa8\xeb\x10\x64\x9c\xbf"))
	fmt.Println("", n, err)
	// Output: no-cache 8 <nil>
}
