package peers

import (
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// patience bounds everything that waits for a peer.
const patience = 30 * time.Second

// underTest returns the server that the tests are about.
func underTest(t *testing.T) stack.Stack {
	t.Helper()
	name := os.Getenv("INTEROP_STACK")
	if name == "" {
		return stack.Ours()
	}
	s, err := stack.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start serves h until the test ends.
func start(t *testing.T, m stack.Mode, h http.Handler, o stack.Options) *stack.Server {
	t.Helper()
	srv, err := underTest(t).Start(m, h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// inEachMode runs test for each way to serve that the stack has.
func inEachMode(t *testing.T, test func(t *testing.T, m stack.Mode)) {
	t.Helper()
	for _, m := range underTest(t).Modes() {
		t.Run(m.String(), func(t *testing.T) { test(t, m) })
	}
}

// tool returns the path of a program, or skips the test.
func tool(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian: apt-get install %s)", name, debian)
	}
	return path
}

// eventually waits until ok, which looks at something that the kernel's sockets have a part in.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("still not after %v: %s", patience, what)
			return
		}
	}
}

// goroutinesReturn checks, when the test has ended and everything is closed, that no goroutine is left that
// was not there when it was called. Call it first: cleanups run last in, first out. A client has a stream for a
// moment longer than its user has the response, so closeIdle is called until nothing is left to close.
func goroutinesReturn(t *testing.T, closeIdle func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "goroutines are back to what they were", func() bool {
			closeIdle()
			return runtime.NumGoroutine() <= before
		})
		if t.Failed() {
			stacks := make([]byte, 1<<20)
			t.Logf("%d goroutines before\n%s", before, stacks[:runtime.Stack(stacks, true)])
		}
	})
}
