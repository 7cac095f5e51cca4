package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

const (
	// neighbourLimit is when an upload has never ended.
	neighbourLimit = 3 * time.Second
	// stuckFor is how long no byte of the others' has gone out when they are taken to be stuck, stuckLimit how long it may
	// take until they are.
	stuckFor   = 200 * time.Millisecond
	stuckLimit = 5 * time.Second
	// neighbourRounds bounds the uploads that are timed.
	neighbourRounds = 200
)

// A neighbour is uploads of 1 MiB, one after the other, beside requests on the same connection whose handlers do not read
// what is sent to them. The client is golang.org/x/net's, whichever server it is.
type neighbour struct{ stuck int }

func (l neighbour) String() string {
	return fmt.Sprintf("POST %d KiB to %s, beside %d endless ones to /park, on one connection of x/net's Transport, for at most %v each",
		processes.MebibyteSize>>10, processes.PathSink, l.stuck, neighbourLimit)
}

func (l neighbour) Takes(r Run) time.Duration {
	return 2*startTime + stuckFor + max(r.Duration, neighbourLimit)
}

func (l neighbour) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	m, err = r.drive(roleNeighbour, neighbourSpec{p.URL, l.stuck, r.Duration}, 0, p)
	m.CPU, m.Allocs = 0, 0 // of too few requests
	return m, err
}

const roleNeighbour = "neighbour"

// A neighbourSpec is what a neighbour child does.
type neighbourSpec struct {
	URL      string
	Stuck    int
	Duration time.Duration
}

func runNeighbour(spec neighbourSpec) error {
	processes.AwaitEnd()
	client := oneConnection()
	if err := post(client, spec.URL+processes.PathSink, 1, neighbourLimit); err != nil { // after which the client knows what it may
		return err
	}
	if err := getStuck(client, spec.URL+"/park", spec.Stuck); err != nil {
		return err
	}
	fmt.Println(lineBegin)
	var m measure.Measurement
	var took []time.Duration
	for begin := time.Now(); time.Since(begin) < spec.Duration && len(took) < neighbourRounds; {
		one := time.Now()
		err := post(client, spec.URL+processes.PathSink, processes.MebibyteSize, neighbourLimit)
		if errors.Is(err, context.DeadlineExceeded) {
			m.Never++
			break
		}
		if err != nil {
			return err
		}
		took = append(took, time.Since(one))
	}
	m.Requests = len(took)
	slices.Sort(took)
	percentiles(&m, took)
	return tell(m)
}

// post uploads zeros.
func post(client http.RoundTripper, url string, size int64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return send(ctx, client, "POST", url, size, io.Discard)
}

// getStuck makes n requests with bodies that do not end, and returns when nothing more of them goes out.
func getStuck(client http.RoundTripper, url string, n int) error {
	var sent atomic.Int64
	failed := make(chan error, n)
	for range n {
		go func() {
			req, err := http.NewRequest("POST", url, countedReader{&sent})
			if err == nil {
				_, err = client.RoundTrip(req) // its body is never read, nor closed: the request is under way until the end
			}
			if err != nil {
				failed <- err
			}
		}()
	}
	deadline := time.Now().Add(stuckLimit)
	for before := int64(-1); before != sent.Load(); {
		before = sent.Load()
		select {
		case err := <-failed:
			return fmt.Errorf("one of %d requests that are to be stuck: %w", n, err)
		case <-time.After(stuckFor):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d requests that are not read are still being sent after %v", n, stuckLimit)
		}
	}
	return nil
}

// A countedReader is a body without an end.
type countedReader struct{ sent *atomic.Int64 }

func (r countedReader) Read(p []byte) (int, error) {
	r.sent.Add(int64(len(p)))
	return len(p), nil
}
