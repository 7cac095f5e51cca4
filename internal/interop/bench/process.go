package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long a server may take to end when it is asked to.
const stopLimit = 2 * time.Second

// A process is a running server.
type process struct {
	url   string // scheme://host:port
	cmd   *exec.Cmd
	ended chan struct{}
	log   bytes.Buffer // what it printed to standard error; read it after ended
}

// startProcess runs cmd, and keeps what it prints to standard error.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = &p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process: politely at first.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// clockTick is the unit of times in /proc/PID/stat: USER_HZ, 100 wherever Linux runs Go.
const clockTick = 10 * time.Millisecond

// cpu returns the time that the process has spent computing, in itself and in the kernel.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The command's name, in parentheses, may have spaces; utime and stime are the 14th and 15th fields.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat is %q", stat)
	}
	utime, err1 := strconv.Atoi(fields[11])
	stime, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/PID/stat is %q", stat)
	}
	return time.Duration(utime+stime) * clockTick, nil
}

// rss returns the memory of a process that is resident, in KiB.
func rss(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
		}
	}
	return 0, fmt.Errorf("/proc/PID/status has no VmRSS")
}
