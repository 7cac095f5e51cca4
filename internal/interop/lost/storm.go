package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/progress"
	"h2fork.example/net/internal/interop/stack"
)

const (
	// stormClients is how many clients of a storm send requests, each one after the other.
	stormClients = 8
	// stormLasts is how long a server of a storm serves before it is shut down.
	stormLasts = time.Millisecond
	// stormGrace is how long it may take to shut down before it is closed.
	stormGrace = 2 * time.Millisecond
)

// storm starts a server, sends it requests all the time, and ends it with Shutdown and Close. It returns how many requests
// were answered.
func storm(s stack.Stack) (answered int64, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	srv, err := s.NewServer(stack.Protocols, http.HandlerFunc(echo), stack.Options{})
	if err != nil {
		return 0, err
	}
	go srv.Serve(ln)
	tr := dialer(s, dialAddr(ln.Addr().String()))
	defer tr.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), postTimeout) // nothing takes that long here
	defer cancel()
	var done atomic.Int64
	var clients sync.WaitGroup
	for range stormClients {
		clients.Go(func() {
			for post(ctx, tr, "http://backend.example/", "a ship") == nil {
				done.Add(1)
			}
		})
	}
	time.Sleep(stormLasts)
	grace, ended := context.WithTimeout(context.Background(), stormGrace)
	defer ended()
	srv.Shutdown(grace)
	srv.Close()
	clients.Wait()
	return done.Load(), nil
}

// storms prints how many requests are answered in so many storms, on both stacks in turn.
func storms(n int, stacks []stack.Stack, show *progress.Display) error {
	total := make([]int64, len(stacks))
	for range n {
		for i, s := range stacks {
			answered, err := storm(s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Path, err)
			}
			total[i] += answered
			show.Step()
		}
	}
	show.Finish()
	for i, s := range stacks {
		fmt.Printf("%-24s  %d requests answered in %d storms\n", s.Path, total[i], n)
	}
	return nil
}
