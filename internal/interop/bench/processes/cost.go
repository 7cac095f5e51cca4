package processes

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
)

// RSS returns the memory of a process that is resident, in KiB.
func RSS(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
}

// A Cost is what a server has used up.
type Cost struct {
	CPU     time.Duration
	Mallocs uint64 // 0 if it does not count them
}

// Cost reads what the process has used up so far.
func (p *Process) Cost() (c Cost, err error) {
	if c.CPU, err = CPU(p.cmd.Process.Pid); err != nil || !p.counts {
		return c, err
	}
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return c, err
	}
	answer, err := p.Line()
	if err != nil {
		return c, err
	}
	c.Mallocs, err = strconv.ParseUint(answer, 10, 64)
	return c, err
}

// Charge notes in m what its requests have cost between the two readings, and what memory the process has.
func Charge(m *measure.Measurement, pid int, before, after Cost) (err error) {
	n := float64(max(m.Requests+m.Failed, 1))
	m.CPU = float64((after.CPU - before.CPU).Nanoseconds()) / 1000 / n
	m.Allocs = float64(after.Mallocs-before.Mallocs) / n
	m.RSS, err = RSS(pid)
	return err
}

// Charge notes in m what its requests have cost the process since before.
func (p *Process) Charge(m *measure.Measurement, before Cost) error {
	after, err := p.Cost()
	if err != nil {
		return err
	}
	return Charge(m, p.PID(), before, after)
}
