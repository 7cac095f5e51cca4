package report

import (
	"math"
	"slices"

	"h2fork.example/net/internal/interop/bench/measure"
)

// A summary is what several measurements come to: their medians, and the sums of requests and failures.
type summary struct {
	measure.Measurement
	rounds, errors int // of which errors could not be measured
}

// measured reports whether there is anything to show.
func (s summary) measured() bool { return s.rounds > s.errors }

// combine returns what the summaries come to: of each quantity, the median of the medians.
func combine(parts []summary) summary {
	var all summary
	var medians []measure.Measurement
	for _, p := range parts {
		all.rounds += p.rounds
		all.errors += p.errors
		all.Failed += p.Failed
		all.Requests += p.Requests
		all.Never += p.Never
		if p.measured() {
			medians = append(medians, p.Measurement)
		}
	}
	for i, target := range all.Values() {
		var values []float64
		for _, m := range medians {
			values = append(values, *m.Values()[i])
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

// summaryOf returns a sample as a summary of itself.
func summaryOf(s measure.Sample) summary {
	if s.Error != "" {
		return summary{rounds: 1, errors: 1}
	}
	if s.Never > 0 {
		s.P50, s.P99 = math.Inf(1), math.Inf(1) // what has no end is longer than everything else
	}
	return summary{rounds: 1, Measurement: s.Measurement}
}
