package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"h2fork.example/net/internal/interop/bench/measure"
)

// A mixed is fast requests, so many at a time, beside others that take their time, on one connection. The client
// is golang.org/x/net's, whichever server it is.
type mixed struct {
	aside  string // path of the slow ones
	asideN int
	fastN  int
}

func (l mixed) String() string {
	return fmt.Sprintf("GET /hello, %d at a time, beside %d of %s, on one connection of x/net's Transport", l.fastN, l.asideN, l.aside)
}

func (l mixed) Takes(r Run) time.Duration { return 2*startTime + warmUp + r.Duration }

func (l mixed) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	return r.drive(roleMixed, mixedSpec{p.URL + "/hello", l.fastN, p.URL + l.aside, l.asideN, r.Duration}, 0, p)
}

const roleMixed = "mixed"

// A mixedSpec is what a mixed child does.
type mixedSpec struct {
	FastURL  string
	FastN    int
	AsideURL string
	AsideN   int
	Duration time.Duration
}

func runMixed(spec mixedSpec) error {
	client := oneConnection()
	fast, aside := requests{client: client}, requests{client: client}
	var err error
	if fast.url, err = url.Parse(spec.FastURL); err != nil {
		return err
	}
	if aside.url, err = url.Parse(spec.AsideURL); err != nil {
		return err
	}
	if err := fast.make(); err != nil { // after which the client knows how many streams it may open
		return err
	}
	var c counter
	if err := aside.keepOpen(spec.AsideN, &c); err != nil {
		return err
	}
	var times latencies
	for range spec.FastN {
		go c.loop(times.timed(fast.make))
	}
	return c.report(spec.Duration, times.add)
}

// oneConnection returns a client that dials once.
func oneConnection() http.RoundTripper {
	var dialed atomic.Bool
	return &http2.Transport{
		AllowHTTP:                  true,
		StrictMaxConcurrentStreams: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			if dialed.Swap(true) {
				return nil, errors.New("the connection was lost")
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
}

// keepOpen keeps n requests open from now on, and returns when all have been answered for the first time. A
// request that fails later counts as failed.
func (l *requests) keepOpen(n int, c *counter) error {
	var opened sync.WaitGroup
	for range n {
		var once sync.Once
		opened.Add(1)
		answered := func() { once.Do(opened.Done) }
		go func() {
			for {
				if err := l.read(answered); err != nil {
					c.failed.Add(1)
					answered()
					return
				}
			}
		}()
	}
	opened.Wait()
	if c.failed.Load() > 0 {
		return fmt.Errorf("%d of %d requests for %s failed", c.failed.Load(), n, l.url)
	}
	return nil
}

// read makes a request, calls answered when the header has come, and reads the body.
func (l *requests) read(answered func()) error {
	resp, err := l.client.RoundTrip(&http.Request{Method: "GET", URL: l.url, Host: l.url.Host, Header: make(http.Header)})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answered()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
