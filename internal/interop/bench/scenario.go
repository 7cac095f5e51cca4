package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// An ability is what a server must have for a scenario, beyond answering GET.
type ability uint

const (
	uploads ability = 1 << iota // answers POST
	waits                       // has /sleep and /park
	speaksGRPC
	speaksTLS
	obeysGo // knows GOMAXPROCS
)

// A scenario is a load and what is needed for it.
type scenario struct {
	name, title string
	load        load
	needs       ability
	streams     uint32   // what a connection allows, 0 for the server's default
	procs       []int    // the values of GOMAXPROCS to measure with, nil for what the machine has
	peers       []string // where clients are measured: the servers in the main set, nil for every one
	extra       bool     // not in the main set
	once        bool     // one round is enough
}

// A load is what a scenario does to a server, or has a client do.
type load interface {
	// measure starts what is needed, measures the turn's subject and stops everything.
	measure(r *runner, t turn) (measurement, error)
	// takes estimates how long measure runs.
	takes(o options) time.Duration
	// String describes the load, a command where there is one.
	String() string
}

const (
	singleScenario = "single"
	idleScenario   = "idle"
	fastScenario   = "fast"
)

// The scenarios that goals refer to are named in goals.go.
var allScenarios = []scenario{
	{name: "small", title: "8 connections × 32 streams, 13 B", load: h2load{path: "/hello", conns: 8, streams: 32}},
	{name: singleScenario, title: "32 connections × 1 stream, 13 B", load: h2load{path: "/hello", conns: 32, streams: 1}},
	{name: "kib", title: "8 × 32, 1 KiB download", load: h2load{path: "/" + fileKibibyte, conns: 8, streams: 32}},
	{name: "kib64", title: "8 × 32, 64 KiB download", load: h2load{path: "/" + file64Kibibytes, conns: 8, streams: 32}},
	{name: "download", title: "8 × 4, 1 MiB download", load: h2load{path: "/" + fileMebibyte, conns: 8, streams: 4}},
	{name: "upload", title: "8 × 4, 1 MiB upload", needs: uploads, load: h2load{path: "/hello", conns: 8, streams: 4, body: fileMebibyte}},
	{name: "tls", title: "8 × 32, 13 B, TLS", needs: speaksTLS, load: h2load{path: "/hello", conns: 8, streams: 32}},
	{name: "grpc", title: "8 × 32, gRPC unary, grpc.Server.ServeHTTP", needs: speaksGRPC | uploads,
		load: h2load{path: methodSay, conns: 8, streams: 32, headers: []string{"content-type: application/grpc", "te: trailers"}, body: fileMessage}},
	{name: "grpcstream", title: "8 × 8, gRPC messages there and back", needs: speaksGRPC, load: chat{conns: 8, streams: 8}},
	{name: "procs", title: "8 × 32, 13 B", procs: []int{1, 2, 4}, needs: obeysGo, load: h2load{path: "/hello", conns: 8, streams: 32}},
	{name: "procs1", title: "32 × 1, 13 B", procs: []int{1, 2, 4}, needs: obeysGo, extra: true, load: h2load{path: "/hello", conns: 32, streams: 1}},

	{name: fastScenario, title: "16 fast streams beside 16 that sleep 10 ms", needs: waits, load: mixed{aside: "/sleep", asideN: 16, fastN: 16}},
	{name: "open10", title: "10 streams busy, 10 open", needs: waits, load: mixed{aside: "/park", asideN: 10, fastN: 10}},
	{name: "open10k", title: "10 streams busy, 10,000 open", needs: waits, streams: 10_100, load: mixed{aside: "/park", asideN: 10_000, fastN: 10}},
	{name: "sleep10", title: "1 × 10 streams that sleep 10 ms", needs: waits, load: h2load{path: "/sleep", conns: 1, streams: 10}},
	{name: "sleep10k", title: "1 × 10,000 streams that sleep 10 ms", needs: waits, streams: 10_100, load: h2load{path: "/sleep", conns: 1, streams: 10000}},
	{name: idleScenario, title: "idle connections", once: true, load: idleConns{}},

	{name: "transport", title: "Transport, 64 requests in flight, 13 B", load: clients{path: "/hello", inFlight: 64}},
	{name: "transport1", title: "Transport, 1 request in flight, 13 B", peers: oursOnly, load: clients{path: "/hello", inFlight: 1}},
	{name: "transportup", title: "Transport, 64 uploads of 64 KiB in flight", peers: oursOnly, needs: uploads,
		load: clients{path: "/hello", inFlight: 64, body: file64Kibibytes}},
	{name: "transportkib", title: "Transport, 64 requests in flight, 1 KiB", extra: true, load: clients{path: "/" + fileKibibyte, inFlight: 64}},
	{name: "transportkib64", title: "Transport, 64 requests in flight, 64 KiB", extra: true, load: clients{path: "/" + file64Kibibytes, inFlight: 64}},
}

var oursOnly = []string{stack.Ours().Name}

// measuresClients reports whether what is measured are the stacks' clients.
func (s scenario) measuresClients() bool {
	_, ok := s.load.(clients)
	return ok
}

// suits reports whether the server can take part, or take the requests of a client that is measured.
func (s scenario) suits(srv server) bool {
	return srv.can&s.needs == s.needs && (srv.only == "" || srv.only == s.name)
}

// findScenario returns the scenario of that name, or one that has nothing but the name.
func findScenario(name string) scenario {
	i := slices.IndexFunc(allScenarios, func(s scenario) bool { return s.name == name })
	if i < 0 {
		return scenario{name: name, title: name}
	}
	return allScenarios[i]
}

// chooseScenarios returns those that list names or has patterns of, the main set if it is empty.
func chooseScenarios(list string, all bool) ([]scenario, error) {
	if list != "" {
		return choose(allScenarios, func(s scenario) string { return s.name }, list)
	}
	return slices.DeleteFunc(slices.Clone(allScenarios), func(s scenario) bool { return s.extra && !all }), nil
}

// choose returns the elements of all that list names or has patterns of, all of them if it is empty.
func choose[T any](all []T, name func(T) string, list string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var chosen []T
	for want := range strings.SplitSeq(list, ",") {
		found := false
		for _, one := range all {
			if ok, err := path.Match(strings.TrimSpace(want), name(one)); err != nil {
				return nil, fmt.Errorf("%q: %w", want, err)
			} else if ok {
				chosen = append(chosen, one)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no %q", want)
		}
	}
	return chosen, nil
}

func listScenarios() string {
	var b strings.Builder
	for _, s := range allScenarios {
		note := ""
		if s.procs != nil {
			note = fmt.Sprintf(", GOMAXPROCS %v", s.procs)
		}
		if s.extra {
			note += " (not in the main set)"
		}
		fmt.Fprintf(&b, "  %-14s %s%s\n", s.name, s.title, note)
	}
	return b.String()
}

// runnable drops the scenarios that need what this machine has not got, and says what.
func runnable(scenarios []scenario) (can []scenario, missing []string) {
	why := h2loadMissing()
	if why == "" {
		return scenarios, nil
	}
	can = slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool {
		_, ok := s.load.(h2load)
		return ok
	})
	return can, []string{why + "; without it most scenarios are left out"}
}
