package processes

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

const roleServer = "server"

// A serverSpec is what a server child serves.
type serverSpec struct {
	Stack   string
	Mode    stack.Mode
	Streams uint32 // concurrent streams that a connection may have, 0 for the default
}

// startGo returns what starts the stack of that name, in that mode unless TLS is asked for.
func startGo(name string, mode stack.Mode) func(*Machine, Setting) (*Process, error) {
	return func(m *Machine, s Setting) (*Process, error) {
		if s.Proxy {
			return startGoProxy(name, m, s)
		}
		spec := serverSpec{name, mode, s.Streams}
		if s.TLS {
			spec.Mode = stack.TLS
		}
		return startServer(roleServer, spec, s.Procs)
	}
}

// startServer starts a child that serves, and counts what it allocates.
func startServer(role string, spec any, procs int) (*Process, error) {
	cmd, err := ChildCommand(role, spec, procs)
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

// startAndAsk starts a server that says where it listens.
func startAndAsk(cmd *exec.Cmd) (*Process, error) {
	p, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(startLimit, p.Kill)
	defer late.Stop()
	if p.URL, err = p.Line(); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%s did not say where it listens: %w\n%s", cmd.Path, err, p.Log())
	}
	return p, nil
}

func serveChild(spec serverSpec) error {
	s, err := stack.Find(spec.Stack)
	if err != nil {
		return err
	}
	srv, err := s.Start(spec.Mode, Content(), stack.Options{MaxConcurrentStreams: spec.Streams})
	if err != nil {
		return err
	}
	return announce(srv.URL)
}

// announce prints a server's URL. Then each line of input asks for the number of objects that it has allocated, until the
// input ends.
func announce(url string) error {
	fmt.Println(url)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(Mallocs())
	}
	return in.Err()
}
