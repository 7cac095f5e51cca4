package message

import (
	"net/http"
	"slices"
	"testing"

	"h2fork.example/net/hpack"
)

// sameResponse are header maps of which golang.org/x/net sends exactly what we send.
var sameResponse = map[string]http.Header{
	"nothing":                       {},
	"sorted":                        {"Zeta": {"1"}, "Alpha": {"2"}, "X-Foo": {"3"}, "Alpha-B": {"4"}, "Etag": {"5"}},
	"keys as they were set":         {"alpha": {"1"}, "Beta": {"2"}, "GAMMA": {"3"}, "date": {"4"}},
	"several values":                {"Set-Cookie": {"a=b", "c=d"}},
	"no values":                     {"Foo": {}, "Bar": nil},
	"empty value":                   {"Foo": {""}},
	"invalid values":                {"Foo": {"a\nb", "ok", "\x00"}},
	"invalid names":                 {"": {"1"}, "A B": {"1"}, "A:B": {"1"}, "É": {"1"}, ":status": {"1"}, "A\n": {"1"}},
	"odd name":                      {"!#$%&'*+-.^_`|~1": {"1"}},
	"content-length":                {"Content-Length": {"5"}, "Etag": {"x"}, "A": {"x"}},
	"content-length with zeros":     {"Content-Length": {"005"}},
	"content-length invalid":        {"Content-Length": {"five"}},
	"content-length signed":         {"Content-Length": {"+5"}},
	"content-length negative":       {"Content-Length": {"-5"}},
	"content-length too large":      {"Content-Length": {"9223372036854775808"}},
	"content-length twice":          {"Content-Length": {"5", "6"}},
	"content-length without values": {"Content-Length": nil},
	"date":                          {"Date": {"Mon, 01 Jan 2024 00:00:00 GMT"}},
	"content-type without values":   {"Content-Type": nil},
	"Connection: close":             {"Connection": {"close"}, "Foo": {"1"}},
	"Connection: keep-alive":        {"Connection": {"keep-alive"}},
	"Transfer-Encoding":             {"Transfer-Encoding": {"chunked"}},
	"undeclared trailer":            {"Trailer:Foo": {"1"}, "Bar": {"2"}},
	"gRPC":                          {"Content-Type": {"application/grpc"}, "Grpc-Status": {"5"}, "Grpc-Message": {"no"}},
	"more than the stack has room for": {"A": {"1"}, "B": {"1"}, "C": {"1"}, "D": {"1"}, "E": {"1"}, "F": {"1"}, "G": {"1"},
		"H": {"1"}, "I": {"1"}, "J": {"1"}, "K": {"1"}, "L": {"1"}, "M": {"1"}, "N": {"1"}, "O": {"1"}, "P": {"1"},
		"Q": {"1"}, "R": {"1"}, "S": {"1"}, "T": {"1"}, "U": {"1"}, "V": {"1"}, "W": {"1"}, "X": {"1"}},
}

func TestResponsesAreThoseOfTheReference(t *testing.T) {
	for name, h := range sameResponse {
		for _, status := range []int{200, 204, 304, 404, 599} {
			t.Run(name+", "+StatusText3(status), func(t *testing.T) {
				if _, ok := h["Date"]; !ok {
					h = h.Clone()
					h["Date"] = nil
				}
				theirs := newReference(t).exchange(respond(status, h), false, requestWith())
				var info ResponseInfo
				ours := AppendResponse(nil, status, h, &info)
				if !info.HasContentLength && BodyAllowed(status) {
					ours = append(ours, hpack.HeaderField{Name: "content-length", Value: "0"})
				}
				if !slices.Equal(ours, theirs.fields) {
					t.Errorf("got\n%v, want\n%v", ours, theirs.fields)
				}
			})
		}
	}
}

func respond(status int, h http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for key, values := range h {
			w.Header()[key] = values
		}
		w.WriteHeader(status)
	}
}

func TestInformationalResponsesAreThoseOfTheReference(t *testing.T) {
	h := http.Header{"Link": {"</a>", "</b>"}, "Content-Length": {"5"}, "Transfer-Encoding": {"chunked"}, "A": {"\n"}}
	theirs := newReference(t).exchange(respond(103, h), false, requestWith())
	if ours := AppendInformational(nil, 103, h); !slices.Equal(ours, theirs.fields) {
		t.Errorf("got\n%v, want\n%v", ours, theirs.fields)
	}
}

func TestResponseTrailersAreThoseOfTheReference(t *testing.T) {
	for name, test := range map[string]struct{ before, after http.Header }{
		"declared":                  {http.Header{"Trailer": {"Foo, bar"}}, http.Header{"Foo": {"1"}, "Bar": {"2", "3"}}},
		"one missing":               {http.Header{"Trailer": {"Foo", "Bar"}}, http.Header{"Foo": {"1"}}},
		"all missing":               {http.Header{"Trailer": {"Foo"}}, nil},
		"undeclared":                {nil, http.Header{"Foo": {"1"}}},
		"with the prefix":           {nil, http.Header{"Trailer:foo": {"1"}, "Trailer:Bar": {"2"}}},
		"declared, with the prefix": {http.Header{"Trailer": {"Foo"}}, http.Header{"Foo": {"1"}, "Trailer:Foo": {"2"}}},
		"sorted":                    {http.Header{"Trailer": {"Z, M"}}, http.Header{"Z": {"1"}, "M": {"1"}, "Trailer:P": {"1"}}},
		"set before":                {http.Header{"Trailer": {"Foo"}, "Foo": {"1"}}, nil},
		"invalid value":             {http.Header{"Trailer": {"Foo"}}, http.Header{"Foo": {"\n", "1"}}},
		"invalid name":              {nil, http.Header{"Trailer:a b": {"1"}, "Trailer:": {"1"}, "Trailer:Foo": {"1"}}},
		"forbidden":                 {http.Header{"Trailer": {"Etag, Content-Length"}}, http.Header{"Trailer:Host": {"h"}, "Etag": {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := newReference(t).exchange(func(w http.ResponseWriter, req *http.Request) {
				respond(200, test.before)(w, req)
				w.(http.Flusher).Flush() // else the reference does not sort what was declared
				for key, values := range test.after {
					w.Header()[key] = values
				}
			}, false, requestWith())

			var info ResponseInfo
			AppendResponse(nil, 200, test.before, &info)
			h := http.Header{}
			for _, part := range []http.Header{test.before, test.after} {
				for key, values := range part {
					h[key] = values
				}
			}
			if ours := AppendTrailers(nil, h, info.Trailers()); !slices.Equal(ours, theirs.trailers) {
				t.Errorf("got\n%v, want\n%v", ours, theirs.trailers)
			}
		})
	}
}
