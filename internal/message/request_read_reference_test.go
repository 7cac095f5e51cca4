package message

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// requestWith is a GET with more fields; one that starts with ":" replaces its namesake, or removes it if empty.
func requestWith(pairs ...string) []hpack.HeaderField {
	fields := fieldsOf(":method", "GET", ":scheme", "http", ":authority", "example.com", ":path", "/")
	for _, f := range fieldsOf(pairs...) {
		i := 0
		for i < len(fields) && fields[i].Name != f.Name {
			i++
		}
		switch {
		case !strings.HasPrefix(f.Name, ":") || i == len(fields):
			fields = append(fields, f)
		case f.Value == "":
			fields = append(fields[:i], fields[i+1:]...)
		default:
			fields[i] = f
		}
	}
	return fields
}

// sameAsReference are requests, accepted or not, of which golang.org/x/net makes exactly what we make.
var sameAsReference = map[string][]hpack.HeaderField{
	"plain":                     requestWith(),
	"no pseudo-fields":          fieldsOf("accept", "*/*"),
	"nothing":                   nil,
	"query":                     requestWith(":path", "/a/b?c=d&e=%20"),
	"empty query":               requestWith(":path", "/a?"),
	"two question marks":        requestWith(":path", "/a??"),
	"escaped path":              requestWith(":path", "/a%2fb%20c"),
	"unusual path":              requestWith(":path", "/a!b'(c)|\"<é>"),
	"two slashes":               requestWith(":path", "//host/a"),
	"fragment":                  requestWith(":path", "/a#b"),
	"bad escape":                requestWith(":path", "/%zz"),
	"bad escape in query":       requestWith(":path", "/?%zz"),
	"tab in path":               requestWith(":path", "/a\tb"),
	"space in path":             requestWith(":path", "/a b"),
	"relative path":             requestWith(":path", "a"),
	"absolute form":             requestWith(":path", "http://example.com/"),
	"asterisk":                  requestWith(":method", "OPTIONS", ":path", "*"),
	"asterisk and more":         requestWith(":path", "*a"),
	"no path":                   requestWith(":path", ""),
	"no method":                 requestWith(":method", ""),
	"no scheme":                 requestWith(":scheme", ""),
	"unknown scheme":            requestWith(":scheme", "ftp"),
	"https":                     requestWith(":scheme", "https"),
	"unknown method":            requestWith(":method", "BREW"),
	"no authority":              requestWith(":authority", ""),
	"userinfo":                  requestWith(":authority", "u@example.com"),
	"userinfo in Host":          requestWith(":authority", "", "host", "u:p@example.com"),
	"authority with port":       requestWith(":authority", "[::1]:80"),
	"CONNECT":                   requestWith(":method", "CONNECT", ":scheme", "", ":path", ""),
	"CONNECT with path":         requestWith(":method", "CONNECT", ":scheme", ""),
	"CONNECT with scheme":       requestWith(":method", "CONNECT", ":path", ""),
	"CONNECT without authority": fieldsOf(":method", "CONNECT", "host", "example.com"),
	"extended CONNECT":          requestWith(":method", "CONNECT", ":protocol", "websocket"),
	"protocol on GET":           requestWith(":protocol", "websocket"),
	"unknown pseudo-field":      requestWith(":foo", "bar"),
	"bare colon":                requestWith(":", "bar"),
	"status":                    requestWith(":status", "200"),
	"repeated method":           append(requestWith(), fieldsOf(":method", "GET")...),
	"repeated path":             append(requestWith(), fieldsOf(":path", "/")...),
	"late pseudo-field":         append(requestWith("accept", "*/*"), fieldsOf(":protocol", "x")...),
	"upper case":                requestWith("Accept", "*/*"),
	"upper case within":         requestWith("x-Foo", "1"),
	"empty name":                requestWith("", "1"),
	"space in name":             requestWith("x foo", "1"),
	"colon in name":             requestWith("x:foo", "1"),
	"name not ASCII":            requestWith("x-é", "1"),
	"odd name":                  requestWith("x!#$%&'*+-.^_`|~1", "1"),
	"underscore":                requestWith("x_foo_bar", "1"),
	"CR":                        requestWith("accept", "a\rb"),
	"LF":                        requestWith("accept", "a\nb"),
	"NUL":                       requestWith("accept", "a\x00b"),
	"DEL":                       requestWith("accept", "a\x7fb"),
	"LF after eight octets":     requestWith("accept", "0123456789\n0123456789"),
	"LF in a pseudo-field":      requestWith(":path", "/a\nb"),
	"tab":                       requestWith("accept", "a\tb and some more"),
	"white space around":        requestWith("accept", " a\t"),
	"not ASCII":                 requestWith("accept", "é and \xff, latin1"),
	"empty value":               requestWith("accept", ""),
	"repeated field":            requestWith("accept", "a", "accept", "b", "accept", "c"),
	"many fields": requestWith("a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8",
		"i", "9", "a", "10", "x-made-up", "11"),
	"one cookie":                requestWith("cookie", "a=b"),
	"crumbs":                    requestWith("cookie", "a=b", "accept", "*/*", "cookie", "c=d", "cookie", "e=f; g=h"),
	"empty crumbs":              requestWith("cookie", "", "cookie", ""),
	"Expect":                    requestWith("expect", "100-continue"),
	"Expect in other case":      requestWith("expect", "100-Continue"),
	"Expect in a list":          requestWith("expect", "foo, 100-continue"),
	"Expect later":              requestWith("expect", "foo", "expect", "100-continue"),
	"Expect something else":     requestWith("expect", "foo"),
	"Trailer":                   requestWith("trailer", "Foo, bar-baz"),
	"Trailers":                  requestWith("trailer", "Foo", "trailer", "bar"),
	"Trailer of framing":        requestWith("trailer", "Content-Length, Transfer-Encoding, trailer"),
	"Connection":                requestWith("connection", "close"),
	"Connection and Upgrade":    requestWith("upgrade", "h2c", "connection", "upgrade"),
	"Keep-Alive":                requestWith("keep-alive", "timeout=5"),
	"Proxy-Connection":          requestWith("proxy-connection", "close"),
	"Transfer-Encoding":         requestWith("transfer-encoding", "chunked"),
	"Upgrade":                   requestWith("upgrade", "websocket"),
	"TE: trailers":              requestWith("te", "trailers"),
	"TE: gzip":                  requestWith("te", "gzip"),
	"TE: empty":                 requestWith("te", ""),
	"TE twice":                  requestWith("te", "trailers", "te", "trailers"),
	"TE in a list":              requestWith("te", "trailers, gzip"),
	"content-length 0":          requestWith("content-length", "0"),
	"gRPC":                      gRPCRequest,
	"browser":                   browserGET,
	"bad fields before CONNECT": append(requestWith(":method", "CONNECT"), fieldsOf("Bad", "1")...),
}

func TestRequestsAreThoseOfTheReference(t *testing.T) {
	ref := newReference(t)
	for name, fields := range sameAsReference {
		t.Run(name, func(t *testing.T) { compareRequest(t, ref, fields, true) })
		t.Run(name+", body to come", func(t *testing.T) { compareRequest(t, ref, fields, false) })
	}
}

func TestADeclaredLengthIsThatOfTheReference(t *testing.T) {
	ref := newReference(t)
	for _, length := range []string{"0", "5", "005", "9223372036854775807"} {
		compareRequest(t, ref, requestWith("content-length", length), false)
	}
}

func compareRequest(t *testing.T, ref *reference, fields []hpack.HeaderField, endStream bool) {
	t.Helper()
	var theirs *http.Request
	x := ref.exchange(func(w http.ResponseWriter, req *http.Request) { theirs = req }, !endStream, fields)
	r := RequestReader{RemoteAddr: "pipe"}
	ours, err := readRequest(context.Background(), &r, 1, fields, endStream)

	if err != nil || x.reset {
		compareRefusal(t, x, err)
		return
	}
	if ours.Bad != nil || theirs == nil {
		if got, want := ours.Bad, strings.TrimSpace(x.body); got == nil || got.Error() != want {
			t.Errorf("400 with %v, the reference says %q", got, want)
		}
		return
	}
	req := ours.HTTP
	want := []any{theirs.Method, theirs.URL, theirs.Proto, theirs.ProtoMajor, theirs.ProtoMinor, theirs.Header,
		theirs.ContentLength, theirs.TransferEncoding, theirs.Close, theirs.Host, theirs.Form, theirs.Trailer,
		theirs.RemoteAddr, theirs.RequestURI, theirs.TLS}
	got := []any{req.Method, req.URL, req.Proto, req.ProtoMajor, req.ProtoMinor, req.Header,
		req.ContentLength, req.TransferEncoding, req.Close, req.Host, req.Form, req.Trailer,
		req.RemoteAddr, req.RequestURI, req.TLS}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got %#v, want %#v", got[i], want[i])
		}
	}
}

func compareRefusal(t *testing.T, x exchange, err error) {
	t.Helper()
	var se *wire.StreamError
	if !errors.As(err, &se) || !x.reset {
		t.Fatalf("got %v, the reference reset: %v", err, x.reset)
	}
	if se.Code != wire.ProtocolError {
		t.Errorf("code %v, want PROTOCOL_ERROR", se.Code)
	}
	count := ""
	if se.Count != "" {
		count = "stream_PROTOCOL_ERROR_" + se.Count
	}
	if want := strings.Join(x.counts, " "); count != want {
		t.Errorf("counted as %q, want %q", count, want)
	}
}

func TestRequestTrailersAreThoseOfTheReference(t *testing.T) {
	for name, test := range map[string]struct {
		declared string
		trailers []hpack.HeaderField
	}{
		"declared":                      {"Foo, Bar", fieldsOf("foo", "1", "foo", "2", "bar", "3")},
		"one missing":                   {"Foo, Bar", fieldsOf("foo", "1")},
		"one undeclared":                {"Foo", fieldsOf("foo", "1", "bar", "2")},
		"none declared":                 {"", fieldsOf("foo", "1")},
		"forbidden":                     {"Foo", fieldsOf("content-type", "a/b")},
		"forbidden, none declared":      {"", fieldsOf("content-type", "a/b")},
		"pseudo-field":                  {"Foo", fieldsOf(":path", "/")},
		"pseudo-field after":            {"Foo", fieldsOf("foo", "1", ":path", "/")},
		"upper case":                    {"Foo", fieldsOf("Foo", "1")},
		"upper case, none declared":     {"", fieldsOf("Foo", "1")},
		"CR":                            {"Foo", fieldsOf("foo", "\r")},
		"forbidden only by its prefix":  {"Foo, If-Foo", fieldsOf("if-foo", "1")},
		"declared twice":                {"Foo, foo", fieldsOf("foo", "1")},
		"made-up name":                  {"x-made-up", fieldsOf("x-made-up", "1")},
		"made-up name, in another case": {"X-MADE-UP", fieldsOf("x-made-up", "1")},
	} {
		t.Run(name, func(t *testing.T) {
			ref := newReference(t)
			request := requestWith(":method", "POST")
			if test.declared != "" {
				request = append(request, fieldsOf("trailer", test.declared)...)
			}
			theirs := make(chan http.Header, 1)
			x := ref.exchange(func(w http.ResponseWriter, req *http.Request) {
				io.Copy(io.Discard, req.Body)
				theirs <- req.Trailer
			}, false, request, test.trailers)

			var r RequestReader
			req, err := readRequest(context.Background(), &r, 1, request, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.ReadTrailers(1, test.trailers, req.HTTP.Trailer)
			if err != nil || x.reset {
				compareRefusal(t, x, err)
				return
			}
			for key, values := range got {
				req.HTTP.Trailer[key] = values
			}
			if want := <-theirs; !reflect.DeepEqual(req.HTTP.Trailer, want) {
				t.Errorf("got %v, want %v", req.HTTP.Trailer, want)
			}
		})
	}
}
