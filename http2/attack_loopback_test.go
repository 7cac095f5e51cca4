package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A victimServer is a server on a loopback port, a bystander whose requests have to be
// answered all the time, and what both hold.
type victimServer struct {
	t       *testing.T
	ln      net.Listener
	counted *eventLog

	mu    sync.Mutex
	conns []*victimConn // guarded by mu: in the order in which they came

	asking  sync.Mutex   // held by the bystander during a request
	served  atomic.Int64 // its requests
	stop    context.CancelFunc
	stopped chan struct{} // closed when the bystander has ended
	before  held
}

// victimConn is a connection that is served, or was.
type victimConn struct {
	nc       net.Conn
	returned chan struct{} // closed when ServeConn has returned
}

// held is what a process holds.
type held struct {
	bytes      int64
	goroutines int
}

// reading is what is held now, while the bystander makes no garbage. Twice, since
// pools keep what they have for one collection.
func (f *victimServer) reading() held {
	f.asking.Lock()
	defer f.asking.Unlock()
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return held{int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()}
}

// socketBuffer is how much the kernel is to keep for a connection: an attacker
// should feel soon that nobody reads.
const socketBuffer = 64 << 10

// startVictim starts the server.
func startVictim(t *testing.T, srv *Server, hs *http.Server, handler http.HandlerFunc) *victimServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &victimServer{t: t, ln: ln, counted: new(eventLog), stopped: make(chan struct{})}
	srv.CountError = f.counted.add
	hs.ErrorLog = log.New(io.Discard, "", 0)
	opts := &ServeConnOpts{BaseConfig: hs, Handler: serverMux(handler)}
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			nc.(*net.TCPConn).SetReadBuffer(socketBuffer)
			nc.(*net.TCPConn).SetWriteBuffer(socketBuffer)
			c := &victimConn{nc, make(chan struct{})}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			go func() {
				defer close(c.returned)
				srv.ServeConn(nc, opts)
			}()
		}
	}()
	f.startBystander()
	return f
}

// startBystander has the bystander make requests, one after the other, until the end.
func (f *victimServer) startBystander() {
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	tr := &Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	first := make(chan struct{})
	go func() {
		defer close(f.stopped)
		defer tr.CloseIdleConnections()
		for ctx.Err() == nil {
			f.asking.Lock()
			res, err := tr.RoundTrip(get("http://" + f.ln.Addr().String() + "/served"))
			f.asking.Unlock()
			if err != nil || res.StatusCode != http.StatusNoContent {
				f.t.Errorf("the bystander is not served: %v, %v", res, err)
				return
			}
			if f.served.Add(1) == 1 {
				close(first)
			}
		}
	}()
	select {
	case <-first:
	case <-f.stopped:
	}
	f.before = f.reading()
}

// wantHeld checks how much more is held than before the attack.
func (f *victimServer) wantHeld(bytes int64, goroutines int) {
	f.t.Helper()
	f.wantHeldThroughout(1, bytes, goroutines)
}

// wantHeldThroughout is wantHeld for goroutines that go on making garbage: it is in
// one reading and not in the next, and what is held is in all of them.
func (f *victimServer) wantHeldThroughout(readings int, bytes int64, goroutines int) {
	f.t.Helper()
	now := f.reading()
	for range readings - 1 {
		next := f.reading()
		now.bytes, now.goroutines = min(now.bytes, next.bytes), min(now.goroutines, next.goroutines)
	}
	if n := now.bytes - f.before.bytes; n > bytes {
		f.t.Errorf("%d KiB are held, want at most %d", n>>10, bytes>>10)
	}
	if n := now.goroutines - f.before.goroutines; n > goroutines {
		f.t.Errorf("%d goroutines run, want at most %d", n, goroutines)
	}
}

// wantNothingLeft ends the attack, and checks that nothing is left of it: every
// connection but the bystander's ends, and then nothing is held that was not
// before.
func (f *victimServer) wantNothingLeft() {
	f.t.Helper()
	f.mu.Lock()
	attackers := f.conns[1:]
	f.mu.Unlock()
	for _, c := range attackers {
		<-c.returned
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > f.before.goroutines+bystanders && time.Now().Before(deadline); {
		runtime.Gosched() // those that have been told to end
	}
	left := int64(leftOver)
	if h2test.UnderRaceDetector {
		left *= 2 // its stacks are larger, and the runtime keeps some for the next
	}
	f.wantHeld(left, bystanders)
	if n := f.served.Load(); n < 2 {
		f.t.Errorf("the bystander was served %d times", n)
	}
	f.stop()
	<-f.stopped
	f.ln.Close()
}

const (
	// leftOver is what may be held when everything has ended: what the runtime
	// and the bystander make of their time.
	leftOver = 2 << 20

	// bystanders are the goroutines that come and go with the bystander's
	// requests: workers and writers.
	bystanders = 4
)

// An attackerConn is an attacker's connection to a victimServer.
type attackerConn struct {
	f  *victimServer
	nc net.Conn
}

// dial begins an attack.
func (f *victimServer) dial(settings ...wire.Setting) *attackerConn {
	f.t.Helper()
	nc, err := net.Dial("tcp", f.ln.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	nc.(*net.TCPConn).SetReadBuffer(socketBuffer)
	nc.(*net.TCPConn).SetWriteBuffer(socketBuffer)
	s := &attackerConn{f, nc}
	s.write(wire.AppendSettings([]byte(wire.Preface), settings...))
	return s
}

// write writes what the server is going to read.
func (s *attackerConn) write(p []byte) {
	s.f.t.Helper()
	s.nc.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.nc.Write(p); err != nil {
		s.f.t.Errorf("the attacker's connection: %v", err)
	}
}

// stallAfter is how long a write has to move nothing for the server to have
// stopped reading.
const stallAfter = 100 * time.Millisecond

// flood writes, and reports whether all of it could be: the server may have
// stopped reading, or closed the connection.
func (s *attackerConn) flood(p []byte) bool {
	s.f.t.Helper()
	s.nc.SetWriteDeadline(time.Now().Add(stallAfter))
	_, err := s.nc.Write(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !isReset(err) {
		s.f.t.Errorf("the attacker's connection: %v", err)
	}
	return err == nil
}

func isReset(err error) bool {
	return strings.Contains(err.Error(), "reset by peer") || strings.Contains(err.Error(), "broken pipe")
}

// awaitRead waits until the server has read everything so far: it answers a PING.
func (s *attackerConn) awaitRead() {
	s.f.t.Helper()
	s.write(wire.AppendPing(nil, false, [8]byte([]byte("all read"))))
	s.until("the answer to a PING", func(h wire.Header, p []byte) bool {
		return h.Type == wire.Ping && string(p) == "all read"
	})
}

// wantGoAway reads up to a GOAWAY that asks for calm, and checks what CountError
// was told.
func (s *attackerConn) wantGoAway(why string) {
	s.f.t.Helper()
	s.until("GOAWAY", func(h wire.Header, p []byte) bool {
		f, err := wire.ParseGoAway(h, p)
		return h.Type == wire.GoAway && err == nil && f.Code == wire.EnhanceYourCalm
	})
	if got := s.f.counted.String(); !strings.Contains(got, "conn_ENHANCE_YOUR_CALM_"+why) {
		s.f.t.Errorf("CountError was told %.200q, not of %s", got, why)
	}
}

// until reads frames up to one.
func (s *attackerConn) until(what string, is func(wire.Header, []byte) bool) {
	s.f.t.Helper()
	s.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	header := make([]byte, wire.HeaderLen)
	for {
		if _, err := io.ReadFull(s.nc, header); err != nil {
			s.f.t.Fatalf("want %s, got %v", what, err)
		}
		h := wire.ParseHeader(header)
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(s.nc, p); err != nil {
			s.f.t.Fatalf("want %s, got %v", what, err)
		}
		if is(h, p) {
			return
		}
	}
}
