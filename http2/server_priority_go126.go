//go:build !go1.27

package http2

import "net/http"

// clientPriorityDisabled reports whether hs says not to follow RFC 9218's
// priorities. Go 1.26 has no way to say so.
func clientPriorityDisabled(*http.Server) bool { return false }
