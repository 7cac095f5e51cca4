package message

import (
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// ok is a 200 with more fields.
func ok(pairs ...string) []string { return append([]string{":status", "200"}, pairs...) }

// sameResponseAsReference are responses, accepted or not, of which golang.org/x/net makes exactly what we make.
var sameResponseAsReference = map[string][]string{
	"plain":                       ok(),
	"status without a reason":     {":status", "299"},
	"status of no class":          {":status", "999"},
	"no content":                  {":status", "204"},
	"not modified":                {":status", "304", "content-length", "5"},
	"not found":                   {":status", "404", "content-type", "text/plain"},
	"no status":                   {"server", "x"},
	"nothing":                     nil,
	"empty status":                {":status", ""},
	"status is no number":         {":status", "abc"},
	"status with white space":     {":status", "200 "},
	"status in hexadecimal":       {":status", "0xc8"},
	"status twice":                {":status", "200", ":status", "200"},
	"status after a field":        {"server", "x", ":status", "200"},
	"request":                     {":method", "GET", ":scheme", "http", ":path", "/"},
	"request and response":        ok(":path", "/"),
	"unknown pseudo-field":        ok(":foo", "bar"),
	"bare colon":                  ok(":", "bar"),
	"upper case":                  ok("Server", "x"),
	"upper case within":           ok("x-Foo", "x"),
	"empty name":                  ok("", "x"),
	"space in name":               ok("x foo", "x"),
	"colon in name":               ok("x:foo", "x"),
	"name not ASCII":              ok("é", "x"),
	"odd name":                    ok("x!#$%&'*+-.^_`|~1", "x"),
	"CR":                          ok("server", "a\rb"),
	"LF":                          ok("server", "a\nb"),
	"NUL":                         ok("x-foo", "a\x00b"),
	"DEL":                         ok("x-foo", "a\x7fb"),
	"LF in status":                {":status", "20\n0"},
	"white space around":          ok("server", " a\t"),
	"value not ASCII":             ok("server", "é\xff"),
	"empty value":                 ok("server", ""),
	"repeated field":              ok("set-cookie", "a=b", "server", "x", "set-cookie", "c=d", "set-cookie", "e=f"),
	"cookies":                     ok("cookie", "a=b", "cookie", "c=d"),
	"many fields":                 ok("a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "a", "0"),
	"host":                        ok("host", "x"),
	"content-length":              ok("content-length", "5"),
	"content-length 0":            ok("content-length", "0"),
	"content-length with zeros":   ok("content-length", "005"),
	"content-length empty":        ok("content-length", ""),
	"content-length signed":       ok("content-length", "+5"),
	"content-length negative":     ok("content-length", "-5"),
	"content-length in a list":    ok("content-length", "5, 5"),
	"content-length spaced":       ok("content-length", " 5"),
	"content-length too large":    ok("content-length", "9223372036854775808"),
	"content-length largest":      ok("content-length", "9223372036854775807"),
	"content-length repeated":     ok("content-length", "5", "content-length", "5", "content-length", "5"),
	"content-length conflicting":  ok("content-length", "5", "content-length", "6"),
	"content-length, other forms": ok("content-length", "5", "content-length", "05"),
	"connection-specific": ok("connection", "close", "keep-alive", "5", "proxy-connection", "close",
		"transfer-encoding", "chunked", "upgrade", "h2c", "server", "x"),
	"te":                   ok("te", "trailers"),
	"trailer":              ok("trailer", "foo, Bar-baz"),
	"trailers":             ok("trailer", "foo", "server", "x", "trailer", "bar,,foo"),
	"trailer of framing":   ok("trailer", "Content-Length, trailer"),
	"trailer without keys": ok("trailer", " , "),
	"content-encoding":     ok("content-encoding", "br"),
}

func TestResponsesAreThoseOfTheReferenceClient(t *testing.T) {
	for name, pairs := range sameResponseAsReference {
		for _, method := range []string{"GET", "HEAD"} {
			for _, endStream := range []bool{true, false} {
				t.Run(name+", "+method+map[bool]string{true: ", END_STREAM"}[endStream], func(t *testing.T) {
					req := newRequest(withMethod(method))
					var r ResponseReader
					ours, err := readFinal(&r, 1, fieldsOf(pairs...), endStream, req)
					theirs := referenceClient{answer: func(p *h2test.Peer) {
						p.Headers(1, endStream, pairs...)
					}}.roundTrip(t, req)
					compareResponses(t, ours, err, theirs)
				})
			}
		}
	}
}

func compareResponses(t *testing.T, ours *http.Response, err error, theirs clientExchange) {
	t.Helper()
	if err != nil || theirs.err != nil {
		if err == nil || theirs.err == nil || err.Error() != theirs.err.Error() {
			t.Errorf("got error %q, want %q", err, theirs.err)
		}
		return
	}
	want := *theirs.res
	want.Body, want.Request = nil, nil
	if !reflect.DeepEqual(*ours, want) {
		t.Errorf("got\n%#v, want\n%#v", *ours, want)
	}
}

func TestResponseTrailersAreThoseOfTheReferenceClient(t *testing.T) {
	for name, test := range map[string]struct{ header, trailers []string }{
		"declared":           {ok("trailer", "foo"), []string{"foo", "1"}},
		"undeclared":         {ok(), []string{"foo", "1", "bar", "2", "foo", "3"}},
		"declared and not":   {ok("trailer", "foo, baz"), []string{"foo", "1", "bar", "2"}},
		"none":               {ok(), nil},
		"none as declared":   {ok("trailer", "foo"), nil},
		"gRPC":               {ok(), []string{"grpc-status", "5", "grpc-message", "no"}},
		"of framing":         {ok(), []string{"content-length", "5", "trailer", "foo", "host", "x"}},
		"upper case":         {ok(), []string{"Foo", "1"}},
		"LF":                 {ok(), []string{"foo", "\n"}},
		"late pseudo-header": {ok(), []string{"foo", "1", ":status", "200"}},
	} {
		t.Run(name, func(t *testing.T) {
			req := newRequest(nil)
			var r ResponseReader
			ours, err := readFinal(&r, 1, fieldsOf(test.header...), false, req)
			if err != nil {
				t.Fatal(err)
			}
			trailers, err := r.ReadTrailers(1, fieldsOf(test.trailers...))
			theirs := referenceClient{answer: func(p *h2test.Peer) {
				p.Headers(1, false, test.header...)
				p.Headers(1, true, test.trailers...)
			}}.roundTrip(t, req)
			for key, values := range trailers {
				if ours.Trailer == nil {
					ours.Trailer = http.Header{}
				}
				ours.Trailer[key] = values
			}
			if theirs.readErr != nil {
				theirs.err = theirs.readErr
			}
			compareResponses(t, ours, err, theirs)
		})
	}
}

func TestInformationalResponsesAreThoseOfTheReferenceClient(t *testing.T) {
	for name, pairs := range map[string][]string{
		"continue":       {":status", "100"},
		"early hints":    {":status", "103", "link", "</a>", "link", "</b>", "x-foo", "1"},
		"content-length": {":status", "103", "content-length", "5"},
		"trailer":        {":status", "103", "trailer", "foo"},
		"upper case":     {":status", "103", "Link", "</a>"},
		"LF":             {":status", "103", "link", "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			type informational struct {
				code   int
				header http.Header
			}
			var theirs informational
			trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				theirs = informational{code, http.Header(h)}
				return nil
			}}
			req := newRequest(nil)
			req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
			x := referenceClient{answer: func(p *h2test.Peer) {
				p.Headers(1, false, pairs...)
				p.Headers(1, true, ok()...)
			}}.roundTrip(t, req)

			var r ResponseReader
			code, header, err := readInformational(&r, 1, fieldsOf(pairs...))
			if err != nil {
				compareResponses(t, nil, err, x)
				return
			}
			if ours := (informational{code, header}); !reflect.DeepEqual(ours, theirs) {
				t.Errorf("got %v, want %v", ours, theirs)
			}
		})
	}
}
