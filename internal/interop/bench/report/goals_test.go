package report

import (
	"math"
	"strings"
	"testing"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

func TestAGoalIsJudgedByWhatIsGood(t *testing.T) {
	more := goal{least: 2, aim: 4}
	less := goal{least: 0.75, aim: 0.5, atMost: true}
	aimOnly := goal{aim: 1, atMost: true}
	leastOnly := goal{least: 100}
	for _, c := range []struct {
		goal  goal
		value float64
		want  verdict
	}{
		{more, 0, notMeasured}, {more, 1.9, missed}, {more, 2, reached}, {more, 4, aimReached},
		{less, 0, notMeasured}, {less, 0.8, missed}, {less, 0.75, reached}, {less, 0.1, aimReached},
		{aimOnly, 1.5, aimMissed}, {aimOnly, 1, aimReached},
		{leastOnly, 99, missed}, {leastOnly, 101, reached},
		{less, math.Inf(1), missed},
	} {
		if got := c.goal.judge(c.value); got != c.want {
			t.Errorf("%v of %+v is judged %q, want %q", c.value, c.goal, got, c.want)
		}
	}
}

func TestEveryGoalReadsWhatTheMainSetMeasures(t *testing.T) {
	res := Merge([]*Record{everythingIsOne()})
	for _, g := range goals {
		if got := g.value(res); got == 0 {
			t.Errorf("%s: not measured where everything is", g.title)
		}
	}
}

func TestRatiosAreToTheReference(t *testing.T) {
	rec := cpuRecord("ours", 2)
	rec.Samples = append(rec.Samples, cpuRecord(processes.Reference, 10).Samples...)
	if got := goals[0].value(Merge([]*Record{rec})); got != 5 {
		t.Errorf("throughput is %v × the reference's, want 5", got)
	}
}

func TestAGoalOfWhatNeverEndedIsMissed(t *testing.T) {
	rec := &Record{Machine: &processes.Machine{}, Samples: []measure.Sample{
		{Key: in("neighbour3"), Server: ours, Measurement: measure.Measurement{Never: 1, P50: 10}},
	}}
	res := Merge([]*Record{rec})
	for _, g := range goals {
		if value := g.value(res); value != 0 && (g.judge(value) != missed || g.format(value) != "never") {
			t.Errorf("%s: %s, %s", g.title, g.format(value), g.judge(value))
		}
	}
	if got := Goals(res); !strings.Contains(got, "never") {
		t.Errorf("nothing has never ended in\n%s", got)
	}
}
