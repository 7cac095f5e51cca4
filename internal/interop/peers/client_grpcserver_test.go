package peers

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"h2fork.example/net/http2"
	"h2fork.example/net/internal/interop/stack"
)

// grpc-go's own server ends a connection with ENHANCE_YOUR_CALM, "too_many_pings", at the third PING without DATA or
// HEADERS of its own in between. A Transport that asks whether a silent connection is alive must not come to that.

// grpcServer serves the echo service with grpc-go's own HTTP/2, and returns a Transport whose errors are counted, and calls of
// Echo with it.
func grpcServer(t *testing.T, tr *http2.Transport) (call func(ctx context.Context, message string) error, counted func() []string) {
	t.Helper()
	goroutinesReturn(t, tr.CloseIdleConnections)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := newGRPC()
	go srv.Serve(ln)
	t.Cleanup(srv.Stop)
	var mu sync.Mutex
	var errs []string
	tr.CountError = func(what string) {
		mu.Lock()
		errs = append(errs, what)
		mu.Unlock()
	}
	call = func(ctx context.Context, message string) error {
		body, err := proto.Marshal(wrapperspb.Bytes([]byte(message)))
		if err != nil {
			return err
		}
		frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body)))
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+ln.Addr().String()+methodEcho, bytes.NewReader(append(frame, body...)))
		if err != nil {
			return err
		}
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
		res, err := tr.RoundTrip(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err == nil && !bytes.HasSuffix(answer, []byte(message)) {
			t.Errorf("%q came back as %q, %v", message, answer, res.Trailer)
		}
		return err
	}
	counted = func() []string {
		mu.Lock()
		defer mu.Unlock()
		return errs
	}
	return call, counted
}

func TestClientCancellationsAreNotTooManyPingsForGRPC(t *testing.T) {
	call, counted := grpcServer(t, stack.Ours().Transport(nil).(*http2.Transport))
	for round := range 20 {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := call(ctx, askWait); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a call that is not answered ended with %v", err)
				}
			})
		}
		all.Wait()
		if round%4 != 0 { // some rounds follow each other at once
			continue
		}
		if err := call(t.Context(), "hello"); err != nil {
			t.Error(err)
		}
	}
	if errs := counted(); len(errs) > 0 {
		t.Errorf("the server was not content: %q", errs)
	}
}
