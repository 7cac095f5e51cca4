package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"h2fork.example/net/internal/interop/stack"
)

// The Go servers and the clients are this program again, run with -child ROLE and a JSON object: what to do.
// A child ends with its standard input.

// childCommand returns the command that is a child in that role, with procs as GOMAXPROCS unless that is 0.
func childCommand(role string, spec any, procs int) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-child", role, string(text))
	if procs > 0 {
		cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", procs))
	}
	return cmd, nil
}

// runChild is a child.
func runChild(role, spec string) error {
	var run func(spec []byte) error
	switch role {
	case roleServer:
		run = as(serveChild)
	case roleStored:
		run = as(serveStored)
	case roleClient:
		run = as(runClient)
	case roleMixed:
		run = as(runMixed)
	case roleChat:
		run = as(runChat)
	default:
		return fmt.Errorf("there is no role %q", role)
	}
	return run([]byte(spec))
}

// as returns a function that reads the spec that run takes.
func as[T any](run func(T) error) func([]byte) error {
	return func(text []byte) error {
		var spec T
		if err := json.Unmarshal(text, &spec); err != nil {
			return err
		}
		return run(spec)
	}
}

const roleServer = "server"

// A serverSpec is what a server child serves.
type serverSpec struct {
	Stack   string
	Mode    stack.Mode
	Streams uint32 // concurrent streams that a connection may have, 0 for the default
}

// startGo returns what starts the stack of that name, in that mode unless TLS is asked for.
func startGo(name string, mode stack.Mode) func(*machine, setting) (*process, error) {
	return func(_ *machine, s setting) (*process, error) {
		spec := serverSpec{name, mode, s.streams}
		if s.tls {
			spec.Mode = stack.TLS
		}
		cmd, err := childCommand(roleServer, spec, s.procs)
		if err != nil {
			return nil, err
		}
		p, err := startAndAsk(cmd)
		if err != nil {
			return nil, err
		}
		p.counts = true
		return p, nil
	}
}

// startAndAsk starts a server that says where it listens.
func startAndAsk(cmd *exec.Cmd) (*process, error) {
	p, err := startProcess(cmd)
	if err != nil {
		return nil, err
	}
	if p.url, err = p.line(); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s did not say where it listens: %w\n%s", cmd.Path, err, p.log.String())
	}
	return p, nil
}

// serveChild serves until its input ends, after it has printed its URL. Each line of input asks for the number of
// objects that it has allocated.
func serveChild(spec serverSpec) error {
	s, err := stack.Find(spec.Stack)
	if err != nil {
		return err
	}
	srv, err := s.Start(spec.Mode, content(), stack.Options{MaxConcurrentStreams: spec.Streams})
	if err != nil {
		return err
	}
	fmt.Println(srv.URL)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(mallocs())
	}
	return in.Err()
}

// mallocs returns the number of objects allocated so far.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// awaitEnd ends this child with its standard input: with the process that started it.
func awaitEnd() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}
