package message

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

func TestEveryOctetIsJudgedAsInRFC9110(t *testing.T) {
	for c := range 256 {
		octet := string([]byte{byte(c)})
		lower := c < 'A' || c > 'Z'
		if got, want := validName(octet), httpguts.ValidHeaderFieldName(octet) && lower; got != want {
			t.Errorf("validName(%q) is %v", octet, got)
		}
		if got, want := validToken(octet), httpguts.ValidHeaderFieldName(octet); got != want {
			t.Errorf("validToken(%q) is %v", octet, got)
		}
		for n := range 20 {
			for at := range n {
				v := strings.Repeat("x", at) + octet + strings.Repeat("\xff", n-at-1)
				if got, want := validValue(v), httpguts.ValidHeaderFieldValue(v); got != want {
					t.Errorf("validValue(%q) is %v", v, got)
				}
			}
		}
	}
}

func TestKnownNamesAreValidAndSpelledAsInHTTP1(t *testing.T) {
	if len(knownNames) != len(specialNames)+len(ordinaryNames) {
		t.Errorf("%d names for %d special and %d ordinary ones", len(knownNames), len(specialNames), len(ordinaryNames))
	}
	for i := range knownNames {
		known := &knownNames[i]
		name := known.lower
		if !validName(name) || byLower(name) != known {
			t.Errorf("%q is known as %q", name, known.lower)
		}
		if known.canonical != http.CanonicalHeaderKey(name) || byCanonical(known.canonical) != known {
			t.Errorf("%q is spelled %q", name, known.canonical)
		}
	}
}
