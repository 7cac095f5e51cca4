package main

import (
	"fmt"
	"os/exec"
	"strings"

	"h2fork.example/net/internal/interop/stack"
)

// A server is a program to measure.
type server struct {
	name  string
	title string
	can   ability
	only  string // the one scenario that it is for, "" for all that it can take part in
	// client says that this is a stack with a client, which can be measured too.
	client bool
	// missing says what the machine has not got, "" if it has all. It may take a while.
	missing func() string
	// version says what the machine has.
	version func() string
	// start runs the server and returns when it listens.
	start func(m *machine, s setting) (*process, error)
}

// A setting is what a server is started for.
type setting struct {
	streams uint32 // what a connection allows, 0 for the server's default
	procs   int    // GOMAXPROCS, 0 for what the machine has
	tls     bool
}

func (s scenario) setting(procs int) setting {
	return setting{streams: s.streams, procs: procs, tls: s.needs&speaksTLS != 0}
}

// reference is the stack that the others are compared with.
const reference = "xnet"

// goStacks can do everything.
const goStacks = uploads | waits | speaksGRPC | speaksTLS | obeysGo

func allServers() []server {
	var all []server
	for _, s := range stack.All() {
		all = append(all, server{name: s.Name, title: s.Path, can: goStacks, client: true,
			missing: nothing, version: goVersion(s.Path), start: startGo(s.Name, stack.Protocols)})
	}
	// http.Server, which the stacks above are in, keeps a goroutine and buffers for each connection.
	for _, s := range []stack.Stack{stack.Ours(), stack.XNet()} {
		all = append(all, server{name: s.Name + "-serveconn", title: s.Path + ", ServeConn", only: idleScenario, can: goStacks,
			missing: nothing, version: nothing, start: startGo(s.Name, stack.ServeConn)})
	}
	return append(all,
		server{name: "hyper", title: "hyper 0.14, 1 thread", can: uploads | waits,
			missing: buildHyper, version: hyperVersion, start: startHyper},
		server{name: "nghttpd", title: "nghttpd, 1 thread", can: uploads | speaksTLS,
			missing: installed("nghttpd", "nghttp2-server"), version: firstLine("nghttpd", "--version"), start: startNghttpd},
		server{name: "h2o", title: "h2o, 1 thread", can: speaksTLS,
			missing: installed("h2o", "h2o"), version: firstLine("h2o", "--version"), start: startH2O},
		server{name: "nginx", title: "nginx, 1 worker", can: speaksTLS,
			missing: installed("nginx", "nginx-light"), version: firstLine("nginx", "-v"), start: startNginx},
		server{name: "stored", title: "stored bytes, for what Go programs cannot go below", only: singleScenario,
			missing: nothing, version: nothing, start: startStored},
	)
}

func nothing() string { return "" }

// present drops the servers that this machine has not got, and says why.
func present(servers []server) (have []server, missing []string) {
	for _, s := range servers {
		if why := s.missing(); why != "" {
			missing = append(missing, s.name+": "+why)
			continue
		}
		have = append(have, s)
	}
	return have, missing
}

// installed returns what says that the program is missing, and where Debian has it.
func installed(program, debian string) func() string {
	return func() string {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("no %s on this machine (Debian: apt-get install %s)", program, debian)
		}
		return ""
	}
}

var h2loadMissing = installed("h2load", "nghttp2-client")

func listServers() string {
	var b strings.Builder
	for _, s := range allServers() {
		fmt.Fprintf(&b, "  %-14s %s\n", s.name, s.title)
	}
	return b.String()
}
