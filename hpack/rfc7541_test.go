package hpack

import (
	"bytes"
	"reflect"
	"testing"
)

// An rfcExample is a field section from RFC 7541 appendices C.3 to C.6: two encodings, the
// fields and the dynamic table afterwards.
type rfcExample struct {
	plain, huffman string // hexadecimal
	fields         []HeaderField
	table          []HeaderField
	size           uint64
}

var rfcRequests = []rfcExample{
	{
		plain:   "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
		huffman: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
		fields: []HeaderField{field(":method", "GET"), field(":scheme", "http"), field(":path", "/"),
			field(":authority", "www.example.com")},
		table: []HeaderField{field(":authority", "www.example.com")},
		size:  57,
	},
	{
		plain:   "8286 84be 5808 6e6f 2d63 6163 6865",
		huffman: "8286 84be 5886 a8eb 1064 9cbf",
		fields: []HeaderField{field(":method", "GET"), field(":scheme", "http"), field(":path", "/"),
			field(":authority", "www.example.com"), field("cache-control", "no-cache")},
		table: []HeaderField{field("cache-control", "no-cache"), field(":authority", "www.example.com")},
		size:  110,
	},
	{
		plain:   "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
		huffman: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
		fields: []HeaderField{field(":method", "GET"), field(":scheme", "https"), field(":path", "/index.html"),
			field(":authority", "www.example.com"), field("custom-key", "custom-value")},
		table: []HeaderField{field("custom-key", "custom-value"), field("cache-control", "no-cache"),
			field(":authority", "www.example.com")},
		size: 164,
	},
}

const rfcCookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"

// rfcResponses go through a dynamic table of 256 octets.
var rfcResponses = []rfcExample{
	{
		plain: "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133" +
			"2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
		huffman: "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6" +
			"2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
		fields: []HeaderField{field(":status", "302"), field("cache-control", "private"),
			field("date", "Mon, 21 Oct 2013 20:13:21 GMT"), field("location", "https://www.example.com")},
		table: []HeaderField{field("location", "https://www.example.com"),
			field("date", "Mon, 21 Oct 2013 20:13:21 GMT"), field("cache-control", "private"),
			field(":status", "302")},
		size: 222,
	},
	{
		plain:   "4803 3330 37c1 c0bf",
		huffman: "4883 640e ffc1 c0bf",
		fields: []HeaderField{field(":status", "307"), field("cache-control", "private"),
			field("date", "Mon, 21 Oct 2013 20:13:21 GMT"), field("location", "https://www.example.com")},
		table: []HeaderField{field(":status", "307"), field("location", "https://www.example.com"),
			field("date", "Mon, 21 Oct 2013 20:13:21 GMT"), field("cache-control", "private")},
		size: 222,
	},
	{
		plain: "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d" +
			"54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049" +
			"5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
		huffman: "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab" +
			"77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f" +
			"9587 3160 65c0 03ed 4ee5 b106 3d50 07",
		fields: []HeaderField{field(":status", "200"), field("cache-control", "private"),
			field("date", "Mon, 21 Oct 2013 20:13:22 GMT"), field("location", "https://www.example.com"),
			field("content-encoding", "gzip"), field("set-cookie", rfcCookie)},
		table: []HeaderField{field("set-cookie", rfcCookie), field("content-encoding", "gzip"),
			field("date", "Mon, 21 Oct 2013 20:13:22 GMT")},
		size: 215,
	},
}

func TestExamplesOfAppendixC1Integers(t *testing.T) {
	for _, c := range []struct {
		v      uint64
		prefix uint
		code   string
	}{
		{10, 5, "0a"},
		{1337, 5, "1f9a0a"},
		{42, 8, "2a"},
	} {
		code := unhex(t, c.code)
		if got := appendInteger(nil, 0, c.prefix, c.v); !bytes.Equal(got, code) {
			t.Errorf("%d with a prefix of %d bits is %x, want %x", c.v, c.prefix, got, code)
		}
		v, next, err := readInteger(code, 0, c.prefix)
		if v != c.v || next != len(code) || err != nil {
			t.Errorf("%x is %d of %d octets, %v; want %d of all", code, v, next, err, c.v)
		}
	}
}

func TestExamplesOfAppendixC2Representations(t *testing.T) {
	for _, c := range []struct {
		block string
		field HeaderField
		table []HeaderField
	}{
		{"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
			field("custom-key", "custom-header"), []HeaderField{field("custom-key", "custom-header")}},
		{"040c 2f73 616d 706c 652f 7061 7468", field(":path", "/sample/path"), nil},
		{"1008 7061 7373 776f 7264 0673 6563 7265 74", HeaderField{"password", "secret", true}, nil},
		{"82", field(":method", "GET"), nil},
	} {
		d := NewDecoder(4096, nil)
		got, err := d.DecodeFull(unhex(t, c.block))
		if err != nil || !reflect.DeepEqual(got, []HeaderField{c.field}) {
			t.Errorf("%s is %v, %v; want %v", c.block, got, err, c.field)
		}
		if table := contents(&d.table); !reflect.DeepEqual(table, c.table) {
			t.Errorf("after %v the table has %v, want %v", c.field, table, c.table)
		}
	}
}

func TestExamplesOfAppendixC2AreEncodedWithHuffmanCodes(t *testing.T) {
	for _, c := range []struct {
		field HeaderField
		block []byte
	}{
		{field("custom-key", "custom-header"),
			concat([]byte{0x40}, huffmanString("custom-key"), huffmanString("custom-header"))},
		// §C.2.2 leaves the path out of the table, for which a caller has no means; and of two
		// equal names the Encoder refers to the last.
		{field(":path", "/sample/path"), concat([]byte{0x45}, huffmanString("/sample/path"))},
		{HeaderField{"password", "secret", true},
			concat([]byte{0x10}, huffmanString("password"), huffmanString("secret"))},
		{field(":method", "GET"), []byte{0x82}},
	} {
		if got := encodeAll(t, c.field); !bytes.Equal(got, c.block) {
			t.Errorf("%v is %x, want %x", c.field, got, c.block)
		}
	}
}

func TestExamplesOfAppendicesC3ToC6AreDecoded(t *testing.T) {
	plain := func(e rfcExample) string { return e.plain }
	huffman := func(e rfcExample) string { return e.huffman }
	for _, c := range []struct {
		name     string
		size     uint32
		examples []rfcExample
		block    func(rfcExample) string
	}{
		{"C.3 requests, plain", 4096, rfcRequests, plain},
		{"C.4 requests, Huffman", 4096, rfcRequests, huffman},
		{"C.5 responses, plain", 256, rfcResponses, plain},
		{"C.6 responses, Huffman", 256, rfcResponses, huffman},
	} {
		d := NewDecoder(c.size, nil)
		for i, e := range c.examples {
			got, err := d.DecodeFull(unhex(t, c.block(e)))
			if err != nil || !reflect.DeepEqual(got, e.fields) {
				t.Errorf("%s, section %d: %v, %v; want %v", c.name, i+1, got, err, e.fields)
			}
			if table := contents(&d.table); !reflect.DeepEqual(table, e.table) || d.table.size != e.size {
				t.Errorf("%s, section %d: table has %v, size %d; want %v, size %d",
					c.name, i+1, table, d.table.size, e.table, e.size)
			}
		}
	}
}

func TestExamplesOfAppendicesC4AndC6AreEncoded(t *testing.T) {
	// The RFC takes the first of several equal names, we take the last (:status is 14 instead
	// of 8), and it uses Huffman codes where that makes no difference in length ("307").
	responses := append([]rfcExample(nil), rfcResponses...)
	responses[0].huffman = "4e" + responses[0].huffman[2:]
	responses[1].huffman = "4e03 3330 37c1 c0bf"
	for _, c := range []struct {
		name     string
		size     uint32
		examples []rfcExample
	}{
		{"C.4 requests", 4096, rfcRequests},
		{"C.6 responses", 256, responses},
	} {
		var buf bytes.Buffer
		e := NewEncoder(&buf)
		e.SetMaxDynamicTableSize(c.size)
		buf.Write(e.appendSizeUpdates(nil))
		for i, ex := range c.examples {
			buf.Reset()
			for _, f := range ex.fields {
				if err := e.WriteField(f); err != nil {
					t.Fatal(err)
				}
			}
			if want := unhex(t, ex.huffman); !bytes.Equal(buf.Bytes(), want) {
				t.Errorf("%s, section %d: %x, want %x", c.name, i+1, buf.Bytes(), want)
			}
			if table := contents(&e.table); !reflect.DeepEqual(table, ex.table) || e.table.size != ex.size {
				t.Errorf("%s, section %d: table has %v, size %d; want %v, size %d",
					c.name, i+1, table, e.table.size, ex.table, ex.size)
			}
		}
	}
}
