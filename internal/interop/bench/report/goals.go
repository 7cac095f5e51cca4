package report

import (
	"fmt"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/stack"
)

// A goal is what this repository promises itself of its speed.
type goal struct {
	title  string
	unit   string  // after the number
	atMost bool    // less is better
	least  float64 // what has to be reached, 0 if there is only an aim
	aim    float64
	value  func(Results) float64 // 0 if it was not measured
}

var ours = stack.Ours().Name

var goals = []goal{
	faster("small", "8 × 32, 13 B: requests/s", 4, 8),
	cheaperThan("small", "8 × 32, 13 B: CPU a request", "hyper", 0, 1),
	faster(load.Single, "32 × 1, 13 B: requests/s", 2, 3),
	cheaperThan(load.Single, "32 × 1, 13 B: CPU a request", "nghttpd", 0, 1),
	cheaperThan("download", "1 MiB download: CPU a response", processes.Reference, 0.75, 0.55),
	cheaperThan("upload", "1 MiB upload: CPU a request", processes.Reference, 0.7, 0.45),
	faster("grpc", "gRPC unary, grpc.Server.ServeHTTP: requests/s", 1.5, 2.5),
	faster("tls", "TLS, 8 × 32, 13 B: requests/s", 3, 5),
	{title: "heap allocations a request, GET, 13 B", atMost: true, least: 12, aim: 7,
		value: func(r Results) float64 { return allocs(r.of[measure.Key{Scenario: load.Small}][ours].Measurement) }},
	idleGoal("idle connection, RSS", ours),
	idleGoal("idle connection of ServeConn, RSS", ours+"-serveconn"),
	growth("CPU a request with 10,000 open streams", "open10", "open10k"),
	growth("CPU a request of 10,000 that sleep 10 ms", "sleep10", "sleep10k"),
	{title: "Transport, 64 in flight, 13 B, same server: requests/s", unit: " × " + processes.Reference, least: 2, aim: 4,
		value: func(r Results) float64 {
			return r.ratio(measure.Key{Scenario: "transport", Peer: ours}, perSec, ours, processes.Reference)
		}},
}

// faster is a goal of throughput, compared with the reference.
func faster(scenario, title string, least, aim float64) goal {
	return goal{title: title, unit: " × " + processes.Reference, least: least, aim: aim,
		value: func(r Results) float64 {
			return r.ratio(measure.Key{Scenario: scenario}, perSec, ours, processes.Reference)
		}}
}

// cheaperThan is a goal of CPU time, compared with another server.
func cheaperThan(scenario, title, server string, least, aim float64) goal {
	return goal{title: title, unit: " × " + server, atMost: true, least: least, aim: aim,
		value: func(r Results) float64 { return r.ratio(measure.Key{Scenario: scenario}, cpuTime, ours, server) }}
}

func idleGoal(title, server string) goal {
	return goal{title: title, unit: " KiB", atMost: true, least: 12, aim: 6,
		value: func(r Results) float64 { return idleConn(r.of[measure.Key{Scenario: load.Idle}][server].Measurement) }}
}

// growth is a goal of what CPU time many streams cost, compared with few.
func growth(title, few, many string) goal {
	return goal{title: title, unit: " × with 10", atMost: true, least: 1.5, aim: 1.1, value: func(r Results) float64 {
		return r.across(func(part Results) float64 {
			return over(cpuTime(part.of[measure.Key{Scenario: many}][ours].Measurement), cpuTime(part.of[measure.Key{Scenario: few}][ours].Measurement))
		})
	}}
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
	case reaches(g.aim):
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
	if value == 0 {
		return ""
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
