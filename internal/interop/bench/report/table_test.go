package report

import (
	"strings"
	"testing"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
)

func TestTheTableComparesWithUpstream(t *testing.T) {
	got := Table(Merge([]*Record{chartRecord()}))
	for _, want := range []string{"4.00", "0.25"} {
		if !strings.Contains(got, want) {
			t.Errorf("no ratio %s in\n%s", want, got)
		}
	}
}

func TestWhatCouldNotBeMeasuredIsSaid(t *testing.T) {
	rec := chartRecord()
	rec.Samples = append(rec.Samples, measure.Sample{Key: measure.Key{Scenario: load.Small}, Server: "h2o", Error: "it did not start"})
	if got := Table(Merge([]*Record{rec})); !strings.Contains(got, "could not be measured") {
		t.Errorf("nothing is said of h2o in\n%s", got)
	}
}

func TestMarkdownHasAColumnForEachServerMeasured(t *testing.T) {
	records := []*Record{chartRecord()}
	got := Markdown(records, Merge(records))
	if want := "|  | ours | xnet | nghttpd |"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
	if !strings.Contains(got, "| 8 connections × 32 streams, 13 B | 2.00 | 8.00 | 16.0 |") {
		t.Errorf("no line of CPU times in\n%s", got)
	}
}

func TestWhatNeverEndedIsSaid(t *testing.T) {
	rec := chartRecord()
	rec.Samples = append(rec.Samples, measure.Sample{Key: in("neighbour3"), Server: ours, Measurement: measure.Measurement{Never: 1}})
	if got := Table(Merge([]*Record{rec})); !strings.Contains(got, "never ended") {
		t.Errorf("nothing is said of what never ended in\n%s", got)
	}
}

func TestMarkdownHasNoTableOfWhatWasNotMeasured(t *testing.T) {
	records := []*Record{chartRecord()}
	if got := Markdown(records, Merge(records)); strings.Contains(got, "Over a link") {
		t.Errorf("there is a table of links in\n%s", got)
	}
}
