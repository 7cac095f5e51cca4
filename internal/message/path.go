package message

import (
	"net/url"
	"strings"
)

// plainPathOctets stand for themselves in a path: net/url neither unescapes nor would escape them.
var plainPathOctets = newOctetSet(digits + lowerAlpha + upperAlpha + "-._~$&+,/:;=@")

// parsePath fills u, which is zero, with what url.ParseRequestURI makes of a :path (RFC 9113 §8.3.1: it starts
// with "/", or is "*"). Most paths need no unescaping, so most need no parser.
func parsePath(u *url.URL, path string) bool {
	if path == "*" {
		u.Path = path
		return true
	}
	if path == "" || path[0] != '/' {
		return false
	}
	before, query, hasQuery := strings.Cut(path, "?")
	if plainPathOctets.containsAll(before) && plainQuery(query) {
		u.Path, u.RawQuery = before, query
		u.ForceQuery = hasQuery && query == ""
		return true
	}
	parsed, err := url.ParseRequestURI(path)
	if err != nil {
		return false
	}
	*u = *parsed
	return true
}

// plainQuery reports whether a query is visible ASCII, of which net/url accepts and keeps everything.
func plainQuery(query string) bool {
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
