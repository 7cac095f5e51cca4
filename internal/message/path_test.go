package message

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// comparePath compares parsePath with url.ParseRequestURI, for the paths that RFC 9113 §8.3.1 allows.
func comparePath(t *testing.T, path string) {
	t.Helper()
	want, err := url.ParseRequestURI(path)
	wantOK := err == nil && (path == "*" || strings.HasPrefix(path, "/"))
	got := new(url.URL)
	if ok := parsePath(got, path); ok != wantOK {
		t.Fatalf("parsePath(%q) is %v, url.ParseRequestURI says %v", path, ok, err)
	}
	if wantOK && !reflect.DeepEqual(got, want) {
		t.Errorf("parsePath(%q) makes %#v, want %#v", path, got, want)
	}
}

func TestEveryOctetOfAPathIsReadAsInNetURL(t *testing.T) {
	for c := range 256 {
		octet := string([]byte{byte(c)})
		for _, path := range []string{octet, "/" + octet, octet + "/", "*" + octet, "/a" + octet + "41?b", "/?" + octet, "/?a" + octet + "b"} {
			comparePath(t, path)
		}
	}
}
