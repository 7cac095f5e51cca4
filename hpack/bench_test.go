package hpack

import (
	"strconv"
	"testing"

	upstream "golang.org/x/net/http2/hpack"
)

// sliceWriter is how the engine uses an Encoder: a Write appends to the output buffer.
type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// grpcResponse is the field section and the trailer section of a unary gRPC response.
var grpcResponse = []HeaderField{
	{Name: ":status", Value: "200"},
	{Name: "content-type", Value: "application/grpc"},
	{Name: "grpc-encoding", Value: "identity"},
	{Name: "grpc-accept-encoding", Value: "gzip"},
	{Name: "grpc-status", Value: "0"},
	{Name: "grpc-message", Value: ""},
}

// webResponse has a field that is different each time.
var webResponse = []HeaderField{
	{Name: ":status", Value: "200"},
	{Name: "content-type", Value: "text/plain; charset=utf-8"},
	{Name: "date", Value: "Mon, 21 Oct 2013 20:13:21 GMT"},
	{Name: "content-length", Value: "13"},
}

// h2loadRequest is what h2load sends.
var h2loadRequest = []HeaderField{
	{Name: ":path", Value: "/bench/small"},
	{Name: ":scheme", Value: "http"},
	{Name: ":authority", Value: "127.0.0.1:8080"},
	{Name: ":method", Value: "GET"},
	{Name: "user-agent", Value: "h2load nghttp2/1.52.0"},
}

// browserRequest has long literals, Huffman-encoded and different each time.
var browserRequest = []HeaderField{
	{Name: ":method", Value: "GET"},
	{Name: ":scheme", Value: "https"},
	{Name: ":authority", Value: "www.example.com"},
	{Name: ":path", Value: "/search?q=hypertext+transfer+protocol&ie=utf-8&source=hp&ei=Zx81ZKq5"},
	{Name: "accept", Value: "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"},
	{Name: "cookie", Value: "SID=31d4d96e407aad42; HSID=AYQEVnDKrdst; lang=en-US; theme=dark"},
}

func BenchmarkEncode(b *testing.B) {
	b.Run("grpc-response", func(b *testing.B) { benchmarkEncode(b, grpcResponse, -1) })
	b.Run("web-response", func(b *testing.B) { benchmarkEncode(b, webResponse, -1) })
	b.Run("new-value", func(b *testing.B) { benchmarkEncode(b, webResponse, 3) })
}

// changingValues are for a field that never repeats within the life of a table entry.
var changingValues = func() (vs [1024]string) {
	for i := range vs {
		vs[i] = strconv.Itoa(1e6 + i)
	}
	return vs
}()

// benchmarkEncode encodes a field section, the field at changing with another value each time.
func benchmarkEncode(b *testing.B, fields []HeaderField, changing int) {
	b.Run("ours", func(b *testing.B) {
		w := new(sliceWriter)
		e := NewEncoder(w)
		fields := append([]HeaderField(nil), fields...)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w.b = w.b[:0]
			if changing >= 0 {
				fields[changing].Value = changingValues[i%len(changingValues)]
			}
			for _, f := range fields {
				e.WriteField(f)
			}
		}
	})
	b.Run("xnet", func(b *testing.B) {
		w := new(sliceWriter)
		e := upstream.NewEncoder(w)
		fields := append([]HeaderField(nil), fields...)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w.b = w.b[:0]
			if changing >= 0 {
				fields[changing].Value = changingValues[i%len(changingValues)]
			}
			for _, f := range fields {
				e.WriteField(upstream.HeaderField(f))
			}
		}
	})
}

// BenchmarkFirstBlock is the first field section of a connection, and its tables with it.
func BenchmarkFirstBlock(b *testing.B) {
	w := new(sliceWriter)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.b = w.b[:0]
			e := NewEncoder(w)
			for _, f := range webResponse {
				e.WriteField(f)
			}
		}
	})
	w.b = nil
	e := NewEncoder(w)
	for _, f := range h2loadRequest {
		e.WriteField(f)
	}
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d := NewDecoder(4096, func(HeaderField) {})
			d.Write(w.b)
			d.Close()
		}
	})
}

// BenchmarkChurn has every field enter the dynamic table, and another one leave it.
func BenchmarkChurn(b *testing.B) {
	w := new(sliceWriter)
	e := NewEncoder(w)
	var blocks [len(changingValues)][]byte
	for i, v := range changingValues {
		w.b = nil
		e.WriteField(HeaderField{Name: "x-request-id", Value: v})
		blocks[i] = w.b
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w.b = w.b[:0]
			e.WriteField(HeaderField{Name: "x-request-id", Value: changingValues[i%len(changingValues)]})
		}
	})
	b.Run("decode", func(b *testing.B) {
		d := NewDecoder(4096, func(HeaderField) {})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			d.Write(blocks[i%len(blocks)])
			d.Close()
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	b.Run("h2load-request", func(b *testing.B) { benchmarkDecode(b, h2loadRequest, false) })
	b.Run("browser-request", func(b *testing.B) { benchmarkDecode(b, browserRequest, false) })
	b.Run("browser-request-literal", func(b *testing.B) { benchmarkDecode(b, browserRequest, true) })
}

func benchmarkDecode(b *testing.B, fields []HeaderField, literal bool) {
	w := new(sliceWriter)
	e := NewEncoder(w)
	if literal {
		e.SetMaxDynamicTableSize(0)
	}
	encode := func() []byte {
		w.b = nil
		for _, f := range fields {
			e.WriteField(f)
		}
		return w.b
	}
	first, again := encode(), encode()
	b.Run("ours", func(b *testing.B) {
		n := 0
		d := NewDecoder(4096, func(HeaderField) { n++ })
		d.Write(first)
		d.Close()
		b.ReportAllocs()
		for b.Loop() {
			d.Write(again)
			d.Close()
		}
	})
	b.Run("xnet", func(b *testing.B) {
		n := 0
		d := upstream.NewDecoder(4096, func(upstream.HeaderField) { n++ })
		d.Write(first)
		d.Close()
		b.ReportAllocs()
		for b.Loop() {
			d.Write(again)
			d.Close()
		}
	})
}

func BenchmarkHuffman(b *testing.B) {
	s := browserRequest[4].Value
	code := AppendHuffmanString(nil, s)
	var buf []byte
	b.Run("encode/ours", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			buf = AppendHuffmanString(buf[:0], s)
		}
	})
	b.Run("encode/xnet", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			buf = upstream.AppendHuffmanString(buf[:0], s)
		}
	})
	b.Run("length/ours", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			HuffmanEncodeLength(s)
		}
	})
	b.Run("decode/ours", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			HuffmanDecodeToString(code)
		}
	})
	b.Run("decode/xnet", func(b *testing.B) {
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			upstream.HuffmanDecodeToString(code)
		}
	})
}
