package message

import (
	"context"
	"net/http"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
)

func fieldsOf(pairs ...string) []hpack.HeaderField {
	var fields []hpack.HeaderField
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return fields
}

var (
	plainGET = fieldsOf(":method", "GET", ":scheme", "http", ":authority", "127.0.0.1:8080", ":path", "/",
		"user-agent", "h2load nghttp2/1.52.0")

	gRPCRequest = fieldsOf(":method", "POST", ":scheme", "http", ":path", "/helloworld.Greeter/SayHello",
		":authority", "localhost:50051", "content-type", "application/grpc", "user-agent", "grpc-go/1.85.0",
		"te", "trailers", "grpc-timeout", "999907u")

	browserGET = fieldsOf(":method", "GET", ":authority", "www.example.com", ":scheme", "https",
		":path", "/assets/app.js?v=20240101", "sec-ch-ua", `"Chromium";v="124", "Google Chrome";v="124"`,
		"sec-ch-ua-mobile", "?0", "sec-ch-ua-platform", `"Linux"`, "upgrade-insecure-requests", "1",
		"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
		"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
		"sec-fetch-site", "none", "sec-fetch-mode", "navigate", "sec-fetch-user", "?1", "sec-fetch-dest", "document",
		"accept-encoding", "gzip, deflate, br, zstd", "accept-language", "en-US,en;q=0.9",
		"cookie", "session=0123456789abcdef", "cookie", "theme=dark", "priority", "u=0, i")
)

func TestAPlainGETCostsThreeAllocations(t *testing.T) {
	// The URL with the values, and two for the Header map. The Request is the caller's.
	testRequestAllocs(t, plainGET, 3)
}

func TestAGRPCRequestCostsThreeAllocations(t *testing.T) {
	testRequestAllocs(t, gRPCRequest, 3)
}

func TestRepeatedNamesOfAConnectionAreSpelledOnce(t *testing.T) {
	testRequestAllocs(t, append(plainGET[:len(plainGET):len(plainGET)], fieldsOf("x-made-up-name", "1")...), 3)
}

func testRequestAllocs(t *testing.T, fields []hpack.HeaderField, want float64) {
	t.Helper()
	var r RequestReader
	ctx := context.Background()
	req := new(http.Request)
	got := testing.AllocsPerRun(200, func() {
		*req = http.Request{}
		if _, err := r.Read(ctx, req, 1, fields, true); err != nil {
			t.Fatal(err)
		}
	})
	if got > want {
		t.Errorf("Read allocates %v times, want %v", got, want)
	}
}

func TestAResponseCostsNoAllocation(t *testing.T) {
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	h := http.Header{
		"Content-Type": {"application/grpc"}, "Grpc-Status": {"0"}, "Date": {"Mon, 01 Jan 2024 00:00:00 GMT"},
		"Content-Length": {"13"}, "Set-Cookie": {"a=b", "c=d"}, "Trailer": {"Grpc-Status, Grpc-Message"},
	}
	var info ResponseInfo
	var dst []hpack.HeaderField
	got := testing.AllocsPerRun(200, func() {
		dst = AppendResponse(dst[:0], 299, h, &info)
	})
	if got != 0 {
		t.Errorf("AppendResponse allocates %v times, want 0", got)
	}
}

func TestATrailerSectionCostsNoAllocation(t *testing.T) {
	h := http.Header{"Trailer:Grpc-Status": {"0"}, "Trailer:Grpc-Message": {""}, "Etag": {"x"}}
	declared := []string{"Etag"}
	var dst []hpack.HeaderField
	got := testing.AllocsPerRun(200, func() {
		dst = AppendTrailers(dst[:0], h, declared)
	})
	if got != 0 {
		t.Errorf("AppendTrailers allocates %v times, want 0", got)
	}
}

func BenchmarkRequestPlainGET(b *testing.B) { benchmarkRequest(b, plainGET) }
func BenchmarkRequestGRPC(b *testing.B)     { benchmarkRequest(b, gRPCRequest) }
func BenchmarkRequestBrowser(b *testing.B)  { benchmarkRequest(b, browserGET) }

func benchmarkRequest(b *testing.B, fields []hpack.HeaderField) {
	var r RequestReader
	ctx := context.Background()
	req := new(http.Request)
	b.ReportAllocs()
	for b.Loop() {
		*req = http.Request{}
		if _, err := r.Read(ctx, req, 1, fields, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResponse(b *testing.B) {
	h := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": {"13"}, "Server": {"x"}}
	var info ResponseInfo
	var dst []hpack.HeaderField
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendResponse(dst[:0], 200, h, &info)
	}
}

func BenchmarkTrailers(b *testing.B) {
	h := http.Header{"Content-Type": {"application/grpc"}, "Trailer:Grpc-Status": {"0"}, "Trailer:Grpc-Message": {""}}
	var dst []hpack.HeaderField
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendTrailers(dst[:0], h, nil)
	}
}
