package load

import (
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
)

func TestTheLateRateIsThatOfTheSecondHalfOfTheBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a arrivals
		for range 10 { // a MB/s at first
			time.Sleep(time.Second)
			a.add(1e6)
		}
		for range 10 {
			time.Sleep(time.Second / 10)
			a.add(1e6)
		}
		if got := a.late(); got < 9 || got > 11 {
			t.Errorf("the rate is %v MB/s, want 10", got)
		}
	})
}

func TestNothingHasNoLateRate(t *testing.T) {
	var a arrivals
	if got := a.late(); got != 0 {
		t.Errorf("the rate of nothing is %v", got)
	}
}

func TestPercentilesAreOfTheCallsThatEndedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l latencies
		call := func(d time.Duration) {
			l.timed(func() error { time.Sleep(d); return nil })()
		}
		call(time.Hour)
		from := time.Now()
		for d := range 100 {
			call(time.Duration(d+1) * time.Millisecond)
		}
		to := time.Now()
		call(time.Hour)
		var m measure.Measurement
		l.add(&m, from.Add(1), to)
		if m.P50 != 51_000 || m.P99 != 100_000 {
			t.Errorf("median %v µs, 99th percentile %v µs", m.P50, m.P99)
		}
	})
}
