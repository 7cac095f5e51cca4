package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// A client is this program again, run with -client: a process that makes requests and says how it went.

// clientGrace is what a client may take on top of the time that it is given.
const clientGrace = 20 * time.Second

// measureClient starts a server, the same for all, and measures the client of the stack of that name.
func (r *runner) measureClient(sc scenario, name string) (sample, error) {
	p, err := startGo(stack.Ours().Name)(r.machine, sc)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	args := []string{"-client", name, "-url", p.url + sc.path, "-inflight", fmt.Sprint(sc.inFlight), "-duration", r.options.duration.String()}
	if sc.body != "" {
		args = append(args, "-body", r.machine.file(sc.body))
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmUp+r.options.duration+clientGrace)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("%v: %w\n%s", cmd, err, log.String())
	}
	var s sample
	if err := json.Unmarshal(out, &s); err != nil {
		return sample{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return s, nil
}

// A clientRun is what a client is told to do.
type clientRun struct {
	stack    string
	url      string
	inFlight int
	body     string // a file's name, "" for GET
	duration time.Duration
}

// runClient makes requests, and prints a sample of those after the warm-up.
func runClient(run clientRun, out io.Writer) error {
	s, err := stack.Find(run.stack)
	if err != nil {
		return err
	}
	l := load{client: s.Transport(nil)}
	defer l.client.CloseIdleConnections()
	if l.url, err = url.Parse(run.url); err != nil {
		return err
	}
	if run.body != "" {
		if l.body, err = os.ReadFile(run.body); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	for range run.inFlight {
		wg.Go(l.run)
	}
	time.Sleep(warmUp)
	before, err := l.read()
	if err != nil {
		return err
	}
	time.Sleep(run.duration)
	after, err := l.read()
	if err != nil {
		return err
	}
	l.ended.Store(true)
	wg.Wait()
	result, err := after.since(before)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// A load is requests, as many at a time as there are goroutines in run.
type load struct {
	client stack.Transport
	url    *url.URL
	body   []byte // nil for GET

	ended        atomic.Bool
	done, failed atomic.Int64
}

func (l *load) run() {
	for !l.ended.Load() {
		if err := l.request(); err != nil {
			if l.failed.Add(1) == 1 {
				fmt.Fprintln(os.Stderr, err)
			}
			continue
		}
		l.done.Add(1)
	}
}

func (l *load) request() error {
	req := &http.Request{Method: "GET", URL: l.url, Host: l.url.Host, Header: make(http.Header)}
	if l.body != nil {
		req.Method, req.Body, req.ContentLength = "POST", io.NopCloser(bytes.NewReader(l.body)), int64(len(l.body))
	}
	resp, err := l.client.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// A reading is how far a load has come, and at what cost.
type reading struct {
	at           time.Time
	cpu          time.Duration
	done, failed int64
}

func (l *load) read() (reading, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return reading{}, fmt.Errorf("getrusage: %w", err)
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return reading{time.Now(), cpu, l.done.Load(), l.failed.Load()}, nil
}

// since returns the sample between two readings.
func (r reading) since(before reading) (sample, error) {
	s := sample{Requests: int(r.done - before.done), Failed: int(r.failed - before.failed)}
	s.PerSec = float64(s.Requests) / r.at.Sub(before.at).Seconds()
	s.CPU = float64((r.cpu - before.cpu).Nanoseconds()) / 1000 / float64(max(s.Requests+s.Failed, 1))
	var err error
	s.RSS, err = rss(os.Getpid())
	return s, err
}
