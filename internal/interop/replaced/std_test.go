package replaced

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// A proxy that imports nothing but the standard library, as it is and with this project's HTTP/2 under net/http: what
// replacestd is for.

// laterGo is a Go release that the go command downloads, so that it takes a copy of GOROOT and no overlay.
const laterGo = "go1.27.2"

const (
	failingCalls = 10000 // through each proxy as it is, at most: one that breaks is enough
	wholeCalls   = 4000  // through each with replacestd, none of which may break
	inFlight     = 16
	callTimeout  = 20 * time.Second
)

func TestNoCallIsLostThroughAProxyOnNetHTTP(t *testing.T) {
	cache, goroot := succeed(t, ".", "go", "env", "GOMODCACHE"), succeed(t, ".", "go", "env", "GOROOT")
	if strings.HasPrefix(goroot, strings.TrimSpace(cache)) {
		t.Skip("this Go was downloaded by another, and takes no overlay: that is the next test")
	}
	testProxy(t, func(t *testing.T, std string) string {
		out := filepath.Join(t.TempDir(), "overlay")
		succeed(t, ".", std, "-C", "testdata/proxy", "-out", out)
		return buildProxy(t, "go", "-overlay", filepath.Join(out, "overlay.json"))
	})
}

func TestNoCallIsLostThroughAProxyOnTheNextReleasesNetHTTP(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", laterGo)
	t.Setenv("GOROOT", "") // go test has set it
	if out, err := exec.Command("go", "version").CombinedOutput(); err != nil {
		t.Skipf("there is no %s here: %s", laterGo, bytes.TrimSpace(out))
	}
	testProxy(t, func(t *testing.T, std string) string {
		goroot := filepath.Join(t.TempDir(), "go")
		succeed(t, ".", std, "-C", "testdata/proxy", "-goroot", goroot)
		t.Setenv("GOTOOLCHAIN", "local")
		goCommand := filepath.Join(goroot, "bin", "go")
		testConfigured(t, goCommand)
		return buildProxy(t, goCommand)
	})
}

// From Go 1.27 on, golang.org/x/net/http2 leaves HTTP/2 to net/http: programs that call it are reached as well.
func testConfigured(t *testing.T, goCommand string) {
	const want = `ConfigureServer: h2fork; ConfigureTransport: h2fork; HTTP/2.0
ConfigureServer: h2fork; Transport: h2fork; HTTP/2.0
h2c.NewHandler: h2fork; Transport without TLS: h2fork; HTTP/2.0
ServeConn: h2fork; NewClientConn: h2fork; HTTP/2.0
`
	if got := succeed(t, ".", goCommand, "run", "./testdata/configured"); got != want {
		t.Errorf("a program that calls golang.org/x/net/http2 says:\n%s\nwant:\n%s", got, want)
	}
}

func testProxy(t *testing.T, replace func(t *testing.T, std string) (program string)) {
	std := filepath.Join(t.TempDir(), "replacestd")
	succeed(t, ".", "go", "build", "-o", std, "h2fork.example/net/internal/replacestd")
	backend := startBackend(t)
	asItIs := startProxy(t, buildProxy(t, "go"), backend)
	replaced := startProxy(t, replace(t, std), backend)
	for _, tt := range []struct {
		name  string
		addr  func(*proxy) string
		creds credentials.TransportCredentials
	}{
		{"h2c", func(p *proxy) string { return p.plain }, insecure.NewCredentials()},
		{"TLS", func(p *proxy) string { return p.tls }, credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			made, broken := call(t, tt.addr(asItIs), tt.creds, failingCalls, true)
			if broken == 0 {
				t.Errorf("net/http as it is broke none of %d calls: this test does not show what it is for", made)
			}
			t.Logf("net/http as it is: call %d was broken", made)
			made, broken = call(t, tt.addr(replaced), tt.creds, wholeCalls, false)
			if broken != 0 {
				t.Errorf("with replacestd, %d of %d calls were broken", broken, made)
			}
		})
	}
}

func buildProxy(t *testing.T, goCommand string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "proxy")
	args := append([]string{"build", "-o", program}, flags...)
	succeed(t, "testdata/proxy", goCommand, append(args, ".")...)
	return program
}

type proxy struct{ plain, tls string }

func startProxy(t *testing.T, program, backend string) *proxy {
	t.Helper()
	cmd := exec.Command(program, backend)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(err)
	out, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	var p proxy
	if _, err := fmt.Fscan(out, &p.plain, &p.tls); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	return &p
}

// startBackend serves gRPC's health service, which answers at once that it does not know a name: with Trailers-Only.
func startBackend(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	srv := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(srv, health.NewServer())
	go srv.Serve(ln)
	t.Cleanup(srv.Stop)
	return ln.Addr().String()
}

// call makes up to n calls that fail with NotFound, and counts those that fail with something else. It ends with the
// first of these on request.
func call(t *testing.T, addr string, creds credentials.TransportCredentials, n int, once bool) (made, broken int64) {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(creds))
	must(err)
	defer cc.Close()
	client := grpc_health_v1.NewHealthClient(cc)
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for next.Add(1) <= int64(n) && (!once || failed.Load() == 0) {
				ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
				_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "unknown"})
				cancel()
				if status.Code(err) != codes.NotFound {
					failed.Add(1)
					if !once {
						t.Log(err)
					}
				}
			}
		})
	}
	wg.Wait()
	return min(next.Load(), int64(n)), failed.Load()
}
