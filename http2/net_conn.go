package http2

import (
	"h2fork.example/net/internal/conn"
)

// gathers and readsApart are variables for tests, whose connections are in memory.
var (
	gathers    = conn.Gathers
	readsApart = conn.ReadsApart
)
