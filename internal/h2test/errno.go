//go:build !plan9

package h2test

import "syscall"

// What a connection in memory fails with, as one of a network does.
var (
	ErrReset error = syscall.ECONNRESET // the peer has aborted
	ErrPipe  error = syscall.EPIPE      // the peer does not read any more
)
