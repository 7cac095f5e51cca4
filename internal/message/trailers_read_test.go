package message

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// P23.
func TestForbiddenTrailersAreNotDeclared(t *testing.T) {
	req := read(t, requestWith("trailer", "Host, Foo, If-Match, authorization,, content-type, upgrade, a b"), false)
	if want := (http.Header{"Foo": nil}); !reflect.DeepEqual(req.HTTP.Trailer, want) {
		t.Errorf("Trailer is %v, want %v", req.HTTP.Trailer, want)
	}
}

// "Trailer: header amplification": two octets a map entry. P23, P28.
func TestDeclaredTrailersAreBounded(t *testing.T) {
	var list strings.Builder
	for i := range 100_000 {
		list.WriteString(",")
		list.WriteString(strconv.Itoa(i))
	}
	req := read(t, requestWith("trailer", "Foo", "trailer", list.String(), "trailer", list.String()), false)
	if n := len(req.HTTP.Trailer); n != maxTrailerKeys {
		t.Errorf("Trailer has %d keys, want %d", n, maxTrailerKeys)
	}
	if _, ok := req.HTTP.Trailer["Foo"]; !ok {
		t.Error("the first key is lost")
	}

	var info ResponseInfo
	h := http.Header{"Trailer": {"Foo", list.String(), "Foo"}}
	AppendResponse(nil, 200, h, &info)
	if len(info.Trailers()) != maxTrailerKeys || !slices.Contains(info.Trailers(), "Foo") {
		t.Errorf("%d response trailers, want Foo and %d others", len(info.Trailers()), maxTrailerKeys-1)
	}
}

// P23.
func TestMalformedTrailersAreStreamErrors(t *testing.T) {
	declared := http.Header{"Foo": nil, "Upgrade": nil}
	for _, test := range []struct {
		rule, count string
		name, value string
	}{
		{"RFC 9113 §8.1: no pseudo-fields", "trailers_pseudo", ":path", "/"},
		{"RFC 9110 §6.5.1: no framing", "trailers_bogus", "content-length", "5"},
		{"RFC 9113 §8.2.2: nothing connection-specific", "trailers_bogus", "upgrade", "h2c"},
		{"RFC 9113 §8.2.1: valid names", "", "Foo", "1"},
		{"RFC 9113 §8.2.1: valid values", "", "foo", "\n"},
		{"RFC 9113 §8.2.1: not only those that were declared", "", "bar", "\n"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			var r RequestReader
			_, err := r.ReadTrailers(7, fieldsOf(test.name, test.value), declared)
			wantMalformed(t, err, test.count)
		})
	}
}

func TestOnlyDeclaredTrailersAreRead(t *testing.T) {
	var r RequestReader
	fields := fieldsOf("foo", "1", "bar", "2", "foo", "3")
	got, err := r.ReadTrailers(1, fields, http.Header{"Foo": nil, "Baz": nil})
	if want := (http.Header{"Foo": {"1", "3"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := r.ReadTrailers(1, fields, nil); got != nil || err != nil {
		t.Errorf("got %v, %v with none declared, want nothing", got, err)
	}
}
