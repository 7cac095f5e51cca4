package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stormTime is how long uploads go on while connections go away under them. Run it for
// a minute, with the race detector, after a change of how requests are sent.
var stormTime = flag.Duration("storm", 2*time.Second, "how long the storms of uploads take")

// A storm is servers that come and go, one after the other, and clients that upload to
// whichever is there. Whatever happens, a body that a server takes for complete is
// complete, and a request that succeeds has been answered by a server that did.
type storm struct {
	t       *testing.T
	current atomic.Pointer[httptest.Server]
	ended   atomic.Bool

	whole, failed, hung atomic.Int64
}

// stormLimit is more than any request may take here: one that is refused again and
// again has 1, 2, 4 … seconds between its attempts, and up to a tenth more.
const stormLimit = 20*time.Second + (1<<(maxRetries-1))*time.Second

func (s *storm) start() {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(s.handle))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{NextProtos: []string{NextProtoTLS}}
	if err := ConfigureServer(srv.Config, &Server{MaxConcurrentStreams: 8}); err != nil {
		s.t.Error(err)
	}
	srv.TLS.NextProtos = []string{NextProtoTLS}
	srv.StartTLS()
	s.current.Store(srv)
}

// handle wants the body that the request's length and kind promise.
func (s *storm) handle(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.Header.Get("X-Length"))
	if n%7 == 0 {
		panic(http.ErrAbortHandler)
	}
	b, err := io.ReadAll(r.Body)
	if err == nil && !bytes.Equal(b, pattern(n)) {
		s.t.Errorf("a body of %d bytes, or others, was taken for one of %d", len(b), n)
	}
	fmt.Fprint(w, len(b))
}

// blow replaces the server again and again: in a hurry, or not.
func (s *storm) blow() {
	r := rand.New(rand.NewPCG(1, 1))
	for !s.ended.Load() {
		old := s.current.Load()
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
		switch r.IntN(3) {
		case 0:
			old.CloseClientConnections()
			continue
		case 1:
			s.start()
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(50))*time.Millisecond)
			old.Config.Shutdown(ctx)
			cancel()
		case 2:
			s.start()
		}
		old.Config.Close()
	}
}

// bodies of a request, of every kind.
func (s *storm) request(r *rand.Rand) *http.Request {
	n := r.IntN(3 * maxKept)
	content := pattern(n)
	ctx, cancel := context.WithTimeout(context.Background(), stormLimit)
	context.AfterFunc(ctx, cancel)
	req, _ := http.NewRequestWithContext(ctx, "POST", "https://example.com/", nil)
	req.Header.Set("X-Length", strconv.Itoa(n))
	switch r.IntN(3) {
	case 0: // a new one each time
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
		req.Body, _ = req.GetBody()
	case 1: // the same one, rewound
		body := bytes.NewReader(content)
		req.Body = io.NopCloser(body)
		req.GetBody = func() (io.ReadCloser, error) {
			body.Reset(content)
			return io.NopCloser(body), nil
		}
	case 2: // one only, that comes in pieces
		read, write := io.Pipe()
		req.Body = read
		go func() {
			for rest := content; len(rest) > 0; {
				k := min(len(rest), 1+r.IntN(9000))
				if _, err := write.Write(rest[:k]); err != nil {
					return
				}
				rest = rest[k:]
			}
			write.Close()
		}()
		return req // whose length is not known
	}
	if r.IntN(2) == 0 && n > 0 {
		req.ContentLength = int64(n)
	}
	return req
}

// upload makes requests until the storm is over.
func (s *storm) upload(rt http.RoundTripper, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for !s.ended.Load() {
		req := s.request(rand.New(rand.NewPCG(r.Uint64(), 3)))
		res, err := rt.RoundTrip(req)
		if err != nil {
			s.failed.Add(1)
			if req.Context().Err() != nil {
				s.hung.Add(1)
			}
			continue
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil {
			s.whole.Add(1)
			if want := req.Header.Get("X-Length"); string(b) != want {
				s.t.Errorf("a request of %s bytes is answered for one of %q", want, b)
			}
		}
	}
}

func TestUploadsAreWholeWhileConnectionsGoAway(t *testing.T) {
	for name, rt := range map[string]func(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper{
		"http2.Transport": func(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper {
			return &Transport{DialTLSContext: func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error) {
				nc, err := dial(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				cfg.InsecureSkipVerify = true
				return tls.Client(nc, cfg), nil
			}}
		},
		"ConfigureTransports": func(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper {
			t1 := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			configured(t, t1)
			return t1
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &storm{t: t}
			s.start()
			tr := rt(func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, s.current.Load().Listener.Addr().String())
			})
			var all sync.WaitGroup
			all.Go(s.blow)
			for seed := range uint64(16) {
				all.Go(func() { s.upload(tr, seed) })
			}
			for end := time.Now().Add(*stormTime); time.Now().Before(end) || s.whole.Load() == 0; {
				time.Sleep(10 * time.Millisecond)
			}
			s.ended.Store(true)
			all.Wait()
			s.current.Load().Config.Close()
			t.Logf("%d requests were answered, %d failed", s.whole.Load(), s.failed.Load())
			if n := s.hung.Load(); n > 0 {
				t.Errorf("%d requests hung", n)
			}
		})
	}
}
