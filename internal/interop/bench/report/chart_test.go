package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestABarIsAsLongAsTheRatio(t *testing.T) {
	res := Merge([]*Record{chartRecord()})
	b := newBar(res, panels[0].lines[0], 0, true)
	if want := chartAxis / 5; b.Width != want { // 0.25 of an axis that ends at 1.25
		t.Errorf("a bar of %d pixels for a ratio of 0.25, want %d", b.Width, want)
	}
	if b.Ratio != "0.25 ×" || b.Rate != "4.0 ×" {
		t.Errorf("the bar says %q and %q", b.Ratio, b.Rate)
	}
	if len(b.Marks) != 1 || b.Marks[0].X != chartLeft+chartAxis || !b.Marks[0].Beyond {
		t.Errorf("marks %+v, want nghttpd's at the axis' end", b.Marks)
	}
}

func TestTheChartIsWellFormedAndTheSameEachTime(t *testing.T) {
	records := []*Record{chartRecord()}
	records[0].Machine.CPU = "a <CPU> & more"
	first, err := Chart(records, Merge(records))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := Chart(records, Merge(records))
		if err != nil || again != first {
			t.Fatalf("another chart of the same results, %v", err)
		}
	}
	d := xml.NewDecoder(strings.NewReader(first))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPanelsWithoutResultsAreLeftOut(t *testing.T) {
	records := []*Record{chartRecord()}
	svg, err := Chart(records, Merge(records))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(svg, panels[0].title) || strings.Contains(svg, panels[1].title) {
		t.Error("the chart does not have the first panel only")
	}
}
