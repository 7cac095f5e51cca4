package message

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func readResponse(t *testing.T, method string, endStream bool, pairs ...string) *http.Response {
	t.Helper()
	var r ResponseReader
	res, err := readFinal(&r, 7, fieldsOf(pairs...), endStream, newRequest(withMethod(method)))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestMalformedResponsesAreStreamErrors(t *testing.T) {
	for rule, pairs := range map[string][]string{
		"RFC 9113 §8.2.1: no upper case in a field name":           ok("Server", "x"),
		"RFC 9113 §8.2.1: no colon in a field name":                ok("a:b", "x"),
		"RFC 9113 §8.2.1: no 0x7f-0xff in a field name":            ok("a\xff", "x"),
		"RFC 9113 §8.2.1: no NUL in a field value":                 ok("a", "\x00"),
		"RFC 9113 §8.2.1: no LF in a field value":                  ok("server", "\n"),
		"RFC 9113 §8.2.1: not even in one that is dropped":         ok("connection", "\n"),
		"RFC 9113 §8.2.1: not even in a declaration":               ok("trailer", "foo\r"),
		"RFC 9113 §8.3: no undefined pseudo-field":                 ok(":foo", "a"),
		"RFC 9113 §8.3: no request pseudo-field":                   ok(":method", "GET"),
		"RFC 9113 §8.3: no pseudo-field after a regular one":       ok("server", "x", ":path", "/"),
		"RFC 9113 §8.3: no repeated pseudo-field":                  ok(":status", "200"),
		"RFC 9113 §8.3.2: one :status":                             {"server", "x"},
		"RFC 9113 §8.3.2: one that is not too late":                {"server", "x", ":status", "200"},
		"RFC 9110 §15: three digits, not two":                      {":status", "99"},
		"RFC 9110 §15: three digits, not four":                     {":status", "2000"},
		"RFC 9110 §15: three digits, though the third is in front": {":status", "020"},
		"RFC 9110 §15: three digits, no sign":                      {":status", "+20"},
		"RFC 9110 §15: three digits, no letter":                    {":status", "20x"},
		"RFC 9110 §15: three digits, not none":                     {":status", ""},
	} {
		var r ResponseReader
		_, err := readFinal(&r, 7, fieldsOf(pairs...), true, newRequest(nil))
		t.Log(rule)
		wantMalformed(t, err, "")
	}
}

func TestTheStatusIsKnownBeforeAResponseIsMade(t *testing.T) {
	// The rest of the section is looked at later.
	if code, _, err := ReadStatus(7, fieldsOf(":status", "103", "Upper", "\n")); code != 103 || err != nil {
		t.Errorf("got %d, %v", code, err)
	}
	_, _, err := ReadStatus(7, fieldsOf(":status", "1e2"))
	wantMalformed(t, err, "")
}

// RFC 9110 §8.6: what http.Response's ContentLength is.
func TestWhatAResponseDeclares(t *testing.T) {
	for _, test := range []struct {
		method    string
		endStream bool
		pairs     []string
		want      int64
	}{
		{"GET", false, ok(), -1},
		{"GET", false, ok("content-length", "5"), 5},
		{"GET", false, ok("content-length", "0"), 0},
		{"GET", false, ok("content-length", "x"), -1},
		{"GET", false, ok("content-length", "5", "content-length", "6"), -1},
		{"GET", false, ok("content-length", "5", "content-length", "5"), 5},
		{"GET", true, ok(), 0},
		{"GET", true, ok("content-length", "0"), 0},
		{"GET", true, ok("content-length", "5"), 5}, // five octets that can't arrive any more
		{"HEAD", true, ok("content-length", "5"), 5},
		{"HEAD", true, ok(), -1},
		{"GET", true, []string{":status", "304", "content-length", "5"}, 5},
		{"GET", true, []string{":status", "204", "content-length", "5"}, 5},
		{"CONNECT", false, ok("content-length", "5"), -1}, // RFC 9110 §9.3.6
		{"CONNECT", false, []string{":status", "403", "content-length", "5"}, 5},
	} {
		res := readResponse(t, test.method, test.endStream, test.pairs...)
		if res.ContentLength != test.want {
			t.Errorf("%s, END_STREAM %v, %q: ContentLength %d, want %d", test.method, test.endStream, test.pairs, res.ContentLength, test.want)
		}
	}
}

func TestEachStatusHasItsReason(t *testing.T) {
	for code := 200; code < 1000; code++ {
		res := readResponse(t, "GET", true, ":status", StatusText3(code))
		if want := fmt.Sprintf("%d %s", code, http.StatusText(code)); res.Status != want || res.StatusCode != code {
			t.Errorf("got %q, %d, want %q", res.Status, res.StatusCode, want)
		}
	}
}

// RFC 9113 §8.6: HTTP/2 removes support for 101.
func TestSwitchingProtocolsIsMalformed(t *testing.T) {
	var r ResponseReader
	_, _, err := readInformational(&r, 7, fieldsOf(":status", "101", "foo", "1"))
	wantMalformed(t, err, "")
}

// RFC 9113 §8.2.2.
func TestConnectionSpecificFieldsAreNotHandedOn(t *testing.T) {
	connectionSpecific := fieldsOf("connection", "close", "keep-alive", "5", "proxy-connection", "close",
		"transfer-encoding", "chunked", "upgrade", "h2c", "foo", "1")
	want := http.Header{"Foo": {"1"}}
	var r ResponseReader
	_, h, err := readInformational(&r, 7, append(fieldsOf(":status", "103"), connectionSpecific...))
	if err != nil || !reflect.DeepEqual(h, want) {
		t.Errorf("1xx: got %v, %v, want %v", h, err, want)
	}
	h, err = r.ReadTrailers(7, connectionSpecific)
	if err != nil || !reflect.DeepEqual(h, want) {
		t.Errorf("trailers: got %v, %v, want %v", h, err, want)
	}
	if h, err := r.ReadTrailers(7, connectionSpecific[:5]); err != nil || h != nil {
		t.Errorf("trailers: got %v, %v, want none", h, err)
	}
	res := readResponse(t, "GET", true, ok("trailer", "Connection, foo, upgrade, a b")...)
	if want := (http.Header{"Foo": nil}); !reflect.DeepEqual(res.Trailer, want) {
		t.Errorf("declared: got %v, want %v", res.Trailer, want)
	}
}

// RFC 9113 §8.1: trailers must not include pseudo-header fields.
func TestPseudoFieldsInAResponsesTrailersAreMalformed(t *testing.T) {
	var r ResponseReader
	_, err := r.ReadTrailers(7, fieldsOf(":status", "200", "foo", "1"))
	wantMalformed(t, err, "trailers_pseudo")
	_, err = r.ReadTrailers(7, fieldsOf("foo", "1", ":status", "200"))
	wantMalformed(t, err, "")
}

func TestTheTrailersThatAResponseDeclaresAreBounded(t *testing.T) {
	var list strings.Builder
	for i := range 4 * maxTrailerKeys {
		fmt.Fprintf(&list, "x%d,", i)
	}
	res := readResponse(t, "GET", false, ok("trailer", list.String(), "trailer", list.String())...)
	if n := len(res.Trailer); n != maxTrailerKeys {
		t.Errorf("%d keys", n)
	}
}

// Values share an array, which must not show.
func TestAppendingToAResponsesFieldLeavesOthersAlone(t *testing.T) {
	res := readResponse(t, "GET", false, ok("a", "1", "content-length", "5", "content-length", "5", "b", "2")...)
	h := res.Header
	h.Add("A", "3")
	h.Add("Content-Length", "6")
	want := http.Header{"A": {"1", "3"}, "B": {"2"}, "Content-Length": {"5", "6"}}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("got %v, want %v", h, want)
	}
}

func TestNamesThatAServerInventsAreNotAllKept(t *testing.T) {
	var r ResponseReader
	for i := range 10000 {
		if _, err := readFinal(&r, 7, fieldsOf(ok(fmt.Sprintf("x-%d", i), "")...), true, newRequest(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if r.names.size > maxCanonicalCache {
		t.Errorf("%d bytes of names are cached", r.names.size)
	}
}
