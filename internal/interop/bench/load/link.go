package load

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/bench/relay"
	"h2fork.example/net/internal/interop/stack"
)

// Loads over a link measure how fast bytes get through where a round trip takes its time: whether windows hold them up.

const (
	linkRate = 125_000_000 // bytes a second: 1 Gbit/s
	// linkLimit bounds a transfer. One that is not done by then has the rate that it had.
	linkLimit = 10 * time.Second
	// manyUploads are made at a time, each of manySize.
	manyUploads = 100
	manySize    = 64 << 10
)

// A direction is what goes over a link.
type direction string

const (
	up   direction = "up"   // one upload
	down direction = "down" // one download
	many direction = "many" // small uploads, all at once
)

// An overLink is a transfer over a link, on a connection that has had a request. The client of uploads is
// golang.org/x/net's, whichever server it is. Of downloads it is the clients that are measured.
type overLink struct {
	direction direction
	roundTrip time.Duration
}

func (l overLink) String() string {
	what := map[direction]string{
		up:   fmt.Sprintf("POST %d MiB to %s, x/net's Transport", processes.LargeSize>>20, processes.PathSink),
		down: fmt.Sprintf("GET /%s", processes.FileLarge),
		many: fmt.Sprintf("POST %d KiB to %s, %d at once on one connection of x/net's Transport", manySize>>10, processes.PathSink, manyUploads),
	}[l.direction]
	return fmt.Sprintf("%s, over a link with a round trip of %v and 1 Gbit/s, for at most %v", what, l.roundTrip, linkLimit)
}

// Takes is a guess: what is held up by a window of 1 MiB.
func (l overLink) Takes(r Run) time.Duration {
	return 2*startTime + warmUp + min(linkLimit, time.Second+processes.LargeSize>>20*l.roundTrip/2)
}

func (l overLink) Measure(r Run) (m measure.Measurement, err error) {
	start, client := r.startSubject, stack.XNet().Name
	if l.direction == down {
		start, client = r.startPeer, r.Subject.Name
	}
	p, err := start()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	m, err = r.drive(roleLink, linkSpec{p.URL, client, l.direction, l.roundTrip}, r.Setting.Procs, nil)
	m.CPU, m.Allocs, m.RSS = 0, 0, 0 // of the relay too
	return m, err
}

const roleLink = "link"

// A linkSpec is what a child that transfers does.
type linkSpec struct {
	URL       string
	Stack     string // the client's
	Direction direction
	RoundTrip time.Duration
}

func runLink(spec linkSpec) error {
	processes.AwaitEnd()
	t, err := newTransfer(spec)
	if err != nil {
		return err
	}
	if err := t.get("/"+processes.FileHello, io.Discard); err != nil { // after which SETTINGS have been exchanged
		return err
	}
	fmt.Println(lineBegin)
	var m measure.Measurement
	switch spec.Direction {
	case up:
		m, err = t.up()
	case down:
		m, err = t.down()
	case many:
		m, err = t.many()
	}
	if err != nil {
		return err
	}
	return tell(m)
}

// A transfer is a client, with a link between it and a server.
type transfer struct {
	client  http.RoundTripper
	base    url.URL  // where the link begins
	arrived arrivals // at the server
}

// newTransfer puts a link before a server.
func newTransfer(spec linkSpec) (*transfer, error) {
	u, err := url.Parse(spec.URL)
	if err != nil {
		return nil, err
	}
	s, err := stack.Find(spec.Stack)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &transfer{client: s.Transport(nil), base: url.URL{Scheme: u.Scheme, Host: ln.Addr().String()}}
	link := relay.Link{Delay: spec.RoundTrip / 2, Rate: linkRate}
	go link.Serve(ln, func() (net.Conn, error) {
		nc, err := net.Dial("tcp", u.Host)
		if err != nil {
			return nil, err
		}
		return countedConn{nc.(*net.TCPConn), &t.arrived}, nil
	})
	return t, nil
}

// do makes a request of size zeros, and writes the body of the answer to w.
func (t *transfer) do(ctx context.Context, method, path string, size int64, w io.Writer) error {
	u := t.base
	u.Path = path
	return send(ctx, t.client, method, u.String(), size, w)
}

func (t *transfer) get(path string, w io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), linkLimit)
	defer cancel()
	return t.do(ctx, "GET", path, 0, w)
}

// up uploads.
func (t *transfer) up() (measure.Measurement, error) {
	return t.timed(&t.arrived, func(ctx context.Context) error {
		return t.do(ctx, "POST", processes.PathSink, processes.LargeSize, io.Discard)
	})
}

// down downloads.
func (t *transfer) down() (measure.Measurement, error) {
	var read arrivals
	return t.timed(&read, func(ctx context.Context) error {
		return t.do(ctx, "GET", "/"+processes.FileLarge, 0, &read)
	})
}

// timed does a large transfer, whose bytes are counted by got. The end of its time is not an error.
func (t *transfer) timed(got *arrivals, do func(context.Context) error) (m measure.Measurement, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), linkLimit)
	defer cancel()
	got.reset()
	begin := time.Now()
	err = do(ctx)
	took := time.Since(begin)
	m.MBps, m.MBpsLate = got.total()/1e6/took.Seconds(), got.late()
	switch {
	case err == nil:
		m.Requests = 1
	case ctx.Err() == nil:
		return m, err
	}
	return m, nil
}

// many uploads a little, many times at once.
func (t *transfer) many() (m measure.Measurement, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), linkLimit)
	defer cancel()
	var (
		uploads sync.WaitGroup
		mu      sync.Mutex
		took    []time.Duration // guarded by mu
		failure error           // guarded by mu
	)
	begin := time.Now()
	for range manyUploads {
		uploads.Go(func() {
			err := t.do(ctx, "POST", processes.PathSink, manySize, io.Discard)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failure = err
				return
			}
			took = append(took, time.Since(begin))
		})
	}
	uploads.Wait()
	if len(took) < manyUploads && ctx.Err() == nil {
		return m, failure
	}
	slices.Sort(took)
	percentiles(&m, took)
	m.Requests, m.Failed = len(took), manyUploads-len(took)
	m.MBps = float64(len(took)) * manySize / 1e6 / time.Since(begin).Seconds()
	return m, nil
}
