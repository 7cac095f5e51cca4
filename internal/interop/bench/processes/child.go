package processes

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
)

// The Go servers and the clients are this program again, run with -child ROLE and a JSON object: what to do.
// A child ends with its standard input.

// A Role is what a child does, from the JSON that says what that is in particular.
type Role func(spec []byte) error

// As returns the role that run is, which takes a spec.
func As[T any](run func(T) error) Role {
	return func(text []byte) error {
		var spec T
		if err := json.Unmarshal(text, &spec); err != nil {
			return err
		}
		return run(spec)
	}
}

// serverRoles are what children do that serve.
func serverRoles() map[string]Role {
	return map[string]Role{
		roleServer: As(serveChild),
		roleProxy:  As(serveProxy),
		roleGRPC:   As(serveGRPC),
		roleStored: As(serveStored),
		roleHollow: As(serveHollow),
	}
}

// RunChild is a child: in a role of a server, or in one of those that others have.
func RunChild(role, spec string, others map[string]Role) error {
	roles := serverRoles()
	maps.Copy(roles, others)
	run := roles[role]
	if run == nil {
		return fmt.Errorf("there is no role %q", role)
	}
	return run([]byte(spec))
}

// ChildCommand returns the command that is a child in that role, with procs as GOMAXPROCS unless that is 0.
func ChildCommand(role string, spec any, procs int) (*exec.Cmd, error) {
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

// AwaitEnd ends this child with its standard input: with the process that started it.
func AwaitEnd() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// Mallocs returns the number of objects that this process has allocated so far.
func Mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
