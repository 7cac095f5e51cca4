package processes

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the time that a process has spent computing, in all its threads and in the kernel.
func CPU(pid int) (time.Duration, error) {
	// A process's clock has its id's complement, shifted, and says which of its clocks: CPUCLOCK_SCHED.
	const clockSched = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|clockSched), &t); err != nil {
		return 0, fmt.Errorf("the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
