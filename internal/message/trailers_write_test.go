package message

import (
	"net/http"
	"slices"
	"testing"
)

// P27.
func TestAPrefixedTrailerReplacesADeclaredOne(t *testing.T) {
	h := http.Header{"Foo": {"header"}, "Trailer:foo": {"b"}, "Trailer:Foo": {"a"}, "Bar": {"2"}, "Baz": {"3"}}
	got := AppendTrailers(nil, h, []string{"Bar", "Foo", "Missing"})
	if want := fieldsOf("bar", "2", "foo", "a"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// P4.
func TestForbiddenTrailersAreNotSent(t *testing.T) {
	h := http.Header{"Trailer:Content-Length": {"5"}, "Trailer:Upgrade": {"h2c"}, "Trailer:If-Match": {"*"}, "Trailer:A:B": {"1"}}
	if got := AppendTrailers(nil, h, nil); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestTrailersWithoutValuesAreNoSection(t *testing.T) {
	if got := AppendTrailers(nil, http.Header{"Foo": nil}, []string{"Foo"}); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestGRPCFieldsAreRepeated(t *testing.T) {
	sealed := fieldsOf(":status", "200", "content-type", "application/grpc", "grpc-message", "no", "grpc-status", "5", "x", "y")
	got := AppendGRPC(fieldsOf("a", "b"), sealed)
	if want := fieldsOf("a", "b", "grpc-message", "no", "grpc-status", "5"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
