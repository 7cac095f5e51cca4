//go:build !go1.27

package http2

import "net/http"

// anyNumberOfValues is a server that only bytes limit.
func anyNumberOfValues() *http.Server { return new(http.Server) }
