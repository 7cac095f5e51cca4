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

// results are one record's medians, or the medians of several records' medians.
type results struct {
	keys []key // in the order of allScenarios
	of   map[key]map[string]summary
}

func merge(records []*record) results {
	all := make(groups)
	for _, rec := range records {
		rounds := make(groups)
		for _, s := range rec.Samples {
			rounds.add(s.key, s.Server, s.summary())
		}
		for k, servers := range rounds.combined() {
			for server, sum := range servers {
				all.add(k, server, sum)
			}
		}
	}
	of := all.combined()
	return results{keys: slices.SortedFunc(maps.Keys(of), key.compare), of: of}
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
	a, b := metric(res.of[k][server].measurement), metric(res.of[k][to].measurement)
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
