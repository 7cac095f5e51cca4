//go:build linux

package processes

import (
	"fmt"
	"syscall"
)

// spareFiles is how many files a process has open besides connections, and then some.
const spareFiles = 200

// AllowFiles lets this process and those that it starts have n connections each.
func AllowFiles(n int) error {
	want := uint64(n + spareFiles)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("the limit of open files: %w", err)
	}
	// Go raises the limit for itself, but not for its children unless it has been set here.
	limit.Max = max(limit.Max, want)
	limit.Cur = max(limit.Cur, want)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%d open files are not allowed (ulimit -Hn, or a smaller -idle): %w", want, err)
	}
	return nil
}
