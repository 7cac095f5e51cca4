package message

import (
	"net/http"
	"net/url"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
)

var (
	plainResponse = fieldsOf(":status", "200", "content-type", "text/plain; charset=utf-8", "content-length", "13",
		"date", "Mon, 01 Jan 2024 00:00:00 GMT")

	gRPCResponse = fieldsOf(":status", "200", "content-type", "application/grpc")
	gRPCTrailers = fieldsOf("grpc-status", "0", "grpc-message", "")

	browsedResponse = fieldsOf(":status", "200", "date", "Mon, 01 Jan 2024 00:00:00 GMT", "content-type", "text/html",
		"cache-control", "no-cache", "set-cookie", "a=b; path=/", "set-cookie", "c=d; path=/", "vary", "accept-encoding",
		"strict-transport-security", "max-age=31536000", "x-frame-options", "DENY", "x-content-type-options", "nosniff",
		"server", "nginx", "x-request-id", "0123456789abcdef", "cf-ray", "0123456789abcdef-FRA", "alt-svc", `h3=":443"`)

	plainRequest = &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "example.com", Path: "/a"}}

	proxiedRequest = &http.Request{
		Method: "GET",
		URL:    &url.URL{Scheme: "https", Host: "example.com", Path: "/assets/app.js"},
		Host:   "www.example.com",
		Header: http.Header{
			"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"},
			"Accept-Encoding": {"gzip, deflate, br, zstd"},
			"Accept-Language": {"en-US,en;q=0.9"},
			"Cookie":          {"session=0123456789abcdef; theme=dark"},
			"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"},
			"X-Forwarded-For": {"192.0.2.1"},
			"Sec-Fetch-Mode":  {"navigate"},
		},
	}

	gRPCCall = &http.Request{
		Method: "POST",
		URL:    &url.URL{Scheme: "https", Host: "example.com", Path: "/helloworld.Greeter/SayHello"},
		Header: http.Header{
			"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {"999907u"},
			"User-Agent": {"grpc-go/1.85.0"},
		},
	}

	requestDefaults = RequestOptions{MaxListSize: 1 << 20, UserAgent: "Go-http-client/2.0"}
)

func TestAPlainResponseCostsThreeAllocations(t *testing.T) {
	// The Response with the values, and two for the Header map.
	testResponseAllocs(t, plainResponse, 3)
}

func TestRepeatedNamesOfAServerAreSpelledOnce(t *testing.T) {
	testResponseAllocs(t, append(plainResponse[:len(plainResponse):len(plainResponse)], fieldsOf("x-made-up-name", "1")...), 3)
}

func testResponseAllocs(t *testing.T, fields []hpack.HeaderField, want float64) {
	t.Helper()
	var r ResponseReader
	got := testing.AllocsPerRun(200, func() {
		if _, err := readFinal(&r, 1, fields, true, plainRequest); err != nil {
			t.Fatal(err)
		}
	})
	if got > want {
		t.Errorf("Read allocates %v times, want %v", got, want)
	}
}

func TestARequestOnItsWayOutCostsNoAllocation(t *testing.T) {
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	for _, req := range []*http.Request{plainRequest, proxiedRequest, gRPCCall} {
		var dst []hpack.HeaderField
		got := testing.AllocsPerRun(200, func() {
			var err error
			if dst, err = AppendRequest(dst[:0], req, requestDefaults); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("AppendRequest allocates %v times for %v, want 0", got, req.URL)
		}
	}
}

func TestARequestsTrailersCostNoAllocation(t *testing.T) {
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	h := http.Header{"Etag": {"x"}, "Grpc-Tags-Bin": {"0", "1"}}
	var dst []hpack.HeaderField
	if got := testing.AllocsPerRun(200, func() { dst = AppendRequestTrailers(dst[:0], h) }); got != 0 {
		t.Errorf("AppendRequestTrailers allocates %v times, want 0", got)
	}
}

func BenchmarkClientResponsePlain(b *testing.B)   { benchmarkClientResponse(b, plainResponse) }
func BenchmarkClientResponseGRPC(b *testing.B)    { benchmarkClientResponse(b, gRPCResponse) }
func BenchmarkClientResponseBrowsed(b *testing.B) { benchmarkClientResponse(b, browsedResponse) }

func benchmarkClientResponse(b *testing.B, fields []hpack.HeaderField) {
	var r ResponseReader
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readFinal(&r, 1, fields, false, plainRequest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientTrailers(b *testing.B) {
	var r ResponseReader
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.ReadTrailers(1, gRPCTrailers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientRequestPlain(b *testing.B)   { benchmarkClientRequest(b, plainRequest) }
func BenchmarkClientRequestGRPC(b *testing.B)    { benchmarkClientRequest(b, gRPCCall) }
func BenchmarkClientRequestProxied(b *testing.B) { benchmarkClientRequest(b, proxiedRequest) }

func benchmarkClientRequest(b *testing.B, req *http.Request) {
	var dst []hpack.HeaderField
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = AppendRequest(dst[:0], req, requestDefaults); err != nil {
			b.Fatal(err)
		}
	}
}
