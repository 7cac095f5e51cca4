package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
)

// A hoarder is a program that keeps everything which its handlers are given, and goes on using it from other
// goroutines, while and after the handlers return. What a request reads, writes and is answered consists of its own
// name alone.
type hoarder struct {
	t       *testing.T
	seed    uint64
	timeout time.Duration // of the server, for a request and for a response; handlers may take as long

	mu      sync.Mutex
	streams map[*serverStream]bool // that handlers have been given
	broken  map[string]bool        // requests that may fail
}

// A hoard is what a handler was given.
type hoard struct {
	w        http.ResponseWriter
	r        *http.Request
	name     string
	returned chan struct{}
}

// uses are what may be done at any time without harm to the request.
var uses = []func(*hoarder, hoard){
	func(_ *hoarder, h hoard) { h.w.(http.Flusher).Flush() },
	func(_ *hoarder, h hoard) { http.NewResponseController(h.w).SetReadDeadline(time.Now().Add(time.Hour)) },
	func(_ *hoarder, h hoard) { http.NewResponseController(h.w).SetWriteDeadline(time.Now().Add(time.Hour)) },
	func(_ *hoarder, h hoard) { http.NewResponseController(h.w).SetWriteDeadline(time.Time{}) },
	func(_ *hoarder, h hoard) { h.w.(http.Pusher).Push("/other", nil) },
	func(_ *hoarder, h hoard) {
		//lint:ignore SA1019 programs use it
		closed := h.w.(http.CloseNotifier).CloseNotify()
		select {
		case <-closed: // another may have taken the only value
		case <-h.r.Context().Done():
		}
	},
	func(_ *hoarder, h hoard) { <-h.r.Context().Done() },
	func(_ *hoarder, h hoard) {
		ctx, cancel := context.WithCancel(h.r.Context())
		defer cancel()
		ctx.Err()
	},
	func(_ *hoarder, h hoard) { h.r.Body.Close() },
}

// lateUses are what may be done once the handler has returned.
var lateUses = []func(*hoarder, hoard){
	func(_ *hoarder, h hoard) { io.WriteString(h.w, h.name) },
	func(_ *hoarder, h hoard) { h.w.Write(bytes.Repeat([]byte(h.name), 8<<10)) },
	func(_ *hoarder, h hoard) { h.w.WriteHeader(http.StatusOK) },
	func(_ *hoarder, h hoard) { h.w.Header() },
	func(k *hoarder, h hoard) {
		k.mu.Lock()
		k.broken[h.name] = true
		k.mu.Unlock()
		http.NewResponseController(h.w).SetWriteDeadline(time.Unix(1, 0))
	},
}

func (k *hoarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := hoard{w, r, r.URL.Path[1:], make(chan struct{})}
	defer close(h.returned)
	var n uint64
	fmt.Sscanf(h.name, "%d;", &n)
	rng := rand.New(rand.NewPCG(k.seed, n))
	k.mu.Lock()
	k.streams[w.(*responseWriter).st] = true
	k.mu.Unlock()
	w.Header().Set("X-Name", h.name)
	switch rng.IntN(4) {
	case 0:
		go k.read(h)
	case 1:
		k.read(h)
	case 2:
		r.Body.Read(make([]byte, 1))
	}
	for range rng.IntN(4) {
		seed, left := rng.Uint64(), 1+rng.IntN(4)
		go k.use(h, rand.New(rand.NewPCG(seed, 0)), left)
	}
	if rng.IntN(4) == 0 {
		time.Sleep(k.timeout)
	}
	for range rng.IntN(4) {
		w.Write(bytes.Repeat([]byte(h.name), 1+rng.IntN(1000)))
		if rng.IntN(2) == 0 {
			w.(http.Flusher).Flush()
		}
	}
}

// read reads all of the request, which may be closed meanwhile.
func (k *hoarder) read(h hoard) {
	content, err := io.ReadAll(h.r.Body)
	k.wantOwn("the request", h.name, content)
	if trailer := h.r.Trailer.Get("X-Name"); err == nil && trailer != "" && trailer != h.name {
		k.t.Errorf("seed %d: %s has the trailers of %s", k.seed, h.name, trailer)
	}
}

// use uses what a handler was given.
func (k *hoarder) use(h hoard, rng *rand.Rand, times int) {
	for range times {
		if n := rng.IntN(len(uses) + len(lateUses)); n < len(uses) {
			uses[n](k, h)
		} else {
			<-h.returned
			lateUses[n-len(uses)](k, h)
		}
	}
}

// wantOwn checks that content consists of a name, of which the last may be cut off.
func (k *hoarder) wantOwn(what, name string, content []byte) {
	if want := strings.Repeat(name, len(content)/len(name)+1)[:len(content)]; string(content) != want {
		k.t.Errorf("seed %d: %s of %s has something else in it", k.seed, what, name)
	}
}

// call sends a request and checks what comes back.
func (k *hoarder) call(tr *Transport, n uint64) {
	rng := rand.New(rand.NewPCG(n, k.seed))
	name := fmt.Sprintf("%d;", n)
	req := newRequest("GET", "https://example.com/"+name, nil)
	if rng.IntN(2) == 0 {
		content := strings.NewReader(strings.Repeat(name, rng.IntN(1000)))
		req = newRequest("POST", req.URL.String(), content)
		if rng.IntN(2) == 0 {
			req = newRequest("POST", req.URL.String(), iotest.HalfReader(content))
			req.Trailer = http.Header{"X-Name": {name}}
		}
	}
	res, err := tr.RoundTrip(req)
	var content []byte
	if err == nil {
		content, err = io.ReadAll(res.Body)
		res.Body.Close()
		k.wantOwn("the response", name, content)
		if got := res.Header.Get("X-Name"); got != name || res.StatusCode != http.StatusOK {
			k.t.Errorf("seed %d: the response of %s is that of %s, %s", k.seed, name, got, res.Status)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && !k.broken[name] && k.timeout == 0 {
		k.t.Errorf("seed %d: request %s: %v", k.seed, name, err)
	}
}

// serve returns a Transport whose only connection the hoarder serves, and what ends both.
func (k *hoarder) serve() (tr *Transport, end func()) {
	client, server := h2test.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		hs := &http.Server{ReadTimeout: k.timeout, WriteTimeout: k.timeout, ErrorLog: log.New(io.Discard, "", 0)}
		new(Server).ServeConn(server, &ServeConnOpts{Handler: k, BaseConfig: hs})
	}()
	tr = &Transport{DialTLSContext: func(context.Context, string, string, *tls.Config) (net.Conn, error) { return client, nil }}
	return tr, func() {
		tr.CloseIdleConnections()
		<-served
	}
}

// A stream is used again once its handler has returned and it has closed. That must be seen by nobody.
func TestNothingThatAProgramKeepsOfARequestReachesAnother(t *testing.T) {
	const runs, callers, calls = 30, 8, 30
	used, requests := 0, 0
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			timeout := time.Duration(seed%2) * time.Millisecond
			k := &hoarder{t: t, seed: seed, timeout: timeout, streams: make(map[*serverStream]bool), broken: make(map[string]bool)}
			tr, end := k.serve()
			var clients sync.WaitGroup
			for i := range uint64(callers) {
				clients.Go(func() {
					for j := range uint64(calls) {
						k.call(tr, i*calls+j)
					}
				})
			}
			clients.Wait()
			end()
			settled() // those that go on using what they have been given are done
			used, requests = used+len(k.streams), requests+callers*calls
		})
	}
	if used > requests*9/10 && !h2test.UnderRaceDetector {
		t.Errorf("%d streams for %d requests: they have not been used again", used, requests)
	}
}

// The trailers belong to the request, which its stream is done with.
func TestTrailersAreReadAfterTheStreamIsFree(t *testing.T) {
	goes := newGate()
	var kept *http.Request
	handler := func(_ http.ResponseWriter, r *http.Request) {
		goes.wait()
		kept = r
	}
	serving{handler: handler}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "x-late")
		c.Headers(1, h2test.EndStream, "x-late", "yes")
		settled()
		goes.open()
		c.Want("the response", h2test.HeadersWith(1, h2test.EndStream, ":status", "200"))
		settled()
		if n, err := kept.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read: %d, %v", n, err)
		}
		if got := kept.Trailer.Get("X-Late"); got != "yes" {
			t.Errorf("the trailer is %q", got)
		}
		if !reflect.ValueOf(kept.Body.(*requestBody).received).Elem().FieldByName("st").IsNil() {
			t.Error("the request has the stream")
		}
	})
}
