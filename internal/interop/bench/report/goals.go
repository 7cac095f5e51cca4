package report

import (
	"fmt"
	"math"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/stack"
)

// A goal is what this repository promises itself of its speed.
type goal struct {
	title  string
	unit   string    // after the number
	atMost bool      // less is better
	least  float64   // what has to be reached, 0 if there is only an aim
	aim    float64   // 0 if there is only what has to be reached
	figure quantity  // of ours
	to     *quantity // what it is compared with, nil if it is not
}

var ours = stack.Ours().Name

// A quantity is one figure of one server, or client.
type quantity struct {
	metric metric
	server string
	key    measure.Key
}

func (q quantity) of(res Results) float64 { return q.metric(res.of[q.key][q.server].Measurement) }

// value is where the goal stands, 0 if it was not measured.
func (g goal) value(res Results) float64 {
	if g.to == nil {
		return g.figure.of(res)
	}
	return res.across(func(part Results) float64 { return over(g.figure.of(part), g.to.of(part)) })
}

// Needed reports whether a goal needs what a server, or client, is measured for with that key.
func Needed(k measure.Key, server string) bool {
	for _, g := range goals {
		for _, q := range []*quantity{&g.figure, g.to} {
			if q != nil && q.key == k && q.server == server {
				return true
			}
		}
	}
	return false
}

// in is the key of a scenario that measures servers, with what that is for those that measure clients.
func in(scenario string) measure.Key          { return measure.Key{Scenario: scenario} }
func withClients(scenario string) measure.Key { return measure.Key{Scenario: scenario, Peer: ours} }

var goals = []goal{
	faster(in(load.Small), "8 × 32, 13 B: requests/s", 5, 8),
	cheaper(in(load.Small), "8 × 32, 13 B: CPU a request", "hyper", 1.2, 0.8),
	cheaper(in(load.Small), "8 × 32, 13 B: CPU a request", "nghttpd", 0, 1),
	growth("8 × 32, 13 B, GOMAXPROCS=4: CPU a request", " × GOMAXPROCS=1", 1.6, 1.2,
		measure.Key{Scenario: "procs", Procs: 4}, measure.Key{Scenario: "procs", Procs: 1}),
	cheaper(in(load.Single), "32 × 1, 13 B: CPU a request", processes.Reference, 0.5, 0),
	cheaper(in(load.Single), "32 × 1, 13 B: CPU a request", "stored", 0, 1.4),
	cheaper(in("open10"), "10 streams busy on one connection: CPU a request", "hyper", 1.6, 1.2),
	growth("10 streams busy, 10,000 open: CPU a request", " × 10 open", 1.25, 1.05, in("open10k"), in("open10")),
	cheaper(in("kib"), "1 KiB download: CPU a request", "nghttpd", 2, 1.5),
	cheaper(in("download"), "1 MiB download: CPU a request", processes.Reference, 0.7, 0.55),
	cheaper(in("upload"), "1 MiB upload: CPU a request", processes.Reference, 0.55, 0.45),
	faster(in("tls"), "TLS, 8 × 32, 13 B: requests/s", 5, 7),
	atMost("heap allocations a request, 13 B GET", "", 5, 3, quantity{allocs, ours, in(load.Small)}),
	atMost("idle connection of ServeConn, RSS", " KiB", 10, 6, quantity{idleConn, ours + "-serveconn", in(load.Idle)}),
	atMost("idle connection through net/http, RSS", " KiB", 20, 16, quantity{idleConn, ours, in(load.Idle)}),
	faster(withClients("transport"), "Transport, 64 in flight, 13 B: requests/s", 2.2, 4),
	cheaper(withClients("transport1"), "Transport, 1 in flight, 13 B: CPU a request", processes.Reference, 0.5, 0.35),
	cheaper(in("proxy8x16"), "proxied gRPC call, 8 × 16: CPU a call", processes.Reference, 0.45, 0.35),
	cheaper(in("proxy16x1"), "proxied gRPC call, 16 × 1: CPU a call", processes.Reference, 0.6, 0.45),
	cheaper(in("grpc8x16"), "gRPC through ServeHTTP, 8 × 16: CPU a call", "grpcgo", 2, 1.4),
	atLeast("64 MiB upload, 80 ms round trip, 2nd half", " MB/s", 100, quantity{mbpsLate, ours, in("linkup80")}),
	atLeast("64 MiB download, 80 ms round trip, 2nd half", " MB/s", 100, quantity{mbpsLate, ours, withClients("linkdown80")}),
	atMost("1 MiB upload beside 3 that are not read", " ms", 50, 0, quantity{medianMs, ours, in("neighbour3")}),
	atMost("1 MiB upload beside 100 that are not read", " ms", 200, 0, quantity{medianMs, ours, in("neighbour100")}),
}

// faster is a goal of throughput, compared with the reference.
func faster(k measure.Key, title string, least, aim float64) goal {
	return goal{title: title, unit: " × " + processes.Reference, least: least, aim: aim,
		figure: quantity{perSec, ours, k}, to: &quantity{perSec, processes.Reference, k}}
}

// cheaper is a goal of CPU time, compared with another server or client.
func cheaper(k measure.Key, title, other string, least, aim float64) goal {
	return goal{title: title, unit: " × " + other, atMost: true, least: least, aim: aim,
		figure: quantity{cpuTime, ours, k}, to: &quantity{cpuTime, other, k}}
}

// growth is a goal of what CPU time more of something costs, compared with less of it.
func growth(title, unit string, least, aim float64, more, less measure.Key) goal {
	return goal{title: title, unit: unit, atMost: true, least: least, aim: aim,
		figure: quantity{cpuTime, ours, more}, to: &quantity{cpuTime, ours, less}}
}

func atMost(title, unit string, least, aim float64, q quantity) goal {
	return goal{title: title, unit: unit, atMost: true, least: least, aim: aim, figure: q}
}

func atLeast(title, unit string, least float64, q quantity) goal {
	return goal{title: title, unit: unit, least: least, figure: q}
}

// A verdict says how a goal stands.
type verdict string

const (
	notMeasured verdict = "not measured"
	missed      verdict = "missed"
	reached     verdict = "reached"
	aimReached  verdict = "aim reached"
	aimMissed   verdict = "not yet the aim" // where there is nothing but an aim
)

func (g goal) judge(value float64) verdict {
	reaches := func(bound float64) bool { return g.atMost && value <= bound || !g.atMost && value >= bound }
	switch {
	case value == 0:
		return notMeasured
	case g.aim != 0 && reaches(g.aim):
		return aimReached
	case g.least == 0:
		return aimMissed
	case reaches(g.least):
		return reached
	}
	return missed
}

// format writes one of the goal's values, nothing for 0.
func (g goal) format(value float64) string {
	switch {
	case value == 0:
		return ""
	case math.IsInf(value, 1):
		return "never"
	}
	return fmt.Sprintf("%.3g%s", value, g.unit)
}

// bound writes a bound: which side of it is good.
func (g goal) bound(value float64) string {
	if value == 0 {
		return ""
	}
	if g.atMost {
		return "≤ " + g.format(value)
	}
	return "≥ " + g.format(value)
}
