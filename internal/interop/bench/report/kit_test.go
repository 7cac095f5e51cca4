package report

import (
	"slices"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// cpuRecord is a run in which server had these CPU times in the rounds of scenario small.
func cpuRecord(server string, rounds ...float64) *Record {
	rec := &Record{Machine: &processes.Machine{CPU: "a CPU"}, Command: []string{"bench"}}
	for i, cpu := range rounds {
		rec.Samples = append(rec.Samples, measure.Sample{
			Key: measure.Key{Scenario: load.Small}, Server: server, Round: i + 1,
			Measurement: measure.Measurement{Requests: 10, CPU: cpu, PerSec: 1000 / cpu},
		})
	}
	return rec
}

// chartRecord has ours at a quarter of the reference's CPU time, and nghttpd at twice as much.
func chartRecord() *Record {
	rec := cpuRecord("ours", 2)
	rec.Samples = append(rec.Samples, cpuRecord(processes.Reference, 8).Samples...)
	rec.Samples = append(rec.Samples, cpuRecord("nghttpd", 16).Samples...)
	return rec
}

// everythingIsOne is a run of the main set in which every quantity of every server is 1.
func everythingIsOne() *Record {
	rec := &Record{Machine: &processes.Machine{CPU: "a CPU"}, Command: []string{"bench"}}
	for _, sc := range load.All() {
		if sc.Extra {
			continue
		}
		k := measure.Key{Scenario: sc.Name}
		if sc.MeasuresClients() {
			k.Peer = ours
		}
		for _, k.Procs = range slices.Concat(sc.Procs, []int{0}) {
			for _, srv := range processes.All() {
				if !sc.Suits(srv) {
					continue
				}
				s := measure.Sample{Key: k, Server: srv.Name, Round: 1}
				for _, v := range s.Values() {
					*v = 1
				}
				rec.Samples = append(rec.Samples, s)
			}
		}
	}
	return rec
}
