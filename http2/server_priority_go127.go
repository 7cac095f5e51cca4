//go:build go1.27

package http2

import "net/http"

// clientPriorityDisabled reports whether hs says not to follow RFC 9218's
// priorities.
func clientPriorityDisabled(hs *http.Server) bool { return hs.DisableClientPriority }
