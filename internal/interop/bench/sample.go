package main

import (
	"fmt"
	"slices"
)

// A measurement is what is found out about a server, or a client. Zero is what was not measured.
type measurement struct {
	Requests int     `json:"requests,omitempty"` // that were answered with success
	Failed   int     `json:"failed"`
	PerSec   float64 `json:"requests_per_second,omitempty"`
	CPU      float64 `json:"cpu_us_per_request,omitempty"`
	Allocs   float64 `json:"allocations_per_request,omitempty"`
	RSS      float64 `json:"rss_kib,omitempty"`
	IdleConn float64 `json:"rss_kib_per_idle_connection,omitempty"`
	P50      float64 `json:"latency_median_us,omitempty"`
	P99      float64 `json:"latency_99th_percentile_us,omitempty"`
}

// values returns the quantities that medians are taken of.
func (m *measurement) values() []*float64 {
	return []*float64{&m.PerSec, &m.CPU, &m.Allocs, &m.RSS, &m.IdleConn, &m.P50, &m.P99}
}

// A key says what is comparable: everything measured with the same one.
type key struct {
	Scenario string `json:"scenario"`
	Peer     string `json:"requests_to,omitempty"` // the server, where clients are measured
	Procs    int    `json:"gomaxprocs,omitempty"`
}

func (k key) title() string {
	title := findScenario(k.Scenario).title
	if k.Peer != "" {
		title += ", to " + k.Peer
	}
	if k.Procs > 0 {
		title += fmt.Sprintf(", GOMAXPROCS=%d", k.Procs)
	}
	return title
}

// A sample is one measurement of one server or client.
type sample struct {
	key
	Server string `json:"server"` // or the client of that stack
	Round  int    `json:"round"`
	measurement
	Error string `json:"error,omitempty"`
}

func (s sample) String() string {
	switch {
	case s.Error != "":
		return s.Error
	case s.Scenario == idleScenario:
		return fmt.Sprintf("%8.1f KiB a connection", s.IdleConn)
	}
	return fmt.Sprintf("%8.0f requests/s  %8.2f CPU µs/request  %d failed", s.PerSec, s.CPU, s.Failed)
}

// A summary is what several measurements come to: their medians, and the sums of requests and failures.
type summary struct {
	measurement
	rounds, errors int // of which errors could not be measured
}

// measured reports whether there is anything to show.
func (s summary) measured() bool { return s.rounds > s.errors }

// combine returns what the summaries come to: of each quantity, the median of the medians.
func combine(parts []summary) summary {
	var all summary
	var medians []measurement
	for _, p := range parts {
		all.rounds += p.rounds
		all.errors += p.errors
		all.Failed += p.Failed
		all.Requests += p.Requests
		if p.measured() {
			medians = append(medians, p.measurement)
		}
	}
	for i, target := range all.values() {
		var values []float64
		for _, m := range medians {
			values = append(values, *m.values()[i])
		}
		*target = median(values)
	}
	return all
}

// median returns the middle value, the mean of the two if there are two, 0 of nothing.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// summary returns a sample as a summary of itself.
func (s sample) summary() summary {
	if s.Error != "" {
		return summary{rounds: 1, errors: 1}
	}
	return summary{rounds: 1, measurement: s.measurement}
}
