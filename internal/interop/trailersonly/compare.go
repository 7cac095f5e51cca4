package main

import (
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/progress"
	"h2fork.example/net/internal/interop/stack"
)

// A comparison is the same calls through a proxy on each of several servers.
type comparison struct {
	stacks      []stack.Stack
	mode        stack.Mode
	concurrency []int
	n           int // failing calls a server and concurrency
}

func (c comparison) calls(k kind) int { return max(c.n*k.share/100, 1) }

func (c comparison) total() int {
	sum := 0
	for _, k := range kinds {
		sum += c.calls(k)
	}
	return sum * len(c.concurrency) * len(c.stacks)
}

// run makes all the calls and returns a result for each server, concurrency and kind of call.
func (c comparison) run(out *os.File) ([]*result, error) {
	backend, stop, err := greeter.Start()
	if err != nil {
		return nil, fmt.Errorf("starting the backend: %w", err)
	}
	defer stop()

	show := progress.New(out, c.total(), "calls")
	defer show.Finish()
	var results []*result
	for _, s := range c.stacks {
		srv, err := startProxy(s, c.mode, backend)
		if err != nil {
			return nil, fmt.Errorf("starting the proxy on %s: %w", s.Path, err)
		}
		defer srv.Close()
		for _, concurrency := range c.concurrency {
			for _, k := range kinds {
				part := fmt.Sprintf("%-24s %4d× %-16s", s.Path, concurrency, k.name)
				show.Begin(part)
				r, err := run(srv, c.mode, k, concurrency, c.calls(k), func(bool) bool { show.Step(); return true })
				if err != nil {
					return nil, err
				}
				r.server = s.Path
				show.End(fmt.Sprintf("%s  %6d calls  %4d failed  %v", part, r.calls, r.failed, r.took.Round(time.Millisecond)))
				results = append(results, r)
			}
		}
	}
	return results, nil
}
