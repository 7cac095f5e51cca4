package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"h2fork.example/net/internal/interop/stack"
)

// The Go servers are this program again, run with -child: a process that serves both ways and says where.

// startGo returns what starts the stack of that name.
func startGo(name string) func(*machine, scenario) (*process, error) {
	return func(_ *machine, sc scenario) (*process, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, "-child", name, "-streams", fmt.Sprint(sc.streams))
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		p, err := startProcess(cmd)
		if err != nil {
			return nil, err
		}
		var plain, secure string
		if _, err := fmt.Fscanln(stdout, &plain, &secure); err != nil {
			p.stop()
			return nil, fmt.Errorf("%s did not say where it listens: %w\n%s", name, err, p.log.String())
		}
		p.url = plain
		if sc.tls {
			p.url = secure
		}
		return p, nil
	}
}

// serveChild serves until it is told to end, after it has printed its URLs: without TLS, with TLS.
func serveChild(name string, streams uint32, out io.Writer) error {
	s, err := stack.Find(name)
	if err != nil {
		return err
	}
	var urls []string
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		srv, err := s.Start(m, content(), stack.Options{MaxConcurrentStreams: streams})
		if err != nil {
			return err
		}
		urls = append(urls, srv.URL)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	fmt.Fprintln(out, strings.Join(urls, " "))
	<-end
	return nil
}
