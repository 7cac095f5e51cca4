package report

import (
	"path/filepath"
	"reflect"
	"testing"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
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

func TestRatiosAreTakenWithinARoundAndOfThoseTheMedian(t *testing.T) {
	rec := cpuRecord("ours", 1, 20, 3)
	rec.Samples = append(rec.Samples, cpuRecord("xnet", 2, 50, 4).Samples...) // the machine was slow in the second round
	res := Merge([]*Record{rec})
	if got := res.ratio(measure.Key{Scenario: load.Small}, cpuTime, "ours", "xnet"); got != 0.5 {
		t.Errorf("ratio %v, want the median of 0.5, 0.4 and 0.75", got)
	}
	if got := res.of[measure.Key{Scenario: load.Small}]["ours"].CPU; got != 3 {
		t.Errorf("CPU time %v, want 3", got)
	}
}

func TestRunsAreMergedByTheMedianOfTheirMedians(t *testing.T) {
	res := Merge([]*Record{cpuRecord("ours", 1, 1, 1, 1, 1), cpuRecord("ours", 4, 5, 90), cpuRecord("ours", 9)})
	if got := res.of[measure.Key{Scenario: load.Small}]["ours"]; got.CPU != 5 || got.rounds != 9 {
		t.Errorf("CPU time of %v in %d rounds, want 5 in 9", got.CPU, got.rounds)
	}
}

func TestARoundThatFailedIsNoMeasurement(t *testing.T) {
	rec := cpuRecord("ours", 4, 8)
	rec.Samples = append(rec.Samples, measure.Sample{Key: measure.Key{Scenario: load.Small}, Server: "ours", Error: "it did not start"})
	got := Merge([]*Record{rec}).of[measure.Key{Scenario: load.Small}]["ours"]
	if got.CPU != 6 || got.rounds != 3 || got.errors != 1 {
		t.Errorf("CPU time of %v in %d rounds, %d of which failed", got.CPU, got.rounds, got.errors)
	}
}

func TestWhatNobodyMeasuredIsNoMeasurement(t *testing.T) {
	rec := &Record{Samples: []measure.Sample{{Key: measure.Key{Scenario: load.Small}, Server: "ours", Error: "it did not start"}}}
	if sum := Merge([]*Record{rec}).of[measure.Key{Scenario: load.Small}]["ours"]; sum.measured() {
		t.Errorf("measured %+v", sum)
	}
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	rec := cpuRecord("ours", 4, 8)
	rec.Versions, rec.Loads = map[string]string{"ours": "today's"}, map[string]string{"small": "h2load"}
	name := filepath.Join(t.TempDir(), "run.json")
	if err := rec.Write(name); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecord(name)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, rec) {
		t.Errorf("read %+v, want %+v", got, rec)
	}
}

func TestResultsAreInTheOrderOfTheScenarios(t *testing.T) {
	want := []measure.Key{{Scenario: load.Small}, {Scenario: "procs", Procs: 1}, {Scenario: "procs", Procs: 4}, {Scenario: "transport", Peer: "ours"}, {Scenario: "transport", Peer: "xnet"}}
	rec := new(Record)
	for _, i := range []int{3, 0, 4, 2, 1} {
		rec.Samples = append(rec.Samples, measure.Sample{Key: want[i], Server: "ours"})
	}
	if got := Merge([]*Record{rec}).keys; !reflect.DeepEqual(got, want) {
		t.Errorf("order is %v, want %v", got, want)
	}
}

func TestOneRoundThatNeverEndedIsOneOfThree(t *testing.T) {
	rec := new(Record)
	for i, took := range []float64{5, 0, 7} {
		m := measure.Measurement{P50: took}
		if took == 0 {
			m.Never = 1
		}
		rec.Samples = append(rec.Samples, measure.Sample{Key: in("neighbour3"), Server: ours, Round: i + 1, Measurement: m})
	}
	if got := Merge([]*Record{rec}).of[in("neighbour3")][ours].P50; got != 7 {
		t.Errorf("the median of 5, 7 and never is %v", got)
	}
}
