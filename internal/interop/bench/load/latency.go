package load

import (
	"slices"
	"sync"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
)

// latencies are how long calls took that succeeded. Each goroutine that calls has a log of its own: where a client is
// measured, it should not cost anything to keep them.
type latencies struct {
	mu   sync.Mutex
	logs []*latencyLog // guarded by mu
}

// A latencyLog is what one goroutine's calls took, in their order.
type latencyLog struct {
	mu    sync.Mutex
	calls []timedCall // guarded by mu
}

type timedCall struct {
	end  time.Time
	took time.Duration
}

// timed returns do, and notes how long it takes where it succeeds.
func (l *latencies) timed(do func() error) func() error {
	log := new(latencyLog)
	l.mu.Lock()
	l.logs = append(l.logs, log)
	l.mu.Unlock()
	return func() error {
		begin := time.Now()
		if err := do(); err != nil {
			return err
		}
		end := time.Now()
		log.mu.Lock()
		log.calls = append(log.calls, timedCall{end, end.Sub(begin)})
		log.mu.Unlock()
		return nil
	}
}

// within returns what the calls took that ended in a stretch of time, in order of size.
func (l *latencies) within(from, to time.Time) []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var took []time.Duration
	for _, log := range l.logs {
		log.mu.Lock()
		for _, c := range log.calls {
			if !c.end.Before(from) && !c.end.After(to) {
				took = append(took, c.took)
			}
		}
		log.mu.Unlock()
	}
	slices.Sort(took)
	return took
}

// add notes the median and the 99th percentile of the calls that ended in a stretch of time.
func (l *latencies) add(m *measure.Measurement, from, to time.Time) {
	percentiles(m, l.within(from, to))
}

// percentiles notes the median and the 99th percentile of these times, which are in order.
func percentiles(m *measure.Measurement, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	m.P50 = micros(took[len(took)/2])
	m.P99 = micros(took[len(took)*99/100])
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
