package http2

import (
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// pingCounts is what a server has seen of a client's PINGs.
type pingCounts struct {
	unanswered [][8]byte
	ours       int // since HEADERS, DATA or WINDOW_UPDATE of the client's
	theirs     int // since HEADERS or DATA of the server's; those that were unanswered then count
}

// pinged is a client, and its server, which counts PINGs.
type pinged struct {
	*h2test.Peer
	t      *testing.T
	cc     *ClientConn
	counts pingCounts
	id     uint32   // of the next stream
	steps  []string // that have been taken
	kept   bool     // ReadIdleTimeout is set
	total  int      // PINGs
}

// see counts a frame of the client's. A PING that the program has not asked for has to keep the rule.
func (c *pinged) see(f h2test.Frame) bool {
	switch {
	case f.Type == wire.Headers || f.Type == wire.Data || f.Type == wire.WindowUpdate:
		c.counts.ours = 0
	case f.Type == wire.Ping && !f.Flags.Has(wire.FlagAck):
		data := [8]byte(f.Payload)
		if n := &c.counts; !c.asked(data) && (len(n.unanswered) > 0 || n.ours >= 2 || n.theirs >= 2) {
			c.t.Errorf("after %q: a PING, with %d that are unanswered, %d since frames of the client's, %d since the server's",
				c.steps, len(n.unanswered), n.ours, n.theirs)
		}
		c.counts.unanswered = append(c.counts.unanswered, data)
		c.counts.ours++
		c.counts.theirs++
		c.total++
	}
	return true
}

// asked reports whether the program has asked for the PING: with Ping, or with ReadIdleTimeout after that time. PINGs of
// ReadIdleTimeout are sent alone, too.
func (c *pinged) asked(data [8]byte) bool {
	c.cc.c.Lock()
	defer c.cc.c.Unlock()
	_, ours := c.cc.pings[data]
	return ours || (c.kept && len(c.counts.unanswered) == 0)
}

// catchUp has the server see everything.
func (c *pinged) catchUp() {
	settled()
	if !isClosed(c.cc.ended) {
		c.WantNothing("the server sees everything")
	}
}

func (c *pinged) answer(id uint32, end bool, content string) {
	c.Headers(id, end && content == "", ":status", "200")
	if content != "" {
		c.Data(id, end, content)
	}
	c.counts.theirs = len(c.counts.unanswered)
}

// request makes a request, and reports false if the connection declines it.
func (c *pinged) request(ctx context.Context) (k *trip, id uint32, ok bool) {
	k = startTrip(c.t, c.cc, get("https://example.com/").WithContext(ctx))
	c.catchUp()
	if k.returned() {
		return nil, 0, false // suspect
	}
	c.id += 2
	return k, c.id - 2, true
}

// pingSteps are what may happen.
var pingSteps = map[string]func(c *pinged){
	"a request is given up": func(c *pinged) {
		ctx, cancel := context.WithCancel(context.Background())
		c.request(ctx)
		cancel()
	},
	"a request is answered": func(c *pinged) {
		if k, id, ok := c.request(context.Background()); ok {
			c.answer(id, h2test.EndStream, "")
			c.catchUp()
			k.response().Body.Close()
		}
	},
	"a request is answered with much": func(c *pinged) {
		k, id, ok := c.request(context.Background())
		if !ok {
			return
		}
		const piece = 16 << 10
		c.answer(id, h2test.KeepOpen, strings.Repeat("x", piece))
		c.catchUp()
		go io.Copy(io.Discard, k.response().Body)
		for i := range 40 {
			c.Data(id, i == 39, strings.Repeat("x", piece))
			c.counts.theirs = len(c.counts.unanswered)
			c.catchUp()
		}
	},
	"the program pings": func(c *pinged) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		go func() { defer cancel(); c.cc.Ping(ctx) }()
	},
	"the server answers a PING": func(c *pinged) {
		if n := &c.counts; len(n.unanswered) > 0 {
			c.Ping(true, n.unanswered[0])
			n.unanswered = slices.Delete(n.unanswered, 0, 1)
		}
	},
	"the server says something": func(c *pinged) { c.Settings() },
	"time passes":               func(c *pinged) { time.Sleep(10 * time.Second) },
}

// playPings runs a connection with the steps that next returns, until that is "".
func playPings(t *testing.T, tr *Transport, next func() string) (total int) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		cc, err := tr.NewClientConn(client)
		if err != nil {
			t.Fatal(err)
		}
		c := &pinged{Peer: h2test.NewPeer(t, server), t: t, cc: cc, id: 1, kept: tr.ReadIdleTimeout > 0}
		defer c.Close()
		defer cc.Close()
		c.Accept()
		c.Ignore(c.see)
		c.catchUp()
		for step := next(); step != "" && !isClosed(cc.ended) && !t.Failed(); step = next() {
			c.steps = append(c.steps, step)
			pingSteps[step](c)
			c.catchUp()
		}
		total = c.total
	})
	return total
}

// Servers end connections with more PINGs than they like: golang/go#70575, #76296.
func TestPingsKeepTheRuleWhateverHappens(t *testing.T) {
	steps := slices.Sorted(maps.Keys(pingSteps))
	for _, tr := range []*Transport{{}, {ReadIdleTimeout: 7 * time.Second}} {
		total := 0
		const short = 3
		for n := range power(len(steps), short) {
			left := short
			total += playPings(t, tr, func() string {
				if left == 0 {
					return ""
				}
				left--
				step := steps[n%len(steps)]
				n /= len(steps)
				return step
			})
		}
		for seed := range uint64(100) {
			r, left := rand.New(rand.NewPCG(seed, 0)), 30
			total += playPings(t, tr, func() string {
				if left == 0 {
					return ""
				}
				left--
				return steps[r.IntN(len(steps))]
			})
		}
		t.Logf("ReadIdleTimeout %v: %d PINGs", tr.ReadIdleTimeout, total)
	}
}

// power is n to the k.
func power(n, k int) int {
	p := 1
	for range k {
		p *= n
	}
	return p
}

// The connection is closed by the same rule as after a PING of its own.
func TestSuspectConnectionWaitsForThePingThatIsUnderWay(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		ended := make(chan error, 1)
		go func() { ended <- c.cc.Ping(context.Background()) }()
		c.Want("the program's PING", h2test.FrameOfType(wire.Ping, 0))
		ctx, cancel := context.WithCancel(context.Background())
		k := startTrip(t, c.cc, get("https://example.com/").WithContext(ctx))
		c.Want("a request", headersOf(1, h2test.EndStream))
		cancel()
		k.failure()
		c.Want("the server is told", h2test.RSTStreamFrame(1, wire.Cancel))
		c.WantNothing("one PING is enough")
		time.Sleep(15*time.Second - time.Millisecond)
		c.WantNothing("PingTimeout is 15 s")
		time.Sleep(time.Millisecond)
		wantErr(t, "it is lost", <-ended, "http2: client connection lost")
		c.WantClosed("the connection is of no use")
	})
}
