package main

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

// callTimeout turns a response that never ends into a failure that says so.
const callTimeout = 20 * time.Second

// callField is the request field that carries a call's number, to find it on the wire again.
const callField = "call-number"

// A kind is a sort of call. call returns nil if the outcome is the one that the backend gave.
type kind struct {
	name  string
	share int // calls, as a percentage of what was asked for
	call  func(ctx context.Context, cc *grpc.ClientConn) error
}

var (
	failingUnary    = kind{"unary, fails", 100, greeter.Fail}
	succeedingUnary = kind{"unary, succeeds", 20, greeter.Say}
	serverStreaming = kind{"server streaming", 20, greeter.Count}
	kinds           = []kind{failingUnary, succeedingUnary, serverStreaming}
)

// A result is what became of a run of calls of one kind through one server.
type result struct {
	server      string
	concurrency int
	kind        string
	calls       int
	failed      int
	took        time.Duration
	texts       map[string]int // failures by error text
	firstFailed int            // number of the first failing call, 0 if none
	firstText   string
	wire        *wire // what went over the clients' connections
}

// run makes n calls through the proxy at srv, at most concurrency of them at a time, on one connection.
// It calls done after each, and gives up the rest when done returns false.
func run(srv *stack.Server, m stack.Mode, k kind, concurrency, n int, done func(failed bool) bool) (*result, error) {
	res := &result{
		concurrency: concurrency,
		kind:        k.name,
		texts:       make(map[string]int),
		wire:        new(wire),
	}
	cc, err := dial(srv, m, res.wire)
	if err != nil {
		return nil, err
	}
	defer cc.Close()

	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // guards res
		next atomic.Int64
	)
	begin := time.Now()
	for range concurrency {
		wg.Go(func() {
			for {
				number := int(next.Add(1))
				if number > n {
					return
				}
				err := callOnce(cc, k, number)
				mu.Lock()
				res.add(number, err)
				mu.Unlock()
				if !done(err != nil) {
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	res.took = time.Since(begin)
	return res, nil
}

func callOnce(cc *grpc.ClientConn, k kind, number int) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return k.call(metadata.AppendToOutgoingContext(ctx, callField, strconv.Itoa(number)), cc)
}

func (r *result) add(number int, err error) {
	r.calls++
	if err == nil {
		return
	}
	r.failed++
	r.texts[err.Error()]++
	if r.firstFailed == 0 {
		r.firstFailed, r.firstText = number, err.Error()
	}
}

// dial returns a gRPC client of srv whose connections are recorded in w.
func dial(srv *stack.Server, m stack.Mode, w *wire) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if m == stack.TLS {
		_, pool := stack.TestCertificate()
		creds = credentials.NewTLS(&tls.Config{RootCAs: pool})
	}
	return grpc.NewClient("passthrough:///"+srv.Addr,
		grpc.WithTransportCredentials(creds),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
			if err != nil || m == stack.TLS {
				return nc, err // there is nothing to read in a TLS connection
			}
			return w.record(nc), nil
		}))
}
