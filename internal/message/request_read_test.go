package message

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

func read(t *testing.T, fields []hpack.HeaderField, endStream bool) requestRead {
	t.Helper()
	var r RequestReader
	req, err := readRequest(context.Background(), &r, 1, fields, endStream)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func wantMalformed(t *testing.T, err error, count string) {
	t.Helper()
	var se *wire.StreamError
	if !errors.As(err, &se) {
		t.Fatalf("got %v, want a stream error", err)
	}
	if se.StreamID != 7 || se.Code != wire.ProtocolError || se.Count != count {
		t.Errorf("got %+v, want PROTOCOL_ERROR on stream 7 counted as %q", *se, count)
	}
}

func TestMalformedRequestsAreStreamErrors(t *testing.T) {
	connect := requestWith(":method", "CONNECT", ":scheme", "", ":path", "")
	for _, test := range []struct {
		rule   string
		count  string
		fields []hpack.HeaderField
	}{
		{"RFC 9113 §8.2.1: no upper case in a field name", "", requestWith("Accept", "a")},
		{"RFC 9113 §8.2.1: no colon in a field name", "", requestWith("a:b", "a")},
		{"RFC 9113 §8.2.1: no 0x7f-0xff in a field name", "", requestWith("a\xff", "a")},
		{"RFC 9113 §8.2.1: no NUL in a field value", "", requestWith("a", "\x00")},
		{"RFC 9113 §8.2.1: no LF in a field value", "", requestWith("a", "\n")},
		{"RFC 9113 §8.2.1: no CR in a field value", "", requestWith("a", "\r")},
		{"RFC 9113 §8.2.1: the same for known names", "", requestWith("accept", "\r")},
		{"RFC 9113 §8.2.1: the same for pseudo-fields", "", requestWith(":authority", "\r")},
		{"RFC 9113 §8.3: no undefined pseudo-field", "", requestWith(":foo", "a")},
		{"RFC 9113 §8.3: no response pseudo-field", "", requestWith(":status", "200")},
		{"RFC 9113 §8.3: no pseudo-field after a regular one", "", append(fieldsOf("a", "b"), plainGET...)},
		{"RFC 9113 §8.3: no repeated pseudo-field", "", append(fieldsOf(":method", "GET"), plainGET...)},
		{"RFC 9113 §8.3.1: one :method", "bad_path_method", requestWith(":method", "")},
		{"RFC 9113 §8.3.1: a valid :method", "bad_path_method", requestWith(":method", "GET / HTTP/1.1")},
		{"RFC 9113 §8.3.1: one :scheme", "bad_path_method", requestWith(":scheme", "")},
		{"RFC 9113 §8.3.1: one :path", "bad_path_method", requestWith(":path", "")},
		{"RFC 9113 §8.3.1: :path starts with a slash", "bad_path", requestWith(":path", "a")},
		{"RFC 9113 §8.3.1: or it is an asterisk", "bad_path", requestWith(":path", "**")},
		{"RFC 9113 §8.3.1: a valid :path", "bad_path", requestWith(":path", "/%")},
		{"RFC 9113 §8.3.1: no userinfo", "userinfo_in_authority", requestWith(":authority", "u@h")},
		{"RFC 9113 §8.3.1: Host is the authority", "authority_host_mismatch", requestWith("host", "h")},
		{"RFC 9110 §7.2: one Host", "multiple_host_headers", requestWith("host", "example.com", "host", "example.com")},
		{"RFC 3986 §3.2: a valid authority", "invalid_authority", requestWith(":authority", "a b")},
		{"RFC 9113 §8.5: CONNECT has an :authority", "bad_connect", fieldsOf(":method", "CONNECT")},
		{"RFC 9113 §8.5: CONNECT has no :scheme", "bad_connect", append(connect, fieldsOf(":scheme", "http")...)},
		{"RFC 9113 §8.5: CONNECT has no :path", "bad_connect", append(connect, fieldsOf(":path", "/")...)},
		{"RFC 8441 §4: no :protocol unasked", "bad_connect",
			requestWith(":method", "CONNECT", ":protocol", "websocket")},
		{"RFC 8441 §4: not even an empty one", "bad_connect", append(connect, fieldsOf(":protocol", "")...)},
		{"RFC 9110 §8.6: content-length is a number", "bad_content_length", requestWith("content-length", "5,5")},
		{"RFC 9110 §8.6: without a sign", "bad_content_length", requestWith("content-length", "+5")},
		{"RFC 9110 §8.6: without white space", "bad_content_length", requestWith("content-length", " 5")},
		{"RFC 9110 §8.6: not empty", "bad_content_length", requestWith("content-length", "")},
		{"RFC 9110 §8.6: not too large", "bad_content_length", requestWith("content-length", "9223372036854775808")},
		{"RFC 9110 §8.6: only one", "bad_content_length", requestWith("content-length", "5", "content-length", "5")},
	} {
		t.Run(test.rule, func(t *testing.T) {
			var r RequestReader
			_, err := readRequest(context.Background(), &r, 7, test.fields, false)
			wantMalformed(t, err, test.count)
		})
	}
}

func TestAnErrorDoesNotTellTheValue(t *testing.T) {
	var r RequestReader
	_, err := readRequest(context.Background(), &r, 7, requestWith("authorization", "secret\n"), true)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// RFC 9113 §8.1.1: content-length equals the sum of the DATA frames' lengths, which END_STREAM makes 0.
func TestContentLengthWithEndStreamIsZero(t *testing.T) {
	var r RequestReader
	_, err := readRequest(context.Background(), &r, 7, requestWith("content-length", "1"), true)
	wantMalformed(t, err, "bad_content_length")
	req := read(t, requestWith("content-length", "0"), true)
	if req.DeclaredLength != 0 || req.HTTP.ContentLength != 0 {
		t.Errorf("declared %d, ContentLength %d, want 0, 0", req.DeclaredLength, req.HTTP.ContentLength)
	}
}

func TestLengths(t *testing.T) {
	for _, test := range []struct {
		fields        []hpack.HeaderField
		endStream     bool
		declared, len int64
	}{
		{requestWith(), true, -1, 0},
		{requestWith(), false, -1, -1},
		{requestWith("content-length", "5"), false, 5, 5},
		{requestWith("content-length", "0"), false, 0, 0},
	} {
		req := read(t, test.fields, test.endStream)
		if req.DeclaredLength != test.declared || req.HTTP.ContentLength != test.len {
			t.Errorf("declared %d, ContentLength %d, want %d, %d", req.DeclaredLength, req.HTTP.ContentLength, test.declared, test.len)
		}
	}
}

func TestTheBodyIsNoBodyOnlyWhenNoneFollows(t *testing.T) {
	if body := read(t, plainGET, true).HTTP.Body; body != http.NoBody {
		t.Errorf("with END_STREAM, Body is %v, want http.NoBody", body)
	}
	if body := read(t, plainGET, false).HTTP.Body; body != nil {
		t.Errorf("without END_STREAM, Body is %v, want nil", body)
	}
}

func TestContinueIsNotOwedWithoutABody(t *testing.T) {
	fields := requestWith("expect", "100-continue")
	for _, endStream := range []bool{false, true} {
		req := read(t, fields, endStream)
		if req.NeedsContinue == endStream {
			t.Errorf("END_STREAM %v, NeedsContinue %v", endStream, req.NeedsContinue)
		}
		if _, ok := req.HTTP.Header["Expect"]; ok {
			t.Error("the handler sees Expect")
		}
	}
}

func TestTheConnectionShowsInItsRequests(t *testing.T) {
	state := new(tls.ConnectionState)
	r := RequestReader{TLS: state, RemoteAddr: "192.0.2.1:1234"}
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "value")
	for scheme, want := range map[string]*tls.ConnectionState{"https": state, "http": nil} {
		req, err := readRequest(ctx, &r, 1, requestWith(":scheme", scheme), true)
		if err != nil {
			t.Fatal(err)
		}
		if req.HTTP.TLS != want {
			t.Errorf("scheme %s: TLS is %v, want %v", scheme, req.HTTP.TLS, want)
		}
		if req.HTTP.RemoteAddr != "192.0.2.1:1234" || req.HTTP.Context() != ctx {
			t.Errorf("scheme %s: RemoteAddr %q, Context %v", scheme, req.HTTP.RemoteAddr, req.HTTP.Context())
		}
	}
}

func TestCONNECTHasTheAuthorityForm(t *testing.T) {
	req := read(t, fieldsOf(":method", "CONNECT", ":authority", "example.com:443"), false).HTTP
	if !reflect.DeepEqual(req.URL, &url.URL{Host: "example.com:443"}) || req.RequestURI != "example.com:443" {
		t.Errorf("URL %#v, RequestURI %q", req.URL, req.RequestURI)
	}
}

func TestExtendedCONNECTShowsItsProtocol(t *testing.T) {
	r := RequestReader{ExtendedConnect: true}
	fields := requestWith(":method", "CONNECT", ":protocol", "websocket", ":path", "/chat?a")
	req, err := readRequest(context.Background(), &r, 1, fields, false)
	if err != nil {
		t.Fatal(err)
	}
	h := req.HTTP
	if got := h.Header[":protocol"]; !slices.Equal(got, []string{"websocket"}) {
		t.Errorf(":protocol is %q", got)
	}
	if h.URL.Path != "/chat" || h.RequestURI != "/chat?a" || h.Host != "example.com" || h.Method != "CONNECT" {
		t.Errorf("got %+v", h)
	}
}

// P22.
func TestMalformedExtendedCONNECTIsAStreamError(t *testing.T) {
	for _, test := range []struct {
		rule   string
		count  string
		fields []hpack.HeaderField
	}{
		{"RFC 8441 §4: :scheme is there", "bad_connect",
			fieldsOf(":method", "CONNECT", ":protocol", "a", ":path", "/", ":authority", "h")},
		{"RFC 8441 §4: :path is there", "bad_path",
			fieldsOf(":method", "CONNECT", ":protocol", "a", ":scheme", "http", ":authority", "h")},
		{"RFC 9113 §8.3: a pseudo-field only where it is defined", "bad_connect", requestWith(":protocol", "a")},
		{"RFC 9113 §8.5: an empty :protocol extends nothing", "bad_connect",
			append(requestWith(":method", "CONNECT"), fieldsOf(":protocol", "")...)},
	} {
		t.Run(test.rule, func(t *testing.T) {
			r := RequestReader{ExtendedConnect: true}
			_, err := readRequest(context.Background(), &r, 7, test.fields, false)
			wantMalformed(t, err, test.count)
		})
	}
}

// RFC 9113 §8.2.1 calls such a message malformed. golang.org/x/net's Transport sends what it is given, and programs
// give it "Bearer ".
func TestWhiteSpaceAroundAReceivedValueIsLeftToTheProgram(t *testing.T) {
	const value = " Bearer\t "
	if got := read(t, requestWith("authorization", value), true).HTTP.Header.Get("Authorization"); got != value {
		t.Errorf("the request's is %q", got)
	}
	if got := readResponse(t, "GET", true, ok("server", value)...).Header.Get("Server"); got != value {
		t.Errorf("the response's is %q", got)
	}
}

func TestConnectionSpecificFieldsAreRefusedInOrder(t *testing.T) {
	for _, test := range []struct {
		fields []hpack.HeaderField
		want   string
	}{
		{requestWith("upgrade", "h2c", "keep-alive", "5", "te", "gzip"), `request header "Keep-Alive" is not valid in HTTP/2`},
		{requestWith("te", "gzip"), `request header "TE" may only be "trailers" in HTTP/2`},
		{requestWith("te", "", "te", ""), `request header "TE" may only be "trailers" in HTTP/2`},
	} {
		if req := read(t, test.fields, true); req.Bad == nil || req.Bad.Error() != test.want {
			t.Errorf("%v: Bad is %v, want %s", test.fields, req.Bad, test.want)
		}
	}
}

// RFC 9113 §8.2.3.
func TestCookieCrumbsAreOneField(t *testing.T) {
	req := read(t, requestWith("cookie", "a=b", "x", "y", "cookie", "", "cookie", "c=d"), true)
	if got := req.HTTP.Header["Cookie"]; !slices.Equal(got, []string{"a=b; ; c=d"}) {
		t.Errorf("Cookie is %q", got)
	}
}

func TestAValueAppendedByAHandlerLeavesTheOthersAlone(t *testing.T) {
	h := read(t, requestWith("a", "1", "b", "2"), true).HTTP.Header
	h.Add("A", "3")
	if want := (http.Header{"A": {"1", "3"}, "B": {"2"}}); !reflect.DeepEqual(h, want) {
		t.Errorf("got %v, want %v", h, want)
	}
}

func TestFieldsMayBeReusedAfterRead(t *testing.T) {
	fields := requestWith("a", "1", "b", "2")
	req := read(t, fields, true).HTTP
	clear(fields)
	if want := (http.Header{"A": {"1"}, "B": {"2"}}); !reflect.DeepEqual(req.Header, want) || req.Host != "example.com" {
		t.Errorf("got %v of %q", req.Header, req.Host)
	}
}

// CVE-2021-44716, CVE-2022-41717.
func TestInventedNamesDoNotAccumulate(t *testing.T) {
	var r RequestReader
	for i := range 10_000 {
		name := "x-" + strconv.Itoa(i)
		req, err := readRequest(context.Background(), &r, 1, requestWith(name, "1"), true)
		if err != nil {
			t.Fatal(err)
		}
		if req.HTTP.Header.Get(name) != "1" {
			t.Fatalf("%s is lost: %v", name, req.HTTP.Header)
		}
	}
	held := 0
	for name, key := range r.names.keys {
		held += len(name) + len(key)
	}
	if held == 0 || held > maxCanonicalCache {
		t.Errorf("the cache holds %d bytes of names, want 1 to %d", held, maxCanonicalCache)
	}
}

func TestInvalidNamesAreNotCached(t *testing.T) {
	var r RequestReader
	for range 2 {
		if _, err := readRequest(context.Background(), &r, 7, requestWith("X-Foo", "1"), true); err == nil {
			t.Fatal("upper case was accepted")
		}
	}
	if n := len(r.names.keys); n != 0 {
		t.Errorf("%d names are cached", n)
	}
}
