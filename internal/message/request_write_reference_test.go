package message

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// newRequest is a GET, changed.
func newRequest(change func(*http.Request)) *http.Request {
	req := &http.Request{
		Method: "GET",
		URL:    &url.URL{Scheme: "http", Host: "example.com", Path: "/"},
		Header: http.Header{},
	}
	if change != nil {
		change(req)
	}
	return req
}

// withHeader is a change of newRequest: keys and values.
func withHeader(pairs ...string) func(*http.Request) {
	return func(req *http.Request) {
		for i := 0; i < len(pairs); i += 2 {
			req.Header[pairs[i]] = append(req.Header[pairs[i]], pairs[i+1])
		}
	}
}

func withURL(u url.URL) func(*http.Request) {
	return func(req *http.Request) { req.URL = &u }
}

func withMethod(method string) func(*http.Request) {
	return func(req *http.Request) { req.Method = method }
}

// withBody is a change of newRequest: a body, of declared length n unless that is 0.
func withBody(method string, n int64) func(*http.Request) {
	return func(req *http.Request) {
		req.Method = method
		req.ContentLength = n
		req.Body = io.NopCloser(strings.NewReader("hello"))
	}
}

func withTrailer(trailer http.Header) func(*http.Request) {
	return func(req *http.Request) {
		withBody("POST", 0)(req)
		req.Trailer = trailer
	}
}

// optionsFor is what a Transport would say of req.
func optionsFor(req *http.Request) RequestOptions {
	o := RequestOptions{
		HasBody:         req.Body != nil && req.Body != http.NoBody,
		ExtendedConnect: true,
		UserAgent:       "Go-http-client/2.0",
		Trailer:         req.Trailer,
	}
	if o.HasBody {
		o.ContentLength = -1
		if req.ContentLength != 0 {
			o.ContentLength = req.ContentLength
		}
	}
	return o
}

// sameAsReferenceClient are requests of which golang.org/x/net sends exactly what we send, or which it refuses in our
// words.
var sameAsReferenceClient = map[string]func(*http.Request){
	"plain":                  nil,
	"no method":              withMethod(""),
	"unknown method":         withMethod("BREW"),
	"https":                  withURL(url.URL{Scheme: "https", Host: "example.com", Path: "/"}),
	"port":                   withURL(url.URL{Scheme: "http", Host: "example.com:8080", Path: "/"}),
	"IPv6":                   withURL(url.URL{Scheme: "http", Host: "[::1]:8080", Path: "/"}),
	"no path":                withURL(url.URL{Scheme: "http", Host: "example.com"}),
	"query":                  withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/a b", RawQuery: "c=d e&f"}),
	"empty query":            withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/", ForceQuery: true}),
	"fragment":               withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/", Fragment: "f"}),
	"raw path":               withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/a/b", RawPath: "/a%2fb"}),
	"path not ASCII":         withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/é"}),
	"query not ASCII":        withURL(url.URL{Scheme: "http", Host: "example.com", Path: "/", RawQuery: "é"}),
	"user in the URL":        withURL(url.URL{Scheme: "http", User: url.User("u"), Host: "example.com", Path: "/"}),
	"two slashes":            withURL(url.URL{Scheme: "http", Host: "example.com", Path: "//a"}),
	"relative path":          withURL(url.URL{Scheme: "http", Host: "example.com", Path: "a"}),
	"opaque":                 withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "/a%2f%zz"}),
	"opaque with host":       withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "//example.com/a%2f"}),
	"opaque with other host": withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "//example.org/a"}),
	"opaque without path":    withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "//example.com"}),
	"opaque and query":       withURL(url.URL{Scheme: "http", Host: "example.com", Opaque: "/a", RawQuery: "b"}),
	"international name":     withURL(url.URL{Scheme: "http", Host: "bücher.example:80", Path: "/"}),
	"no such name":           withURL(url.URL{Scheme: "http", Host: "\xff.example", Path: "/"}),
	"no international name":  withURL(url.URL{Scheme: "http", Host: "xn--é.example", Path: "/"}),
	"no such host":           withURL(url.URL{Scheme: "http", Host: "a b", Path: "/"}),
	"Host":                   func(req *http.Request) { req.Host = "example.org" },
	"Host not ASCII":         func(req *http.Request) { req.Host = "bücher.example" },
	"invalid Host":           func(req *http.Request) { req.Host = "a/b" },
	"asterisk": func(req *http.Request) {
		withURL(url.URL{Scheme: "http", Host: "example.com", Path: "*"})(req)
		req.Method = "OPTIONS"
	},
	"CONNECT": func(req *http.Request) {
		withURL(url.URL{Scheme: "http", Host: "example.com:443"})(req)
		req.Method = "CONNECT"
	},
	"CONNECT with content": withBody("CONNECT", 0),
	"extended CONNECT": func(req *http.Request) {
		withMethod("CONNECT")(req)
		withHeader(":protocol", "websocket", ":protocol", "other", "Sec-Websocket-Version", "13")(req)
	},
	"no protocol":                withHeader(":protocol", ""),
	"protocol on GET":            withHeader(":protocol", "websocket"),
	"Host in Header":             withHeader("Host", "example.org", "host", "example.net"),
	"Content-Length in Header":   withHeader("Content-Length", "17", "content-length", "17"),
	"several values":             withHeader("Accept", "a", "Accept", "b", "Foo", "", "Foo", "c"),
	"no values":                  func(req *http.Request) { req.Header["Foo"] = nil },
	"keys as they were set":      withHeader("accept", "a", "FOO", "b", "x-bAr", "c"),
	"value not ASCII":            withHeader("Foo", "é"),
	"User-Agent":                 withHeader("User-Agent", "a/1", "User-Agent", "b/2"),
	"User-Agent empty":           withHeader("User-Agent", ""),
	"User-Agent nil":             func(req *http.Request) { req.Header["User-Agent"] = nil },
	"user-agent":                 withHeader("user-agent", "a/1"),
	"TE":                         withHeader("Te", "trailers"),
	"Trailer in Header":          withHeader("Trailer", "Foo"),
	"cookies":                    withHeader("Cookie", "a=b; c=d;e=f;  g=h", "Cookie", "i=j"),
	"cookie with an end":         withHeader("Cookie", "a=b;", "Cookie", "c=d; "),
	"cookie with empty crumbs":   withHeader("Cookie", ";a=b; ;;c=d"),
	"cookie empty":               withHeader("Cookie", ""),
	"Upgrade: chunked":           withHeader("Upgrade", "chunked", "Upgrade", "h2c"),
	"Upgrade empty":              withHeader("Upgrade", ""),
	"Upgrade":                    withHeader("Upgrade", "h2c"),
	"Transfer-Encoding: chunked": withHeader("Transfer-Encoding", "chunked"),
	"Transfer-Encoding twice":    withHeader("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"),
	"Transfer-Encoding":          withHeader("Transfer-Encoding", "gzip"),
	"Connection: close":          withHeader("Connection", "Close"),
	"Connection: keep-alive":     withHeader("Connection", "Keep-Alive"),
	"Connection twice":           withHeader("Connection", "close", "Connection", "close"),
	"Connection":                 withHeader("Connection", "foo"),
	"Keep-Alive":                 withHeader("Keep-Alive", "5", "Proxy-Connection", "close", "KEEP-ALIVE", "5"),
	"empty name":                 withHeader("", "a"),
	"space in name":              withHeader("a b", "a"),
	"pseudo-field in Header":     withHeader(":path", "/a"),
	"name not ASCII":             withHeader("é", "a"),
	"LF in value":                withHeader("Foo", "a\nb"),
	"LF in a field not sent":     withHeader("Host", "a\nb"),
	"content":                    withBody("POST", 5),
	"content of unknown length":  withBody("POST", 0),
	"content declared unknown":   withBody("PUT", -1),
	"content of GET":             withBody("GET", 5),
	"Expect":                     func(req *http.Request) { withBody("POST", 5)(req); withHeader("Expect", "100-continue")(req) },
	"no content of POST":         withMethod("POST"),
	"no content of PUT":          withMethod("PUT"),
	"no content of PATCH":        withMethod("PATCH"),
	"no content of DELETE":       withMethod("DELETE"),
	"NoBody":                     func(req *http.Request) { req.Method, req.Body = "POST", http.NoBody },
	"trailers":                   withTrailer(http.Header{"Foo": nil, "bar": nil, "Baz": {"a"}}),
	"no trailers":                withTrailer(http.Header{}),
	"forbidden trailer":          withTrailer(http.Header{"Content-Length": nil}),
	"forbidden trailer in lower": withTrailer(http.Header{"transfer-encoding": nil}),
	"invalid trailer name":       withTrailer(http.Header{"a b": nil}),
	"invalid trailer value":      withTrailer(http.Header{"Foo": {"a\x00"}}),
}

func TestRequestsAreThoseOfTheReferenceClient(t *testing.T) {
	for name, change := range sameAsReferenceClient {
		t.Run(name, func(t *testing.T) {
			req := newRequest(change)
			ours, err := AppendRequest(nil, req, optionsFor(req))
			theirs := referenceClient{settings: []wire.Setting{{ID: wire.SettingEnableConnectProtocol, Val: 1}}}.roundTrip(t, req)
			compareRequests(t, ours, err, theirs)
		})
	}
}

func TestGzipIsAskedForAsTheReferenceClientDoes(t *testing.T) {
	req := newRequest(nil)
	o := optionsFor(req)
	o.Gzip = true
	ours, err := AppendRequest(nil, req, o)
	compareRequests(t, ours, err, referenceClient{gzip: true}.roundTrip(t, req))
}

func TestTheLimitOnARequestsFieldsIsThatOfTheReferenceClient(t *testing.T) {
	req := newRequest(withHeader("Cookie", "a=b; c=d", "Foo", "bar"))
	o := optionsFor(req)
	all, err := AppendRequest(nil, req, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []uint64{0, 1, ListSize(all) - 1, ListSize(all)} {
		o.MaxListSize = limit
		ours, err := AppendRequest(nil, req, o)
		theirs := referenceClient{settings: []wire.Setting{{ID: wire.SettingMaxHeaderListSize, Val: uint32(limit)}}}.roundTrip(t, req)
		compareRequests(t, ours, err, theirs)
	}
}

func TestExtendedConnectIsRefusedInTheReferenceClientsWords(t *testing.T) {
	req := newRequest(withHeader(":protocol", "websocket"))
	req.Method = "CONNECT"
	o := optionsFor(req)
	o.ExtendedConnect = false
	ours, err := AppendRequest(nil, req, o)
	compareRequests(t, ours, err, referenceClient{}.roundTrip(t, req))
}

func compareRequests(t *testing.T, ours []hpack.HeaderField, err error, theirs clientExchange) {
	t.Helper()
	if refusedByNetHTTP(theirs.err) {
		return
	}
	if err != nil {
		if theirs.fields != nil || theirs.err == nil {
			t.Fatalf("refused (%v), sent by the reference: %v", err, theirs.fields)
		}
		if err.Error() != theirs.err.Error() {
			t.Errorf("got error %q, want %q", err, theirs.err)
		}
		return
	}
	if theirs.fields == nil {
		t.Fatalf("sent, refused by the reference: %v", theirs.err)
	}
	// The reference goes through its map in no order.
	if got, want := inOrder(ours), inOrder(theirs.fields); !slices.Equal(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
}

// refusedByNetHTTP reports whether net/http looked at a request before the reference did, which has other words and
// takes no ":protocol" yet.
func refusedByNetHTTP(err error) bool {
	return referenceWrapsNetHTTP && err != nil && strings.HasPrefix(err.Error(), "http: invalid ")
}

// inOrder sorts all but the pseudo-header fields by name.
func inOrder(fields []hpack.HeaderField) []hpack.HeaderField {
	fields = slices.Clone(fields)
	n := 0
	for n < len(fields) && isPseudo(fields[n].Name) {
		n++
	}
	slices.SortStableFunc(fields[n:], func(a, b hpack.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return fields
}
