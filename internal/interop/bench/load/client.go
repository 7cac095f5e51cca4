package load

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/stack"
)

// A clients is requests that a stack's client makes, so many at a time: it is what is measured.
type clients struct {
	path     string
	inFlight int
	body     string // name of the file that each request carries, "" for GET
}

func (l clients) String() string {
	verb := "GET"
	if l.body != "" {
		verb = "POST " + l.body + " to"
	}
	return fmt.Sprintf("%s %s, %d at a time, CPU of the client", verb, l.path, l.inFlight)
}

func (l clients) Takes(r Run) time.Duration { return 2*startTime + warmUp + r.Duration }

func (l clients) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startPeer()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	spec := clientSpec{Stack: r.Subject.Name, URL: p.URL + l.path, InFlight: l.inFlight, Duration: r.Duration}
	if l.body != "" {
		spec.Body = r.Machine.File(l.body)
	}
	return r.drive(roleClient, spec, r.Setting.Procs, nil)
}

const roleClient = "client"

// A clientSpec is what a client child does.
type clientSpec struct {
	Stack    string
	URL      string
	InFlight int
	Body     string // a file's name, "" for GET
	Duration time.Duration
}

func runClient(spec clientSpec) error {
	request, err := spec.requests()
	if err != nil {
		return err
	}
	var c counter
	var times latencies
	for range spec.InFlight {
		go c.loop(times.timed(request))
	}
	return c.report(spec.Duration, times.add)
}

// requests returns what makes one request.
func (spec clientSpec) requests() (func() error, error) {
	u, err := url.Parse(spec.URL)
	if err != nil {
		return nil, err
	}
	if spec.Stack == processes.Bare {
		c, err := newBareClient(u)
		if err != nil {
			return nil, err
		}
		return c.make, nil
	}
	s, err := stack.Find(spec.Stack)
	if err != nil {
		return nil, err
	}
	l := requests{client: s.Transport(nil), url: u}
	if spec.Body != "" {
		if l.body, err = os.ReadFile(spec.Body); err != nil {
			return nil, err
		}
	}
	return l.make, nil
}

// requests makes requests, all alike.
type requests struct {
	client http.RoundTripper
	url    *url.URL
	body   []byte // nil for GET
}

func (l *requests) make() error {
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

// A counter counts what goroutines do over and over.
type counter struct {
	done, failed atomic.Int64
}

// loop runs do until the process ends.
func (c *counter) loop(do func() error) {
	for {
		if err := do(); err != nil {
			if c.failed.Add(1) == 1 {
				fmt.Fprintln(os.Stderr, err)
			}
			continue
		}
		c.done.Add(1)
	}
}
