package main

import (
	"fmt"
	"os/exec"
	"strings"

	"h2fork.example/net/internal/interop/stack"
)

// A server is a program to measure.
type server struct {
	name     string
	title    string
	program  string // to look for on the machine, "" for one in Go, which is this program
	debian   string // the package that has it
	uploads  bool   // answers POST
	handlers bool   // runs handlers in Go
	// start runs the server for a scenario and returns when it listens.
	start func(m *machine, sc scenario) (*process, error)
}

// reference is the server that the others are compared with.
const reference = "xnet"

func allServers() []server {
	var all []server
	for _, s := range stack.All() {
		all = append(all, server{name: s.Name, title: s.Path, uploads: true, handlers: true, start: startGo(s.Name)})
	}
	return append(all,
		server{name: "nghttpd", title: "nghttpd, 1 thread", program: "nghttpd", debian: "nghttp2-server", uploads: true, start: startNghttpd},
		server{name: "h2o", title: "h2o, 1 thread", program: "h2o", debian: "h2o", start: startH2O},
	)
}

// missing says what the machine has not got, "" if it has.
func (s server) missing() string {
	if s.program == "" {
		return ""
	}
	return notInstalled(s.program, s.debian)
}

func notInstalled(program, debian string) string {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Sprintf("%s (Debian: apt-get install %s)", program, debian)
	}
	return ""
}

func listServers() string {
	var b strings.Builder
	for _, s := range allServers() {
		fmt.Fprintf(&b, "  %-10s %s\n", s.name, s.title)
	}
	return b.String()
}
