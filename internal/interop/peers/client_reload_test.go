package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

// reloads is how often a server is replaced while requests come in, and between is how many requests there are
// between two of them.
const (
	reloads = 8
	between = 150
)

// traffic sends requests that may be sent again, until it is told to end. Each must succeed.
type traffic struct {
	answered atomic.Int64
	dialled  atomic.Int64
	ended    atomic.Bool
	wg       sync.WaitGroup
}

func startTraffic(t *testing.T, client *http.Client, url string) *traffic {
	const senders, size = 16, 30_000
	tr := new(traffic)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if !info.Reused {
			tr.dialled.Add(1)
		}
	}})
	for i := range senders {
		tr.wg.Go(func() {
			for n := i; !tr.ended.Load(); n++ {
				var err error
				if n%3 == 0 {
					err = upload(ctx, client, url, noiseBytes(size), size)
				} else {
					err = download(ctx, client, url, size)
				}
				if err != nil {
					t.Errorf("sender %d, request %d: %v", i, n-i, err)
					return
				}
				tr.answered.Add(1)
			}
		})
	}
	return tr
}

// await waits until there have been n more answers.
func (tr *traffic) await(t *testing.T, n int64) {
	t.Helper()
	n += tr.answered.Load()
	eventually(t, fmt.Sprint(n, " requests are answered"), func() bool { return t.Failed() || tr.answered.Load() >= n })
}

// across does reload, and waits until requests go over another connection.
func (tr *traffic) across(t *testing.T, reload func()) {
	t.Helper()
	before := tr.dialled.Load()
	reload()
	eventually(t, "requests go over a new connection", func() bool { return t.Failed() || tr.dialled.Load() > before })
}

func (tr *traffic) end() {
	tr.ended.Store(true)
	tr.wg.Wait()
}

func TestClientLosesNoRequestWhenNginxReloads(t *testing.T) {
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		t.Run(m.Scheme(), func(t *testing.T) {
			client := newClient(t, m)
			nginx := startNginx(t, m, clientSite())
			tr := startTraffic(t, client, nginx.url)
			for range reloads {
				tr.await(t, between)
				tr.across(t, func() { nginx.reload(t) })
			}
			tr.await(t, between)
			tr.end()
		})
	}
}

func TestClientLosesNoRequestWhenAServerIsReplaced(t *testing.T) {
	for _, s := range stack.All() {
		for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
			t.Run(s.Name+","+m.Scheme(), func(t *testing.T) {
				client := newClient(t, m)
				d := newDoor(t, s, m)
				tr := startTraffic(t, client, d.url)
				for range reloads {
					tr.await(t, between)
					tr.across(t, func() { d.replace(t) })
				}
				tr.await(t, between)
				tr.end()
			})
		}
	}
}

// A door is an address behind which servers replace each other, none of which has it to close.
type door struct {
	url   string
	stack stack.Stack
	mode  stack.Mode
	front net.Listener
	now   atomic.Pointer[room]
}

// A room is a server behind a door, and the listener where it gets what comes through the door.
type room struct {
	net.Listener // the door's, for its Addr
	srv          *http.Server
	conns        chan net.Conn
	closed       chan struct{}
	closing      sync.Once
	served       chan error // what serving ended with
}

func (r *room) Accept() (net.Conn, error) {
	select {
	case nc := <-r.conns:
		return nc, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

func (r *room) Close() error {
	r.closing.Do(func() { close(r.closed) })
	return nil
}

// newDoor opens a door to a first server until the test ends.
func newDoor(t *testing.T, s stack.Stack, m stack.Mode) *door {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{url: m.Scheme() + "://" + front.Addr().String(), stack: s, mode: m, front: front}
	d.now.Store(d.furnish(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.let()
	}()
	t.Cleanup(func() {
		front.Close()
		<-done
		last := d.now.Load()
		last.srv.Close()
		<-last.served
	})
	return d
}

// let lets connections in.
func (d *door) let() {
	for {
		nc, err := d.front.Accept()
		if err != nil {
			return
		}
		for in := false; !in; {
			r := d.now.Load()
			select {
			case r.conns <- nc:
				in = true
			case <-r.closed: // then there is another
			}
		}
	}
}

// furnish starts a server.
func (d *door) furnish(t *testing.T) *room {
	t.Helper()
	srv, err := d.stack.NewServer(d.mode, clientSite(), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{Listener: d.front, srv: srv, conns: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
	if d.mode == stack.TLS {
		cert, _ := stack.TestCertificate()
		if srv.TLSConfig == nil {
			srv.TLSConfig = new(tls.Config)
		}
		srv.TLSConfig.Certificates = []tls.Certificate{cert}
		go func() { r.served <- srv.ServeTLS(r, "", "") }()
	} else {
		go func() { r.served <- srv.Serve(r) }()
	}
	return r
}

// replace has a new server take over, and the old one finish what it has begun.
func (d *door) replace(t *testing.T) {
	t.Helper()
	old := d.now.Swap(d.furnish(t))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := old.srv.Shutdown(ctx); err != nil {
		t.Errorf("the old server ends with %v", err)
		old.srv.Close()
	}
	<-old.served
}
