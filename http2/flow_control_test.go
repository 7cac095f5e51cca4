package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/session"
)

// distant is a server and a Transport with a link between them.
type distant struct {
	t     *testing.T
	tr    *Transport
	delay time.Duration // one way
	rate  int           // bytes a second; 0 for no limit
	ends  []net.Conn
	done  sync.WaitGroup
}

// onALink runs a script in a bubble. The server may be nil for the defaults.
func onALink(t *testing.T, roundTrip time.Duration, rate int, srv *Server, handler http.HandlerFunc, script func(d *distant)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if srv == nil {
			srv = new(Server)
		}
		d := &distant{t: t, delay: roundTrip / 2, rate: rate}
		d.tr = &Transport{DialTLSContext: func(context.Context, string, string, *tls.Config) (net.Conn, error) {
			client, near := h2test.Pipe()
			far, server := h2test.Pipe()
			client.LimitBuffer(256 << 10) // what a socket holds
			server.LimitBuffer(256 << 10)
			d.ends = append(d.ends, client, server)
			d.done.Go(func() { srv.ServeConn(server, &ServeConnOpts{Handler: handler}) })
			d.done.Go(func() { d.carry(far, near) })
			d.done.Go(func() { d.carry(near, far) })
			return client, nil
		}}
		script(d)
		for _, nc := range d.ends {
			nc.Close()
		}
		d.done.Wait()
	})
}

// carry takes bytes from src at the link's rate, and has them reach dst after its delay, however many are on their way.
func (d *distant) carry(dst, src net.Conn) {
	type segment struct {
		data []byte
		due  time.Time
	}
	sent := make(chan segment, 1<<16)
	d.done.Go(func() {
		for s := range sent {
			time.Sleep(time.Until(s.due))
			dst.Write(s.data)
		}
		dst.Close()
	})
	defer close(sent)
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		if d.rate > 0 {
			time.Sleep(time.Duration(n) * time.Second / time.Duration(d.rate))
		}
		sent <- segment{bytes.Clone(buf[:n]), time.Now().Add(d.delay)}
	}
}

func (d *distant) get(path string) *http.Response {
	res, err := d.tr.RoundTrip(get("https://example.com" + path))
	if err != nil {
		d.t.Fatal(err)
	}
	return res
}

// post sends a body and waits for the response.
func (d *distant) post(path string, body io.Reader) {
	res, err := d.tr.RoundTrip(newRequest("POST", "https://example.com"+path, io.NopCloser(body)))
	if err != nil {
		d.t.Error(err)
		return
	}
	res.Body.Close()
}

// nulls is a body of n bytes.
func nulls(n int64) io.Reader { return io.LimitReader(withoutEnd{}, n) }

type withoutEnd struct{}

func (withoutEnd) Read(p []byte) (int, error) { return len(p), nil }

// secondHalf reads n bytes and returns the rate of the second half, in MB/s.
func secondHalf(r io.Reader, n int64) float64 {
	io.CopyN(io.Discard, r, n/2)
	begin := time.Now()
	io.CopyN(io.Discard, r, n/2)
	return float64(n/2) / time.Since(begin).Seconds() / 1e6
}

const (
	longRoundTrip = 80 * time.Millisecond
	longRate      = 125_000_000
	longSize      = 64 << 20
)

// P110: golang/go#37373, #63196.
func TestUploadOverALongLinkIsNotHeldUpByItsWindow(t *testing.T) {
	rate := 0.0
	onALink(t, longRoundTrip, longRate, nil, func(_ http.ResponseWriter, r *http.Request) {
		rate = secondHalf(r.Body, longSize)
	}, func(d *distant) { d.post("/", nulls(longSize)) })
	if rate < 100 {
		t.Errorf("%.1f MB/s", rate)
	}
}

// P110: golang/go#47840 from the other side.
func TestDownloadOverALongLinkIsNotHeldUpByItsWindow(t *testing.T) {
	rate := 0.0
	onALink(t, longRoundTrip, longRate, nil, func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, nulls(longSize))
	}, func(d *distant) { rate = secondHalf(d.get("/").Body, longSize) })
	if rate < 100 {
		t.Errorf("%.1f MB/s", rate)
	}
}

// parked does not read what is sent to /park until the connection is over, and all that is sent elsewhere.
func parked(_ http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/park" {
		<-r.Context().Done()
		return
	}
	io.Copy(io.Discard, r.Body)
}

// park begins n uploads that are not read, and waits until they are stuck.
func (d *distant) park(n int) {
	d.get("/").Body.Close() // the Transport knows how many streams there may be
	for range n {
		d.done.Go(func() {
			if res, err := d.tr.RoundTrip(newRequest("POST", "https://example.com/park", io.NopCloser(withoutEnd{}))); err == nil {
				res.Body.Close()
			}
		})
	}
	time.Sleep(time.Second)
}

// P111: golang/go#47840, #54330.
func TestUploadEndsBesideHandlersThatDoNotRead(t *testing.T) {
	for _, others := range []int{3, 100, 240} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			onALink(t, time.Millisecond, 0, nil, parked, func(d *distant) {
				d.park(others)
				d.post("/", nulls(1<<20))
				if len(d.ends) != 2 {
					t.Errorf("%d connections", len(d.ends)/2)
				}
			})
		})
	}
}

// P111: golang/go#62722.
func TestHandlerMayWaitForAnotherUploadOnItsConnection(t *testing.T) {
	var other chan struct{}
	handler := func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			<-other
		}
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/second" {
			close(other)
		}
	}
	onALink(t, time.Millisecond, 0, nil, handler, func(d *distant) {
		other = make(chan struct{})
		first := make(chan struct{})
		go func() { defer close(first); d.post("/first", nulls(4<<20)) }()
		time.Sleep(time.Second)
		d.post("/second", nulls(4<<20))
		<-first
	})
}

// slowly reads n bytes, 16 KiB at a time, and takes its time.
func slowly(r io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		if _, err := io.ReadFull(r, buf); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// P111.
func TestUploadThatIsReadSlowlyHoldsUpNone(t *testing.T) {
	onALink(t, time.Millisecond, 0, nil, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			slowly(r.Body)
		}
		io.Copy(io.Discard, r.Body)
	}, func(d *distant) {
		d.get("/").Body.Close()
		slow := make(chan struct{})
		go func() { defer close(slow); d.post("/slow", nulls(8<<20)) }()
		begin := time.Now()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { d.post("/", nulls(256<<10)) })
		}
		all.Wait()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("100 uploads took %v", took)
		}
		<-slow
	})
}

// P111.
func TestDownloadThatIsReadSlowlyHoldsUpNone(t *testing.T) {
	onALink(t, time.Millisecond, 0, nil, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, nulls(256<<10))
		if r.URL.Path == "/slow" {
			io.Copy(w, nulls(8<<20))
		}
	}, func(d *distant) {
		slow := d.get("/slow")
		done := make(chan struct{})
		go func() { defer close(done); slowly(slow.Body) }()
		begin := time.Now()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { io.Copy(io.Discard, d.get("/").Body) })
		}
		all.Wait()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("100 downloads took %v", took)
		}
		<-done
	})
}

// P112: 256 KiB for each response that is not read, whatever its length.
func TestResponsesThatAreNotReadHoldAStatedAmountAndHoldUpNone(t *testing.T) {
	unread := 1000
	if h2test.UnderRaceDetector {
		unread = 200 // a gigabyte otherwise
	}
	var written atomic.Int64
	onALink(t, time.Millisecond, 0, &Server{MaxConcurrentStreams: uint32(2 * unread)}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/whole" {
			io.Copy(w, nulls(1<<20))
			return
		}
		w.(http.Flusher).Flush()
		for {
			n, err := w.Write(make([]byte, 16<<10))
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}, func(d *distant) {
		d.get("/whole").Body.Close()
		for range unread {
			d.get("/")
		}
		time.Sleep(time.Second)
		if n := written.Load(); n > int64(unread)*(firstResponseWindow+64<<10) {
			t.Errorf("%d bytes of %d responses have been sent", n, unread)
		}
		if n, _ := io.Copy(io.Discard, d.get("/whole").Body); n != 1<<20 || len(d.ends) != 2 {
			t.Errorf("another has %d bytes, on %d connections", n, len(d.ends)/2)
		}
	})
}

// P112: many connections, each with streams that nobody reads.
func TestBodiesThatNobodyReadStayWithinTheBudget(t *testing.T) {
	const (
		conns, streams = 12, 100 // a thousand and 250 with the budget to match
		budget         = 4 << 20
	)
	defer func(b *session.Budget) { receiveBudget = b }(receiveBudget)
	receiveBudget = session.NewBudget(budget)
	var sent atomic.Int64
	onALink(t, time.Millisecond, 0, nil, parked, func(d *distant) {
		for range conns {
			nc, _ := d.tr.DialTLSContext(context.Background(), "", "", nil)
			cc, err := d.tr.NewClientConn(nc)
			if err != nil {
				t.Fatal(err)
			}
			for range streams {
				d.done.Go(func() {
					cc.RoundTrip(newRequest("POST", "https://example.com/park", io.NopCloser(counted{&sent})))
				})
			}
		}
		time.Sleep(time.Second)
		if used := receiveBudget.Used(); used > budget || used < budget/2 {
			t.Errorf("%d of the budget of %d are used", used, budget)
		}
		// What each Transport has read ahead does not count.
		if most := int64(conns*(1<<20) + budget + conns*streams*(64<<10)); sent.Load() > most {
			t.Errorf("%d bytes have been sent, want at most %d", sent.Load(), most)
		}
		d.post("/", nulls(4<<20))
	})
	if used := receiveBudget.Used(); used != 0 {
		t.Errorf("%d of the budget are used when all is over", used)
	}
}

type counted struct{ n *atomic.Int64 }

func (c counted) Read(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

// P113.
func TestWhatAUserSetsIsAHardLimit(t *testing.T) {
	for _, test := range []struct {
		name         string
		srv          Server
		conn, stream int32
		growth       session.Growth
	}{
		{"nothing", Server{}, 1 << 20, 128 << 10, session.Growth{MaxStream: maxStreamWindow, MaxConn: maxConnWindow, Unread: maxConnUnread, Free: maxStreamWindow, Budget: receiveBudget}},
		{"both", Server{MaxUploadBufferPerConnection: 1 << 21, MaxUploadBufferPerStream: 1 << 19}, 1 << 21, 1 << 19, session.Growth{Budget: receiveBudget}},
		{"the connection's", Server{MaxUploadBufferPerConnection: 1 << 21}, 1 << 21, 128 << 10, session.Growth{MaxStream: 1 << 21, Free: maxStreamWindow, Budget: receiveBudget}},
		{"the stream's", Server{MaxUploadBufferPerStream: 1000}, 1 << 20, 1000, session.Growth{MaxConn: maxConnWindow, Unread: maxConnUnread, Budget: receiveBudget}},
	} {
		t.Run(test.name, func(t *testing.T) {
			conf := newServerConfig(&test.srv, new(http.Server))
			c := conf.session(new(http.Server))
			if c.ConnWindow != test.conn || c.InitialWindow != test.stream || c.Growth != test.growth {
				t.Errorf("the windows are %d and %d, %+v", c.ConnWindow, c.InitialWindow, c.Growth)
			}
		})
	}
}

// P113: GODEBUG=http2windows=fixed.
func TestWindowsMayBeFixed(t *testing.T) {
	fixedWindows = true
	defer func() { fixedWindows = false }()
	conf := newServerConfig(new(Server), new(http.Server))
	c := conf.session(new(http.Server))
	if c.ConnWindow != 1<<20 || c.InitialWindow != 1<<20 || c.Growth != (session.Growth{}) {
		t.Errorf("a server's windows are %d and %d, %+v", c.ConnWindow, c.InitialWindow, c.Growth)
	}
	c = new(Transport).clientConfig().session
	if c.ConnWindow != 1<<30+65535 || c.InitialWindow != 4<<20 || c.Growth != (session.Growth{}) {
		t.Errorf("a client's windows are %d and %d, %+v", c.ConnWindow, c.InitialWindow, c.Growth)
	}
}
