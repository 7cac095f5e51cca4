package message

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"h2fork.example/net/hpack"
)

// RFC 9113 §8.2.2: an endpoint must not generate connection-specific fields.
func TestConnectionSpecificFieldsAreNotSent(t *testing.T) {
	h := http.Header{"Connection": {"close"}, "Keep-Alive": {"5"}, "Proxy-Connection": {"close"}, "Te": {"trailers"},
		"Transfer-Encoding": {"trailers"}, "Upgrade": {"h2c"}, "upgrade": {"h2c"}, "KEEP-ALIVE": {"5"}, "Foo": {"1"}}
	var info ResponseInfo
	got := AppendResponse(nil, 200, h, &info)
	if want := fieldsOf(":status", "200", "foo", "1"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = AppendInformational(nil, 103, h)
	if want := fieldsOf(":status", "103", "foo", "1"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// RFC 9113 §8.3: a response has one pseudo-header field, and its trailers none.
func TestPseudoFieldsOfAHandlerAreNotSent(t *testing.T) {
	h := http.Header{":status": {"500"}, ":path": {"/"}, ":foo": {"x"}, "Trailer::status": {"200"}}
	var info ResponseInfo
	if got, want := AppendResponse(nil, 200, h, &info), fieldsOf(":status", "200"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := AppendInformational(nil, 103, h), fieldsOf(":status", "103"); !slices.Equal(got, want) {
		t.Errorf("1xx: got %v, want %v", got, want)
	}
	if got := AppendTrailers(nil, h, []string{":status"}); len(got) != 0 {
		t.Errorf("trailers: got %v, want none", got)
	}
}

// RFC 9113 §8.2.1: a field value must not start or end with white space.
func TestWhiteSpaceAroundAValueIsNotSent(t *testing.T) {
	var info ResponseInfo
	got := AppendResponse(nil, 200, http.Header{"A": {" b\tc \t", "\t"}}, &info)
	if want := fieldsOf(":status", "200", "a", "b\tc", "a", ""); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// RFC 9110 §8.6: content-length is one or more digits. P26.
func TestAnEmptyContentLengthIsNotSent(t *testing.T) {
	var info ResponseInfo
	got := AppendResponse(nil, 200, http.Header{"Content-Length": {"", "5"}}, &info)
	if want := fieldsOf(":status", "200"); !slices.Equal(got, want) || !info.HasContentLength {
		t.Errorf("got %v, HasContentLength %v, want %v, true", got, info.HasContentLength, want)
	}
}

func TestWhatFramingDependsOn(t *testing.T) {
	for name, test := range map[string]struct {
		h    http.Header
		want ResponseInfo
	}{
		"nothing":                     {nil, ResponseInfo{ContentLength: -1}},
		"content-length":              {http.Header{"Content-Length": {"5"}}, ResponseInfo{ContentLength: 5, HasContentLength: true}},
		"content-length 0":            {http.Header{"Content-Length": {"0"}}, ResponseInfo{ContentLength: 0, HasContentLength: true}},
		"content-length invalid":      {http.Header{"Content-Length": {"x"}}, ResponseInfo{ContentLength: -1}},
		"content-length nil":          {http.Header{"Content-Length": nil}, ResponseInfo{ContentLength: -1, HasContentLength: true}},
		"content-length misspelled":   {http.Header{"content-length": {"5"}}, ResponseInfo{ContentLength: -1}},
		"content-type":                {http.Header{"Content-Type": {"a/b"}}, ResponseInfo{ContentLength: -1, HasContentType: true}},
		"content-type nil":            {http.Header{"Content-Type": nil}, ResponseInfo{ContentLength: -1, HasContentType: true}},
		"content-encoding":            {http.Header{"Content-Encoding": {"br"}}, ResponseInfo{ContentLength: -1, HasContentEncoding: true}},
		"content-encoding empty":      {http.Header{"Content-Encoding": {""}}, ResponseInfo{ContentLength: -1}},
		"date nil":                    {http.Header{"Date": nil}, ResponseInfo{ContentLength: -1, HasDate: true}},
		"close":                       {http.Header{"Connection": {"close"}}, ResponseInfo{ContentLength: -1, ConnectionClose: true}},
		"keep-alive":                  {http.Header{"Connection": {"keep-alive", "close"}}, ResponseInfo{ContentLength: -1}},
		"grpc-status":                 {http.Header{"Grpc-Status": {"0"}}, ResponseInfo{ContentLength: -1, GRPCStatus: true}},
		"grpc-status however spelled": {http.Header{"grpc-status": {"0"}}, ResponseInfo{ContentLength: -1, GRPCStatus: true}},
		"grpc-status without value":   {http.Header{"Grpc-Status": nil}, ResponseInfo{ContentLength: -1}},
		"grpc-status not sendable":    {http.Header{"Grpc-Status": {"\n"}}, ResponseInfo{ContentLength: -1}},
		"gRPC": {http.Header{"Content-Type": {"application/grpc+proto"}},
			ResponseInfo{ContentLength: -1, HasContentType: true, GRPCContentType: true}},
		"trailers": {http.Header{"Trailer": {"b, A,,b ", "Content-Length, x y, content-length"}},
			ResponseInfo{ContentLength: -1, Declared: &Declared{
				Trailers: []string{"A", "B"}, Invalid: []string{"Content-Length", "x y"}, few: [4]string{"A", "B"},
			}}},
	} {
		t.Run(name, func(t *testing.T) {
			info := ResponseInfo{ConnectionClose: true, GRPCStatus: true, ContentLength: 9}
			AppendResponse(nil, 200, test.h, &info)
			if !reflect.DeepEqual(info, test.want) {
				t.Errorf("got %+v, want %+v", info, test.want)
			}
		})
	}
}

func TestResponseInfoIsReused(t *testing.T) {
	var info ResponseInfo
	AppendResponse(nil, 200, http.Header{"Trailer": {"A, Host"}, "Date": {"x"}}, &info)
	AppendResponse(nil, 200, nil, &info)
	if info.HasDate || len(info.Trailers()) != 0 || len(info.Declared.Invalid) != 0 || info.ContentLength != -1 {
		t.Errorf("got %+v", info)
	}
}

func TestAppendingLeavesWhatIsThere(t *testing.T) {
	before := []hpack.HeaderField{{Name: "first", Value: "1"}}
	var info ResponseInfo
	if got := AppendResponse(before, 200, nil, &info); !slices.Equal(got, fieldsOf("first", "1", ":status", "200")) {
		t.Errorf("got %v", got)
	}
}

func TestStatusIsSpelledWithoutAllocating(t *testing.T) {
	for code := 100; code <= 999; code++ {
		if got := StatusText3(code); got != strconv.Itoa(code) {
			t.Fatalf("status %d is spelled %q", code, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() { StatusText3(418) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := StatusText3(1000); got != "1000" {
		t.Errorf("status 1000 is spelled %q", got)
	}
}

// RFC 9110 §6.4.1.
func TestStatusesWithoutContent(t *testing.T) {
	for code := 100; code <= 999; code++ {
		if want := code >= 200 && code != 204 && code != 304; BodyAllowed(code) != want {
			t.Errorf("BodyAllowed(%d) is %v", code, !want)
		}
	}
}
