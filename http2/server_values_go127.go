//go:build go1.27

package http2

import "net/http"

// maxHeaderValues is how many values a request's fields may have.
func maxHeaderValues(hs *http.Server) int {
	if hs.MaxHeaderValueCount > 0 {
		return hs.MaxHeaderValueCount
	}
	return http.DefaultMaxHeaderValueCount
}
