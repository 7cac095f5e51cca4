package main

import (
	"fmt"
	"runtime"
	"testing"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

// quickCalls is enough for the race to be lost about ten times or more where there is one.
const quickCalls = 2000

func TestEveryCallThroughTheProxyGetsTheBackendsAnswer(t *testing.T) {
	backend := testBackend(t)
	for _, mode := range stack.Ours().Modes() {
		for _, procs := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("%v/GOMAXPROCS=%d", mode, procs), func(t *testing.T) {
				setProcs(t, procs)
				srv := testProxy(t, stack.Ours(), mode, backend)
				for _, concurrency := range []int{1, 16, 128} {
					for _, k := range kinds {
						r := testRun(t, srv, mode, k, concurrency, quickCalls*k.share/300)
						if r.failed > 0 {
							t.Errorf("%d× %s: %d of %d calls failed: %v", concurrency, k.name, r.failed, r.calls, r.texts)
						}
					}
				}
			})
		}
	}
}

func TestEveryFailedCallIsOneHeadersFrameThatEndsTheStream(t *testing.T) {
	backend := testBackend(t)
	for _, mode := range stack.Ours().Modes() {
		if mode == stack.TLS {
			continue // nothing can be read on that wire
		}
		t.Run(mode.String(), func(t *testing.T) {
			srv := testProxy(t, stack.Ours(), mode, backend)
			r := testRun(t, srv, mode, failingUnary, 16, quickCalls)
			seen := 0
			for _, rec := range r.wire.recordings() {
				_, responses := rec.frames()
				seen += len(responses)
				for id, frames := range responses {
					if len(frames) != 1 || frames[0].name != "HEADERS" || !frames[0].endStream {
						t.Fatalf("stream %d: response was %v", id, frames)
					}
				}
			}
			if seen != r.calls {
				t.Errorf("%d responses were recorded to %d calls", seen, r.calls)
			}
		})
	}
}

// The same harness sees the race lost on upstream, so that its silence about ours means something.
func TestUpstreamLosesTheRaceInTheSameHarness(t *testing.T) {
	const bound = 200_000 // calls; one in 10 to 1,000 is broken, though hardly any on one processor
	setProcs(t, 8)
	srv := testProxy(t, stack.XNet(), stack.Handler, testBackend(t))
	r, err := run(srv, stack.Handler, failingUnary, 1, bound, func(failed bool) bool { return !failed })
	if err != nil {
		t.Fatal(err)
	}
	if r.failed == 0 {
		t.Fatalf("no call of %d failed: either upstream has changed or this harness has gone blind", r.calls)
	}
	t.Logf("call %d: %s", r.firstFailed, r.firstText)

	frames, _, err := r.wire.response(r.firstFailed)
	if err != nil {
		t.Log(err)
		return
	}
	if len(frames) != 2 || frames[0].name != "HEADERS" || frames[0].endStream || !frames[1].empty() {
		t.Errorf("the broken response was %v, want HEADERS and then an empty DATA frame that ends the stream", frames)
	}
}

func testBackend(t *testing.T) string {
	t.Helper()
	addr, stop, err := greeter.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return addr
}

func testProxy(t *testing.T, s stack.Stack, m stack.Mode, backend string) *stack.Server {
	t.Helper()
	srv, err := startProxy(s, m, backend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

func testRun(t *testing.T, srv *stack.Server, m stack.Mode, k kind, concurrency, n int) *result {
	t.Helper()
	r, err := run(srv, m, k, concurrency, n, func(bool) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func setProcs(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}
