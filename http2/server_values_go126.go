//go:build !go1.27

package http2

import "net/http"

// maxHeaderValues is how many values a request's fields may have, or 0 for any number. Go 1.26 has no way to say so, and no
// limit.
func maxHeaderValues(*http.Server) int { return 0 }
