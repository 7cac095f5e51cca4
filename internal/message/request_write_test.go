package message

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// appended is the field section of a request that can be sent.
func appended(t *testing.T, change func(*http.Request)) (pairs []string) {
	t.Helper()
	req := newRequest(change)
	fields, err := AppendRequest(nil, req, optionsFor(req))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		pairs = append(pairs, f.Name, f.Value)
	}
	return pairs
}

// P63.
func TestARequestsFieldsComeInOrder(t *testing.T) {
	req := newRequest(withTrailer(http.Header{"Zeta": nil, "alpha": nil}))
	withHeader("Zulu", "1", "Cookie", "a=b; c=d", "Alpha", "2", "Alpha", "3", "Content-Length", "17")(req)
	req.ContentLength = 5
	o := optionsFor(req)
	o.Gzip = true
	got, err := AppendRequest(fieldsOf("before", "1"), req, o)
	want := fieldsOf("before", "1", ":authority", "example.com", ":method", "POST", ":path", "/", ":scheme", "http",
		"trailer", "Alpha,Zeta", "alpha", "2", "alpha", "3", "cookie", "a=b", "cookie", "c=d", "zulu", "1",
		"content-length", "5", "accept-encoding", "gzip", "user-agent", "Go-http-client/2.0")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got\n%v, %v, want\n%v", got, err, want)
	}
}

func TestWhatARequestSends(t *testing.T) {
	plain := []string{":authority", "example.com", ":method", "GET", ":path", "/", ":scheme", "http"}
	agent := []string{"user-agent", "Go-http-client/2.0"}
	for _, test := range []struct {
		rule   string
		change func(*http.Request)
		want   []string
	}{
		{"RFC 9113 §8.2.1: no white space around a value", withHeader("Foo", " a b\t", "Foo", "\t"),
			slices.Concat(plain, []string{"foo", "a b", "foo", ""}, agent)},
		{"RFC 9113 §8.2.1: none around a crumb", withHeader("Cookie", "a=b ;\tc=d"),
			slices.Concat(plain, []string{"cookie", "a=b", "cookie", "c=d"}, agent)},
		{"RFC 9113 §8.2.2: no connection-specific field", withHeader("Connection", "close", "Keep-Alive", "5",
			"Proxy-Connection", "close", "transfer-encoding", "gzip", "UPGRADE", "h2c"),
			slices.Concat(plain, agent)},
		{"RFC 9113 §8.2.2: TE only has trailers", withHeader("Te", "gzip, trailers;q=1", "Te", "trailers, deflate"),
			slices.Concat(plain, []string{"te", "trailers"}, agent)},
		{"RFC 9113 §8.2.2: no TE without trailers", withHeader("Te", "gzip"), slices.Concat(plain, agent)},
		{"RFC 9113 §8.3.1: no Host beside :authority", withHeader("Host", "other.example"), slices.Concat(plain, agent)},
		{"RFC 9113 §8.3.1: no :authority without an authority", withURL(url.URL{Scheme: "http", Path: "/"}),
			slices.Concat(plain[2:], agent)},
		{"RFC 9113 §8.3.1: an empty path is /", withURL(url.URL{Scheme: "http", Host: "example.com"}),
			slices.Concat(plain, agent)},
		{"RFC 9113 §8.5: CONNECT has neither :scheme nor :path", withMethod("CONNECT"),
			slices.Concat([]string{":authority", "example.com", ":method", "CONNECT"}, agent)},
		{"RFC 8441 §4: extended CONNECT has both", func(req *http.Request) {
			req.Method = "CONNECT"
			withHeader(":protocol", "websocket")(req)
		}, slices.Concat([]string{":authority", "example.com", ":method", "CONNECT", ":path", "/", ":scheme", "http",
			":protocol", "websocket"}, agent)},
		{"RFC 9110 §10.1.1: no expectation without content", withHeader("Expect", "100-Continue"),
			slices.Concat(plain, agent)},
		{"RFC 9110 §10.1.1: other expectations stand", withHeader("Expect", "foo"),
			slices.Concat(plain, []string{"expect", "foo"}, agent)},
	} {
		if got := appended(t, test.change); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%q, want\n%q", test.rule, got, test.want)
		}
	}
}

func TestNoUserAgentIsSentIfNoneIsConfigured(t *testing.T) {
	got, err := AppendRequest(nil, newRequest(nil), RequestOptions{})
	if err != nil || len(got) != 4 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWhatARequestMayNotBe(t *testing.T) {
	for _, test := range []struct {
		rule   string
		change func(*http.Request)
		want   string
	}{
		{"a URL is where all control data comes from", func(req *http.Request) { req.URL = nil }, "http2: Request.URL is nil"},
		{"RFC 9110 §9.1: a method is a token", withMethod("GET / HTTP/1.1\r\n"), `http2: invalid method "GET / HTTP/1.1\r\n"`},
		{"RFC 9113 §8.3: no undefined pseudo-field", withHeader(":foo", "x"), `http2: invalid HTTP header name ":foo"`},
		{"RFC 9113 §8.3: no response pseudo-field", withHeader(":status", "200"), `http2: invalid HTTP header name ":status"`},
		{"RFC 9113 §8.3.1: a :scheme", withURL(url.URL{Host: "example.com", Path: "/"}), "http2: unsupported scheme"},
		{"RFC 3986 §3.1: a valid one", withURL(url.URL{Scheme: "a b", Host: "example.com", Path: "/"}), "http2: unsupported scheme"},
		{"RFC 9113 §8.3.1: no userinfo in :authority", func(req *http.Request) { req.Host = "u@example.com" },
			"http2: invalid Host header"},
		{"RFC 9113 §8.5: :authority in CONNECT", func(req *http.Request) { req.Method, req.URL.Host = "CONNECT", "" },
			"http2: invalid Host header"},
		{"RFC 9113 §8.2.1: no LF in :path", withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/", RawQuery: "a\nb"}),
			`http2: invalid request :path "/?a\nb"`},
		{"RFC 9113 §8.2.1: no space at the end of :path", withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "/a "}),
			`http2: invalid request :path "/a " from URL.Opaque = "/a "`},
		{"RFC 9113 §8.2.1: no NUL in :protocol", func(req *http.Request) {
			req.Method = "CONNECT"
			withHeader(":protocol", "\x00")(req)
		}, `http2: invalid HTTP header value for header ":protocol"`},
		{"RFC 9113 §8.2.1: no space at the end of :protocol", func(req *http.Request) {
			req.Method = "CONNECT"
			withHeader(":protocol", "websocket ")(req)
		}, `http2: invalid HTTP header value for header ":protocol"`},
		{"RFC 9113 §8.1: no pseudo-field in trailers", withTrailer(http.Header{":protocol": nil}),
			`http2: invalid HTTP trailer name ":protocol"`},
		{"RFC 9113 §8.2.2: no connection-specific trailer", withTrailer(http.Header{"connection": nil}),
			`http2: invalid Trailer key "Connection"`},
	} {
		req := newRequest(test.change)
		before := fieldsOf("before", "1")
		got, err := AppendRequest(before, req, optionsFor(req))
		if err == nil || err.Error() != test.want || !slices.Equal(got, before) {
			t.Errorf("%s: got %v, %v, want %q", test.rule, got, err, test.want)
		}
	}
}

func TestASecretValueIsNotInTheError(t *testing.T) {
	req := newRequest(withHeader("Authorization", "secret\n"))
	if _, err := AppendRequest(nil, req, optionsFor(req)); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestARequestBeyondThePeersLimitIsNotSent(t *testing.T) {
	req := newRequest(nil)
	before := fieldsOf("before", "1")
	got, err := AppendRequest(before, req, RequestOptions{MaxListSize: 100})
	if err != ErrRequestListSize || !slices.Equal(got, before) {
		t.Errorf("got %v, %v", got, err)
	}
}

// RFC 9110 §6.5.1, RFC 9113 §8.2.1, §8.2.2.
func TestOnlyValidFieldsAreInARequestsTrailers(t *testing.T) {
	got := AppendRequestTrailers(nil, http.Header{
		"Foo": {" 1 ", "a\nb", "2"}, "bar": {"3"}, "Declared-Only": nil, "a b": {"1"}, ":path": {"/"}, "É": {"1"},
		"Connection": {"close"}, "upgrade": {"h2c"}, "Content-Length": {"5"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"Foo"},
	})
	if want := fieldsOf("foo", "1", "foo", "2", "bar", "3"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// RFC 9113 §6.5.2: name, value and 32 octets for each field.
func TestAFieldCountsForItsOverheadToo(t *testing.T) {
	if got := ListSize(fieldsOf("a", "bc", "", "")); got != 3+32+32 {
		t.Errorf("got %d", got)
	}
}
