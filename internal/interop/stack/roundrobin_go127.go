//go:build go1.27

package stack

import "net/http"

// HasRoundRobin reports whether there is a way to ask our server for RoundRobin.
const HasRoundRobin = true

func disableClientPriority(srv *http.Server) { srv.DisableClientPriority = true }
