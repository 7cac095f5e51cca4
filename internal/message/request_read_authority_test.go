//go:build !go1.27

package message

import (
	"testing"

	"h2fork.example/net/hpack"
)

// sameAuthority belongs to sameAsReference, but golang.org/x/net defers to net/http on Go 1.27, which looks at neither
// Host nor the syntax of :authority.
var sameAuthority = map[string][]hpack.HeaderField{
	"Host the same":         requestWith("host", "example.com"),
	"Host alone":            requestWith(":authority", "", "host", "h.example"),
	"Host in other case":    requestWith("host", "Example.com"),
	"Host empty and alone":  requestWith(":authority", "", "host", ""),
	"Host differs":          requestWith("host", "h.example"),
	"authority not ASCII":   requestWith(":authority", "exämple.com"),
	"Host empty":            requestWith("host", ""),
	"authority invalid":     requestWith(":authority", "a/b"),
	"Hosts":                 requestWith("host", "example.com", "host", "example.com"),
	"CONNECT with userinfo": requestWith(":method", "CONNECT", ":scheme", "", ":path", "", ":authority", "u@h"),
}

func TestTheAuthorityOfARequestIsThatOfTheReference(t *testing.T) {
	ref := newReference(t)
	for name, fields := range sameAuthority {
		t.Run(name, func(t *testing.T) { compareRequest(t, ref, fields, true) })
	}
}
