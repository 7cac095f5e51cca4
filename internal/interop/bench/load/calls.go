package load

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// A method is one of the gRPC service's with unary calls, and what is to become of them.
type method struct {
	path string
	code codes.Code
}

var (
	succeeds = method{processes.MethodSay, codes.OK}
	fails    = method{processes.MethodFail, processes.FailCode}
)

// callLimit bounds a call, so that one that never ends is a failure.
const callLimit = 5 * time.Second

// call makes a call, and returns an error if its outcome is not the method's.
func (m method) call(cc *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	var answer wrapperspb.StringValue
	err := cc.Invoke(ctx, m.path, wrapperspb.String("gopher"), &answer)
	if got := status.Code(err); got != m.code {
		return fmt.Errorf("%s ended with %v instead of %v: %w", m.path, got, m.code, err)
	}
	return nil
}

// checkCalls is how many calls a server has to come to the right outcome in. A proxy on a stack that lets a timer decide
// where a response ends breaks some of those that fail.
const checkCalls = 20

// check returns an error unless calls to the server have the method's outcome. h2load does not see that: it takes any
// response with status 200 for a success.
func (m method) check(serverURL string) error {
	cc, err := dialGRPC(serverURL)
	if err != nil {
		return err
	}
	defer cc.Close()
	for range checkCalls {
		if err = m.call(cc); err == nil {
			return nil
		}
	}
	return err
}

// dialGRPC returns a client of grpc-go's, with a connection of its own.
func dialGRPC(serverURL string) (*grpc.ClientConn, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient("passthrough:///"+u.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// An h2loadCalls is gRPC calls that h2load makes: each message is a file.
type h2loadCalls struct {
	method         method
	conns, streams int
}

func (l h2loadCalls) h2load() h2load {
	return h2load{path: l.method.path, conns: l.conns, streams: l.streams,
		headers: []string{"content-type: application/grpc", "te: trailers"}, body: processes.FileMessage}
}

func (l h2loadCalls) String() string { return l.h2load().String() }

func (l h2loadCalls) Takes(r Run) time.Duration { return l.h2load().Takes(r) }

func (l h2loadCalls) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	if err := l.method.check(p.URL); err != nil {
		return m, err
	}
	return l.h2load().of(r, p)
}

// A calls is gRPC calls of grpc-go's client. What is measured is the server, and how long they take.
type calls struct {
	method         method
	conns, streams int // calls at a time on each connection
}

func (l calls) String() string {
	return fmt.Sprintf("%s, grpc-go's client, %d connections with %d calls at a time", l.method.path, l.conns, l.streams)
}

func (l calls) Takes(r Run) time.Duration { return 2*startTime + warmUp + r.Duration }

func (l calls) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	return r.drive(roleCalls, callsSpec{p.URL, l.method.path, l.method.code, l.conns, l.streams, r.Duration}, 0, p)
}

const roleCalls = "calls"

// A callsSpec is what a child that makes calls does.
type callsSpec struct {
	URL            string
	Path           string
	Code           codes.Code
	Conns, Streams int
	Duration       time.Duration
}

func runCalls(spec callsSpec) error {
	var c counter
	var times latencies
	m := method{spec.Path, spec.Code}
	for range spec.Conns {
		cc, err := dialGRPC(spec.URL)
		if err != nil {
			return err
		}
		for range spec.Streams {
			go c.loop(times.timed(func() error { return m.call(cc) }))
		}
	}
	return c.report(spec.Duration, times.add)
}
