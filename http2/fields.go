package http2

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"h2fork.example/net/hpack"
)

type fieldList = []hpack.HeaderField

// firstValue is h.Get(name) for a name that is in its canonical form. Get would
// compute that first.
func firstValue(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// equalFold is for tokens, which are ASCII.
func equalFold(a, b string) bool { return isASCII(a) && strings.EqualFold(a, b) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func field(name, value string) hpack.HeaderField {
	return hpack.HeaderField{Name: name, Value: value}
}
