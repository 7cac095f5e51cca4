package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/stack"
)

// callTimeout turns a response that never ends into a broken call.
const callTimeout = 20 * time.Second

// A row is what became of a number of calls of one kind.
type row struct {
	Mode     string // how the proxy serves HTTP/2
	Flush    string // "races" with the handler's return, as ReverseProxy does, or "wins"
	Method   string
	InFlight int
	Calls    int
	Broken   int
	Text     string // of a broken call
}

// allRows makes the calls of every row: n of those that race.
func allRows(n int) ([]row, error) {
	backend, stop, err := startBackend()
	if err != nil {
		return nil, err
	}
	defer stop()
	var rows []row
	for _, mode := range []stack.Mode{stack.Protocols, stack.TLS} {
		for _, r := range []row{
			{Flush: "races", Method: methodFail, InFlight: 1, Calls: n},
			{Flush: "races", Method: methodFail, InFlight: 16, Calls: n},
			{Flush: "wins", Method: methodFail, InFlight: 16, Calls: n / 10},
			{Flush: "wins", Method: methodRetry, InFlight: 16, Calls: n / 10},
		} {
			r.Mode = mode.String()
			if err := r.run(mode, backend); err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// run makes a row's calls through a proxy to the backend, on one connection.
func (r *row) run(mode stack.Mode, backend string) error {
	var h http.Handler = newProxy(backend)
	if r.Flush == "wins" {
		h = flushAtOnce(h)
	}
	srv, err := stack.NetHTTP().Start(mode, h, stack.Options{})
	if err != nil {
		return err
	}
	defer srv.Close()
	cc, err := dial(srv, mode)
	if err != nil {
		return err
	}
	defer cc.Close()

	var wg sync.WaitGroup
	var mu sync.Mutex // guards r.Broken and r.Text
	var next atomic.Int64
	for range r.InFlight {
		wg.Go(func() {
			for int(next.Add(1)) <= r.Calls {
				if err := call(cc, r.Method); err != nil {
					mu.Lock()
					r.Broken++
					r.Text = err.Error()
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// call returns nil if a call ended as the backend meant it to.
func call(cc *grpc.ClientConn, method string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	err := cc.Invoke(ctx, method, wrapperspb.String("gopher"), new(wrapperspb.StringValue))
	want := status.New(0, "")
	if method == methodFail {
		want = failure
	}
	got := status.Convert(err)
	if got.Code() != want.Code() || got.Message() != want.Message() {
		return fmt.Errorf("%v: %s", got.Code(), got.Message())
	}
	return nil
}

// newProxy is what a gateway in front of gRPC services is made of, with nothing but net/http.
func newProxy(backend string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: backend}) },
		FlushInterval: -1,
		Transport:     stack.NetHTTP().Transport(nil),
		ErrorLog:      log.New(io.Discard, "", 0),
	}
}

// flushAtOnce is middleware that flushes each header: what a timer does that is always first.
func flushAtOnce(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&flusher{w}, r)
	})
}

type flusher struct{ http.ResponseWriter }

func (f *flusher) WriteHeader(code int) {
	f.ResponseWriter.WriteHeader(code)
	f.FlushError()
}

func (f *flusher) FlushError() error {
	return http.NewResponseController(f.ResponseWriter).Flush()
}

func dial(srv *stack.Server, mode stack.Mode) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if mode == stack.TLS {
		_, pool := stack.TestCertificate()
		creds = credentials.NewTLS(&tls.Config{RootCAs: pool})
	}
	return grpc.NewClient("passthrough:///"+srv.Addr,
		grpc.WithTransportCredentials(creds), grpc.WithDefaultServiceConfig(retryPolicy))
}
