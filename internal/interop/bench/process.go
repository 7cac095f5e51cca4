package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long a process may take to end when it is asked to.
const stopLimit = 2 * time.Second

// A process is a running server or client.
type process struct {
	url    string // scheme://host:port of a server
	counts bool   // answers a line of input with the number of its allocations

	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	ended chan struct{}
	log   bytes.Buffer // what it printed to standard error; read it after ended
}

// startProcess runs cmd, and keeps what it prints to standard error.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = &p.log
	// A pipe of ours, as Wait would close that of StdoutPipe under a reader.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	cmd.Stdout = w
	p.out = bufio.NewReader(r)
	if p.in, err = cmd.StdinPipe(); err != nil {
		r.Close()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	go func() {
		cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// line returns the next line that the process prints.
func (p *process) line() (string, error) {
	s, err := p.out.ReadString('\n')
	return strings.TrimSpace(s), err
}

// stop ends the process: politely at first.
func (p *process) stop() {
	p.in.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// rss returns the memory of a process that is resident, in KiB.
func rss(pid int) (float64, error) {
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

// A cost is what a server has used up.
type cost struct {
	cpu     time.Duration
	mallocs uint64 // 0 if it does not count them
}

// cost reads what the process has used up so far.
func (p *process) cost() (c cost, err error) {
	if c.cpu, err = cpu(p.cmd.Process.Pid); err != nil || !p.counts {
		return c, err
	}
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return c, err
	}
	answer, err := p.line()
	if err != nil {
		return c, err
	}
	c.mallocs, err = strconv.ParseUint(answer, 10, 64)
	return c, err
}

// charge notes in m what its requests have cost between the two readings, and what memory the process has.
func (m *measurement) charge(pid int, before, after cost) (err error) {
	n := float64(max(m.Requests+m.Failed, 1))
	m.CPU = float64((after.cpu - before.cpu).Nanoseconds()) / 1000 / n
	m.Allocs = float64(after.mallocs-before.mallocs) / n
	m.RSS, err = rss(pid)
	return err
}
