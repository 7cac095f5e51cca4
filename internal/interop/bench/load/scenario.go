package load

import (
	"fmt"
	"path"
	"slices"
	"time"

	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/stack"
)

// A Scenario is a load and what is needed for it.
type Scenario struct {
	Name, Title string
	Load        Load
	Needs       processes.Ability
	Streams     uint32   // what a connection allows, 0 for the server's default
	Procs       []int    // the values of GOMAXPROCS to measure with, nil for what the machine has
	Peers       []string // where clients are measured: the servers in the main set, nil for every one
	Extra       bool     // not in the main set
	Once        bool     // one round is enough
	BufferPool  bool     // proxies have one
}

// The scenarios that goals, the chart and tables refer to in more than one place.
const (
	Small  = "small"
	Single = "single"
	Idle   = "idle"
	Fast   = "fast"
)

// all are the scenarios, in the order in which they are shown.
var all = slices.Concat(onLoopback, overLinks())

var onLoopback = []Scenario{
	{Name: Small, Title: "8 connections × 32 streams, 13 B", Load: h2load{path: "/hello", conns: 8, streams: 32}},
	{Name: Single, Title: "32 connections × 1 stream, 13 B", Load: h2load{path: "/hello", conns: 32, streams: 1}},
	{Name: "kib", Title: "8 × 32, 1 KiB download", Load: h2load{path: "/" + processes.FileKibibyte, conns: 8, streams: 32}},
	{Name: "kib64", Title: "8 × 32, 64 KiB download", Load: h2load{path: "/" + processes.File64Kibibytes, conns: 8, streams: 32}},
	{Name: "download", Title: "8 × 4, 1 MiB download", Load: h2load{path: "/" + processes.FileMebibyte, conns: 8, streams: 4}},
	{Name: "upload", Title: "8 × 4, 1 MiB upload", Needs: processes.Uploads, Load: h2load{path: "/hello", conns: 8, streams: 4, body: processes.FileMebibyte}},
	{Name: "tls", Title: "8 × 32, 13 B, TLS", Needs: processes.SpeaksTLS, Load: h2load{path: "/hello", conns: 8, streams: 32}},
	{Name: "grpc8x16", Title: "gRPC unary, served directly, 8 × 16", Needs: grpcServer, Load: h2loadCalls{succeeds, 8, 16}},
	{Name: "grpc16x1", Title: "gRPC unary, served directly, 16 × 1", Needs: grpcServer, Load: h2loadCalls{succeeds, 16, 1}},
	{Name: "grpcstream", Title: "8 × 8, gRPC messages there and back", Needs: processes.SpeaksGRPC, Load: chat{conns: 8, streams: 8}},
	{Name: "procs", Title: "8 × 32, 13 B", Procs: []int{1, 2, 4, 8}, Needs: processes.ObeysGo, Load: h2load{path: "/hello", conns: 8, streams: 32}},
	{Name: "procs1", Title: "32 × 1, 13 B", Procs: []int{1, 2, 4, 8}, Needs: processes.ObeysGo, Extra: true, Load: h2load{path: "/hello", conns: 32, streams: 1}},

	{Name: "proxy8x16", Title: "gRPC proxied, 8 × 16", Needs: processes.Proxies, Load: h2loadCalls{succeeds, 8, 16}},
	{Name: "proxy8x16no", Title: "gRPC proxied, 8 × 16, calls that fail", Needs: processes.Proxies, Load: h2loadCalls{fails, 8, 16}},
	{Name: "proxy16x1", Title: "gRPC proxied, 16 × 1", Needs: processes.Proxies, Load: h2loadCalls{succeeds, 16, 1}},
	{Name: "proxy16x1no", Title: "gRPC proxied, 16 × 1, calls that fail", Needs: processes.Proxies, Load: h2loadCalls{fails, 16, 1}},
	{Name: "proxy8x16pool", Title: "gRPC proxied, 8 × 16, with a BufferPool", Needs: goProxy, BufferPool: true, Load: h2loadCalls{succeeds, 8, 16}},
	{Name: "proxy16x1pool", Title: "gRPC proxied, 16 × 1, with a BufferPool", Needs: goProxy, BufferPool: true, Extra: true, Load: h2loadCalls{succeeds, 16, 1}},
	{Name: "proxy1x1", Title: "gRPC proxied, 1 × 1", Needs: processes.Proxies, Load: calls{succeeds, 1, 1}},

	{Name: Fast, Title: "16 fast streams beside 16 that sleep 10 ms", Needs: processes.Waits, Load: mixed{aside: "/sleep", asideN: 16, fastN: 16}},
	{Name: "open10", Title: "10 streams busy, 10 open", Needs: processes.Waits, Load: mixed{aside: "/park", asideN: 10, fastN: 10}},
	{Name: "open10k", Title: "10 streams busy, 10,000 open", Needs: processes.Waits, Streams: 10_100, Load: mixed{aside: "/park", asideN: 10_000, fastN: 10}},
	{Name: "sleep10", Title: "1 × 10 streams that sleep 10 ms", Needs: processes.Waits, Load: h2load{path: "/sleep", conns: 1, streams: 10}},
	{Name: "sleep10k", Title: "1 × 10,000 streams that sleep 10 ms", Needs: processes.Waits, Streams: 10_100, Load: h2load{path: "/sleep", conns: 1, streams: 10000}},
	{Name: "neighbour3", Title: "1 MiB upload beside 3 handlers that do not read", Needs: processes.Waits | processes.Large, Load: neighbour{3}},
	{Name: "neighbour100", Title: "1 MiB upload beside 100 handlers that do not read", Needs: processes.Waits | processes.Large, Load: neighbour{100}},
	{Name: Idle, Title: "idle connections", Once: true, Load: idleConns{}},

	{Name: "transport", Title: "Transport, 64 requests in flight, 13 B", Load: clients{path: "/hello", inFlight: 64}},
	{Name: "transport8", Title: "Transport, 8 requests in flight, 13 B", Peers: oursOnly, Load: clients{path: "/hello", inFlight: 8}},
	{Name: "transport1", Title: "Transport, 1 request in flight, 13 B", Peers: oursOnly, Load: clients{path: "/hello", inFlight: 1}},
	{Name: "transportup", Title: "Transport, 64 uploads of 64 KiB in flight", Peers: oursOnly, Needs: processes.Uploads,
		Load: clients{path: "/hello", inFlight: 64, body: processes.File64Kibibytes}},
	{Name: "transportkib", Title: "Transport, 64 requests in flight, 1 KiB", Extra: true, Load: clients{path: "/" + processes.FileKibibyte, inFlight: 64}},
	{Name: "transportkib64", Title: "Transport, 64 requests in flight, 64 KiB", Extra: true, Load: clients{path: "/" + processes.File64Kibibytes, inFlight: 64}},
}

// overLinks returns the scenarios with a link, of each round trip.
func overLinks() []Scenario {
	var all []Scenario
	for _, d := range []struct {
		direction direction
		title     string
	}{{up, "64 MiB upload"}, {many, "100 uploads of 64 KiB at once"}, {down, "64 MiB download"}} {
		for _, roundTrip := range []time.Duration{1, 20, 80, 200} {
			roundTrip *= time.Millisecond
			sc := Scenario{
				Name:  fmt.Sprintf("link%s%d", d.direction, roundTrip.Milliseconds()),
				Title: fmt.Sprintf("%s, %d ms round trip", d.title, roundTrip.Milliseconds()),
				Needs: processes.Large, Once: true, Load: overLink{d.direction, roundTrip},
			}
			if d.direction == down {
				sc.Peers = oursOnly
			}
			all = append(all, sc)
		}
	}
	return all
}

const (
	grpcServer = processes.SpeaksGRPC | processes.Uploads
	goProxy    = processes.Proxies | processes.ObeysGo
)

var oursOnly = []string{stack.Ours().Name}

// All lists the scenarios, in the order in which they are shown.
func All() []Scenario { return slices.Clone(all) }

// Find returns the scenario of that name, or one that has nothing but the name.
func Find(name string) Scenario {
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{Name: name, Title: name}
	}
	return all[i]
}

// MeasuresClients reports whether what is measured are the stacks' clients.
func (s Scenario) MeasuresClients() bool {
	switch l := s.Load.(type) {
	case clients:
		return true
	case overLink:
		return l.direction == down
	}
	return false
}

// Suits reports whether the server can take part, or take the requests of a client that is measured.
func (s Scenario) Suits(srv processes.Server) bool {
	if srv.Can&s.Needs != s.Needs {
		return false
	}
	return srv.Only == nil || slices.ContainsFunc(srv.Only, func(pattern string) bool {
		ok, _ := path.Match(pattern, s.Name) // the patterns are well-formed: there is a test
		return ok
	})
}

// Setting is what a server is started for, with that GOMAXPROCS.
func (s Scenario) Setting(procs int) processes.Setting {
	return processes.Setting{
		Streams: s.Streams, Procs: procs, TLS: s.Needs&processes.SpeaksTLS != 0,
		Proxy: s.Needs&processes.Proxies != 0, BufferPool: s.BufferPool,
	}
}

// NeedsH2load reports whether it is h2load that drives.
func (s Scenario) NeedsH2load() bool {
	switch s.Load.(type) {
	case h2load, h2loadCalls:
		return true
	}
	return false
}
