package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"h2fork.example/net/internal/interop/stack"
)

// The Go servers are this program again, run with -child: a process that serves both ways and says where.

// startGo returns what starts the stack of that name.
func startGo(name string) func(*machine, bool) (*process, error) {
	return func(_ *machine, tls bool) (*process, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, "-child", name)
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
		if tls {
			p.url = secure
		}
		return p, nil
	}
}

// serveChild serves until it is told to end, after it has printed its URLs: without TLS, with TLS.
func serveChild(name string, out io.Writer) error {
	s, err := stack.Find(name)
	if err != nil {
		return err
	}
	var urls []string
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		srv, err := s.Start(m, content(), stack.Options{})
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

const (
	hello    = "hello, world\n"
	mebibyte = 1 << 20
)

// content returns the handler of the Go servers. The servers of files have files of the same names.
func content() http.Handler {
	large := bytes.Repeat([]byte("0123456789abcdef"), mebibyte/16)
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
		}
		io.WriteString(w, hello)
	})
	mux.HandleFunc("/mebibyte", func(w http.ResponseWriter, _ *http.Request) { w.Write(large) })
	return mux
}
