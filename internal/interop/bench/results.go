package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// A record is what one run of bench writes to a file.
type record struct {
	Began    time.Time         `json:"began"`
	Machine  *machine          `json:"machine"`
	Versions map[string]string `json:"versions"`
	Command  []string          `json:"command"`
	Missing  []string          `json:"missing,omitempty"`
	Loads    map[string]string `json:"loads"` // of each scenario, what it does
	Samples  []sample          `json:"samples"`
}

func (r *record) write(name string) error {
	out, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(out, '\n'), 0o666)
}

func readRecord(name string) (*record, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Machine == nil || len(r.Samples) == 0 {
		return nil, fmt.Errorf("%s: this is not a file that bench wrote", name)
	}
	return r, nil
}

// results are a round's, or the medians of their parts': those of a run, of its rounds, and those of several runs,
// of the runs.
type results struct {
	keys  []key // in the order of allScenarios
	of    map[key]map[string]summary
	parts []results
}

func merge(records []*record) results {
	var runs []results
	for _, rec := range records {
		var rounds []results
		for _, samples := range rec.rounds() {
			round := make(groups)
			for _, s := range samples {
				round.add(s.key, s.Server, s.summary())
			}
			rounds = append(rounds, results{of: round.combined()})
		}
		runs = append(runs, mergeParts(rounds))
	}
	return mergeParts(runs)
}

// rounds are the samples of each round, one after the other: servers that are compared took turns in it.
func (r *record) rounds() [][]sample {
	of := make(map[int][]sample)
	for _, s := range r.Samples {
		of[s.Round] = append(of[s.Round], s)
	}
	var rounds [][]sample
	for _, n := range slices.Sorted(maps.Keys(of)) {
		rounds = append(rounds, of[n])
	}
	return rounds
}

func mergeParts(parts []results) results {
	all := make(groups)
	for _, part := range parts {
		for k, servers := range part.of {
			for server, sum := range servers {
				all.add(k, server, sum)
			}
		}
	}
	of := all.combined()
	return results{keys: slices.SortedFunc(maps.Keys(of), key.compare), of: of, parts: parts}
}

// across returns the median of what value is in each part that has it. A machine's speed changes from one minute to
// the next: only what was measured side by side is compared.
func (res results) across(value func(results) float64) float64 {
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
type groups map[key]map[string][]summary

func (g groups) add(k key, server string, sum summary) {
	if g[k] == nil {
		g[k] = make(map[string][]summary)
	}
	g[k][server] = append(g[k][server], sum)
}

func (g groups) combined() map[key]map[string]summary {
	of := make(map[key]map[string]summary)
	for k, servers := range g {
		of[k] = make(map[string]summary)
		for server, sums := range servers {
			of[k][server] = combine(sums)
		}
	}
	return of
}

// ratio returns what the metric of one server is to another's, 0 if either was not measured.
func (res results) ratio(k key, metric metric, server, to string) float64 {
	return res.across(func(part results) float64 {
		return over(metric(part.of[k][server].measurement), metric(part.of[k][to].measurement))
	})
}

// over is a to b, 0 if there is no b.
func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// A metric is one quantity of a measurement.
type metric func(measurement) float64

func perSec(m measurement) float64   { return m.PerSec }
func cpuTime(m measurement) float64  { return m.CPU }
func allocs(m measurement) float64   { return m.Allocs }
func idleConn(m measurement) float64 { return m.IdleConn }
func p99(m measurement) float64      { return m.P99 }

// compare orders keys as they are shown: by scenario, server, GOMAXPROCS.
func (k key) compare(other key) int {
	scenario := func(k key) int {
		return slices.IndexFunc(allScenarios, func(s scenario) bool { return s.name == k.Scenario })
	}
	peer := func(k key) int {
		return slices.IndexFunc(allServers(), func(s server) bool { return s.name == k.Peer })
	}
	for _, place := range []func(key) int{scenario, peer, func(k key) int { return k.Procs }} {
		if d := place(k) - place(other); d != 0 {
			return d
		}
	}
	return 0
}
