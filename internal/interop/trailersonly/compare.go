package main

import (
	"fmt"
	"os"

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
	backend, stop, err := startBackend()
	if err != nil {
		return nil, fmt.Errorf("starting the backend: %w", err)
	}
	defer stop()

	bar := newProgress(out, c.total())
	defer bar.finish()
	var results []*result
	for _, s := range c.stacks {
		srv, err := startProxy(s, c.mode, backend)
		if err != nil {
			return nil, fmt.Errorf("starting the proxy on %s: %w", s.Path, err)
		}
		defer srv.Close()
		for _, concurrency := range c.concurrency {
			for _, k := range kinds {
				bar.begin(s.Path, concurrency, k)
				r, err := run(srv, c.mode, k, concurrency, c.calls(k), func(bool) bool { bar.call(); return true })
				if err != nil {
					return nil, err
				}
				r.server = s.Path
				bar.end(r)
				results = append(results, r)
			}
		}
	}
	return results, nil
}
