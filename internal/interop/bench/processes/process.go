// Package processes builds, starts and stops what is measured, each server a process of its own, and reads what it has
// used up. What is written in Go is this program again, in the role of a child.
package processes

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long a process may take to end when it is asked to.
const stopLimit = 2 * time.Second

// A process is a running server or client.
type Process struct {
	URL    string // scheme://host:port of a server
	counts bool   // answers a line of input with the number of its allocations

	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	ended chan struct{}
	log   bytes.Buffer // what it printed to standard error; read it after ended
}

// Start runs cmd, and keeps what it prints to standard error.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
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

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process at once. Stop has to be called all the same.
func (p *Process) Kill() { p.cmd.Process.Kill() }

// Log is what the process printed to standard error. It has to be stopped.
func (p *Process) Log() string { return p.log.String() }

// Line returns the next line that the process prints.
func (p *Process) Line() (string, error) {
	s, err := p.out.ReadString('\n')
	return strings.TrimSpace(s), err
}

// Stop ends the process: politely at first.
func (p *Process) Stop() {
	p.in.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.cmd.Process.Kill()
		<-p.ended
	}
}
