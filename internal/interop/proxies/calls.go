package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

const (
	callTimeout  = 20 * time.Second // a response that never ends is a broken call
	startTimeout = time.Minute
)

// A result is what became of the calls through one program.
type result struct {
	program
	tls      bool
	inFlight int
	calls    int
	broken   int
	text     string // what a client was told instead
	took     time.Duration
}

// plan is a result for each way to make n calls.
func plan(p program, n int) []*result {
	var results []*result
	for _, tls := range []bool{false, true} {
		for _, atOnce := range inFlight {
			results = append(results, &result{program: p, tls: tls, inFlight: atOnce, calls: n})
		}
	}
	return results
}

func (r *result) String() string {
	return fmt.Sprintf("%v, %s, %d in flight", r.program, r.mode(), r.inFlight)
}

func (r *result) mode() string {
	if r.tls {
		return "TLS"
	}
	return "h2c"
}

// run starts the proxy between a backend and a client with one connection, and makes the calls.
func (r *result) run(ctx context.Context, dir string, done func()) error {
	backend, stop, err := greeter.Start()
	if err != nil {
		return err
	}
	defer stop()
	addr, end, err := r.start(ctx, dir, backend)
	if err != nil {
		return err
	}
	defer end()
	cc, err := dial(addr, r.tls)
	if err != nil {
		return err
	}
	defer cc.Close()
	if err := untilServed(ctx, cc); err != nil {
		return err
	}
	r.callAll(ctx, cc, done)
	return ctx.Err()
}

// start starts the proxy, and returns its address and what ends it.
func (r *result) start(ctx context.Context, dir, backend string) (addr string, end func(), err error) {
	dir, err = os.MkdirTemp(dir, "run-")
	if err != nil {
		return "", nil, err
	}
	s := site{backend: backend, tls: r.tls}
	if s.listen, err = freeAddress(); err != nil {
		return "", nil, err
	}
	if s.cert, s.key, err = writeCertificate(dir); err != nil {
		return "", nil, err
	}
	args, err := r.configure(dir, s)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, r.path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if cmd.Stderr, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	return s.listen, func() { cmd.Process.Kill(); cmd.Wait() }, nil
}

// freeAddress returns one that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// writeCertificate writes the test certificate and its key where a proxy can read them.
func writeCertificate(dir string) (certFile, keyFile string, err error) {
	cert, _ := stack.TestCertificate()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	return certFile, keyFile, errors.Join(
		writePEM(certFile, "CERTIFICATE", cert.Certificate[0]), writePEM(keyFile, "PRIVATE KEY", key))
}

func writePEM(name, kind string, content []byte) error {
	return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}

func dial(addr string, overTLS bool) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if overTLS {
		_, pool := stack.TestCertificate()
		creds = credentials.NewTLS(&tls.Config{RootCAs: pool})
	}
	return grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(creds))
}

// untilServed waits until the proxy has read its configuration: until then a call that would succeed does not.
func untilServed(ctx context.Context, cc *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := call(ctx, cc, greeter.Say)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the proxy does not serve: %w", err)
		case <-time.After(50 * time.Millisecond):
			cc.ResetConnectBackoff()
		}
	}
}

func call(ctx context.Context, cc *grpc.ClientConn, do func(context.Context, *grpc.ClientConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return do(ctx, cc)
}

// callAll makes the calls, and counts those whose error is not the one that the backend gave.
func (r *result) callAll(ctx context.Context, cc *grpc.ClientConn, done func()) {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards r.broken and r.text
	var next atomic.Int64
	begin := time.Now()
	for range r.inFlight {
		wg.Go(func() {
			for int(next.Add(1)) <= r.calls && ctx.Err() == nil {
				if err := call(ctx, cc, greeter.Fail); err != nil {
					mu.Lock()
					r.broken++
					r.text = err.Error()
					mu.Unlock()
				}
				done()
			}
		})
	}
	wg.Wait()
	r.took = time.Since(begin)
}
