package main

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestMedianIsTheMiddle(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 100}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

// cpuRecord is a run in which server had these CPU times in the rounds of scenario small.
func cpuRecord(server string, rounds ...float64) *record {
	rec := &record{Machine: &machine{CPU: "a CPU"}, Command: []string{"bench"}}
	for i, cpu := range rounds {
		rec.Samples = append(rec.Samples, sample{
			key: key{Scenario: "small"}, Server: server, Round: i + 1,
			measurement: measurement{Requests: 10, CPU: cpu, PerSec: 1000 / cpu},
		})
	}
	return rec
}

func TestRatiosAreTakenWithinARoundAndOfThoseTheMedian(t *testing.T) {
	rec := cpuRecord("ours", 1, 20, 3)
	rec.Samples = append(rec.Samples, cpuRecord("xnet", 2, 50, 4).Samples...) // the machine was slow in the second round
	res := merge([]*record{rec})
	if got := res.ratio(key{Scenario: "small"}, cpuTime, "ours", "xnet"); got != 0.5 {
		t.Errorf("ratio %v, want the median of 0.5, 0.4 and 0.75", got)
	}
	if got := res.of[key{Scenario: "small"}]["ours"].CPU; got != 3 {
		t.Errorf("CPU time %v, want 3", got)
	}
}

func TestRunsAreMergedByTheMedianOfTheirMedians(t *testing.T) {
	res := merge([]*record{cpuRecord("ours", 1, 1, 1, 1, 1), cpuRecord("ours", 4, 5, 90), cpuRecord("ours", 9)})
	if got := res.of[key{Scenario: "small"}]["ours"]; got.CPU != 5 || got.rounds != 9 {
		t.Errorf("CPU time of %v in %d rounds, want 5 in 9", got.CPU, got.rounds)
	}
}

func TestARoundThatFailedIsNoMeasurement(t *testing.T) {
	rec := cpuRecord("ours", 4, 8)
	rec.Samples = append(rec.Samples, sample{key: key{Scenario: "small"}, Server: "ours", Error: "it did not start"})
	got := merge([]*record{rec}).of[key{Scenario: "small"}]["ours"]
	if got.CPU != 6 || got.rounds != 3 || got.errors != 1 {
		t.Errorf("CPU time of %v in %d rounds, %d of which failed", got.CPU, got.rounds, got.errors)
	}
}

func TestWhatNobodyMeasuredIsNoMeasurement(t *testing.T) {
	rec := &record{Samples: []sample{{key: key{Scenario: "small"}, Server: "ours", Error: "it did not start"}}}
	if sum := merge([]*record{rec}).of[key{Scenario: "small"}]["ours"]; sum.measured() {
		t.Errorf("measured %+v", sum)
	}
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	rec := cpuRecord("ours", 4, 8)
	rec.Versions, rec.Loads = map[string]string{"ours": "today's"}, map[string]string{"small": "h2load"}
	name := filepath.Join(t.TempDir(), "run.json")
	if err := rec.write(name); err != nil {
		t.Fatal(err)
	}
	got, err := readRecord(name)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, rec) {
		t.Errorf("read %+v, want %+v", got, rec)
	}
}

func TestResultsAreInTheOrderOfTheScenarios(t *testing.T) {
	want := []key{{Scenario: "small"}, {Scenario: "procs", Procs: 1}, {Scenario: "procs", Procs: 4}, {Scenario: "transport", Peer: "ours"}, {Scenario: "transport", Peer: "xnet"}}
	rec := new(record)
	for _, i := range []int{3, 0, 4, 2, 1} {
		rec.Samples = append(rec.Samples, sample{key: want[i], Server: "ours"})
	}
	if got := merge([]*record{rec}).keys; !reflect.DeepEqual(got, want) {
		t.Errorf("order is %v, want %v", got, want)
	}
}
