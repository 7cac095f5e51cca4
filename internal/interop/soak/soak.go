package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"h2fork.example/net/internal/interop/progress"
)

// minSamples is how often memory is looked at, at least: trends need points.
const minSamples = 10

// settleTime is how long a server may take, once its clients pause, to be done with connections that they left. It
// lets a client read a GOAWAY frame for a second.
const settleTime = 1500 * time.Millisecond

// A report is what came of a soak.
type report struct {
	took    time.Duration
	kinds   []*kind
	samples []sample
}

// A sample is what was held at a time.
type sample struct {
	at              time.Duration
	server, clients usage
}

// A kind is traffic of a kind, and how it went.
type kind struct {
	traffic

	mu    sync.Mutex
	done  int
	asked int // failed as the client wanted
	wrong map[string]int
}

// errAsked is what traffic returns that failed as it was meant to.
var errAsked = errors.New("as the client asked")

// maxWrong is how many different errors a kind keeps.
const maxWrong = 10

func (k *kind) count(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err == nil:
		k.done++
	case errors.Is(err, errAsked):
		k.asked++
	default:
		text := err.Error()
		if _, known := k.wrong[text]; !known && len(k.wrong) >= maxWrong {
			text = "others"
		}
		k.wrong[text]++
	}
}

// failures is how often something failed that was not to.
func (k *kind) failures() (n int) {
	for _, times := range k.wrong {
		n += times
	}
	return n
}

// soak makes all kinds of traffic for a time, and pauses it every so often to look at memory.
func soak(duration, every time.Duration, out *os.File) (*report, error) {
	srv, err := startServer()
	if err != nil {
		return nil, err
	}
	defer srv.Stop()
	r := &report{took: duration}
	for _, t := range allTraffic() {
		r.kinds = append(r.kinds, &kind{traffic: t, wrong: make(map[string]int)})
	}
	if err := r.sample(srv, 0); err != nil {
		return nil, err
	}
	var pause sync.RWMutex // traffic has it to read while it is under way
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for _, k := range r.kinds {
		for n := range k.workers {
			do, end := k.start(srv.target(n%2 == 0))
			workers.Go(func() {
				defer end()
				for {
					select {
					case <-stop:
						return
					default:
					}
					pause.RLock()
					err := do()
					pause.RUnlock()
					k.count(err)
				}
			})
		}
	}
	err = r.watch(srv, &pause, duration, every, out)
	close(stop)
	workers.Wait()
	return r, err
}

// watch looks at memory every so often.
func (r *report) watch(srv *server, pause *sync.RWMutex, duration, every time.Duration, out *os.File) error {
	show := progress.New(out, int(duration/every), "samples")
	defer show.Finish()
	begin := time.Now()
	for at := every; at <= duration; at += every {
		show.Begin("soaking")
		time.Sleep(time.Until(begin.Add(at)))
		pause.Lock()
		time.Sleep(settleTime)
		err := r.sample(srv, at)
		pause.Unlock()
		if err != nil {
			return err
		}
		show.Step()
		show.End(r.line())
		begin = begin.Add(settleTime) // the pause does not count
	}
	return nil
}

// sample looks at memory.
func (r *report) sample(srv *server, at time.Duration) error {
	u, err := srv.usage()
	if err != nil {
		return fmt.Errorf("the server has ended: %w", err)
	}
	r.samples = append(r.samples, sample{at, u, used()})
	return nil
}

// line is how things are.
func (r *report) line() string {
	var done, asked, wrong int
	for _, k := range r.kinds {
		k.mu.Lock()
		done, asked, wrong = done+k.done, asked+k.asked, wrong+k.failures()
		k.mu.Unlock()
	}
	last := r.samples[len(r.samples)-1]
	return fmt.Sprintf("%v: %d done, %d failed as asked, %d failed; the server holds %s MiB and %d goroutines",
		last.at.Round(time.Second/10), done, asked, wrong, mibs(last.server.Heap), last.server.Goroutines)
}
