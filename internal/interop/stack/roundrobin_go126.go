//go:build !go1.27

package stack

import "net/http"

// HasRoundRobin reports whether there is a way to ask our server for RoundRobin.
const HasRoundRobin = false

func disableClientPriority(*http.Server) {}
