package h2test

import "errors"

// What a connection in memory fails with: Plan 9 has texts for it, and no numbers.
var (
	ErrReset = errors.New("connection reset by peer")
	ErrPipe  = errors.New("broken pipe")
)
