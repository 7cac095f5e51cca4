package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// Results are a round's, or the medians of their parts': those of a run, of its rounds, and those of several runs,
// of the runs.
type Results struct {
	keys  []measure.Key // in the order of the scenarios
	of    map[measure.Key]map[string]summary
	parts []Results
}

// Merge returns what the runs come to.
func Merge(records []*Record) Results {
	var runs []Results
	for _, rec := range records {
		var rounds []Results
		for _, samples := range rec.rounds() {
			round := make(groups)
			for _, s := range samples {
				round.add(s.Key, s.Server, summaryOf(s))
			}
			rounds = append(rounds, Results{of: round.combined()})
		}
		runs = append(runs, mergeParts(rounds))
	}
	return mergeParts(runs)
}

func mergeParts(parts []Results) Results {
	all := make(groups)
	for _, part := range parts {
		for k, servers := range part.of {
			for server, sum := range servers {
				all.add(k, server, sum)
			}
		}
	}
	of := all.combined()
	return Results{keys: slices.SortedFunc(maps.Keys(of), compare), of: of, parts: parts}
}

// across returns the median of what value is in each part that has it. A machine's speed changes from one minute to
// the next: only what was measured side by side is compared.
func (res Results) across(value func(Results) float64) float64 {
	if len(res.parts) == 0 {
		return value(res)
	}
	var values []float64
	for _, part := range res.parts {
		if v := part.across(value); v != 0 {
			values = append(values, v)
		}
	}
	return median(values)
}

// groups are summaries of the same thing, by key and server.
type groups map[measure.Key]map[string][]summary

func (g groups) add(k measure.Key, server string, sum summary) {
	if g[k] == nil {
		g[k] = make(map[string][]summary)
	}
	g[k][server] = append(g[k][server], sum)
}

func (g groups) combined() map[measure.Key]map[string]summary {
	of := make(map[measure.Key]map[string]summary)
	for k, servers := range g {
		of[k] = make(map[string]summary)
		for server, sums := range servers {
			of[k][server] = combine(sums)
		}
	}
	return of
}

// ratio returns what the metric of one server is to another's, 0 if either was not measured.
func (res Results) ratio(k measure.Key, metric metric, server, to string) float64 {
	return res.across(func(part Results) float64 {
		return over(metric(part.of[k][server].Measurement), metric(part.of[k][to].Measurement))
	})
}

// over is a to b, 0 if there is no b, or if one of the two has no end.
func over(a, b float64) float64 {
	if b == 0 || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return 0
	}
	return a / b
}

// A metric is one quantity of a measurement.
type metric func(measure.Measurement) float64

func perSec(m measure.Measurement) float64   { return m.PerSec }
func cpuTime(m measure.Measurement) float64  { return m.CPU }
func allocs(m measure.Measurement) float64   { return m.Allocs }
func idleConn(m measure.Measurement) float64 { return m.IdleConn }
func p50(m measure.Measurement) float64      { return m.P50 }
func p99(m measure.Measurement) float64      { return m.P99 }
func mbps(m measure.Measurement) float64     { return m.MBps }
func mbpsLate(m measure.Measurement) float64 { return m.MBpsLate }
func medianMs(m measure.Measurement) float64 { return m.P50 / 1000 }

// transferTime is what less is better of, where a rate was measured: the time for a MB.
func transferTime(m measure.Measurement) float64 { return over(1, m.MBps) }

// title says what was measured with that key.
func title(k measure.Key) string {
	title := load.Find(k.Scenario).Title
	if k.Peer != "" {
		title += ", to " + k.Peer
	}
	if k.Procs > 0 {
		title += fmt.Sprintf(", GOMAXPROCS=%d", k.Procs)
	}
	return title
}

// compare orders keys as they are shown: by scenario, server, GOMAXPROCS.
func compare(a, b measure.Key) int {
	scenario := func(k measure.Key) int {
		return slices.IndexFunc(load.All(), func(s load.Scenario) bool { return s.Name == k.Scenario })
	}
	peer := func(k measure.Key) int {
		return slices.IndexFunc(processes.All(), func(s processes.Server) bool { return s.Name == k.Peer })
	}
	return cmp.Or(scenario(a)-scenario(b), peer(a)-peer(b), a.Procs-b.Procs)
}
