package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// listen returns a listener on a loopback port that closes with the test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// startHealth serves gRPC's health service with grpc-go's own server, and returns its address.
func startHealth(t *testing.T) string {
	t.Helper()
	ln := listen(t)
	srv := grpc.NewServer()
	healthpb.RegisterHealthServer(srv, health.NewServer())
	go srv.Serve(ln)
	t.Cleanup(srv.Stop)
	return ln.Addr().String()
}

func dial(t *testing.T, addr string) healthpb.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return healthpb.NewHealthClient(conn)
}

// exercise makes calls of each kind, successful and not.
func exercise(t *testing.T, client healthpb.HealthClient) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2000 {
		_, err := client.Check(ctx, &healthpb.HealthCheckRequest{Service: "unknown"})
		if status.Code(err) != codes.NotFound {
			t.Fatalf("Check of an unknown service: %v", err)
		}
	}
	r, err := client.Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil || r.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("Check: %v, %v", r, err)
	}
	watch, err := client.Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := watch.Recv(); err != nil || r.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("Watch: %v, %v", r, err)
	}
}

func TestGRPC(t *testing.T) {
	exercise(t, dial(t, startHealth(t)))
}

func TestGRPCThroughTheProxy(t *testing.T) {
	srv, err := newServer(newProxy(startHealth(t)))
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	exercise(t, dial(t, ln.Addr().String()))
}

func TestGRPCServedByNetHTTPThroughTheProxy(t *testing.T) {
	backend := grpc.NewServer()
	healthpb.RegisterHealthServer(backend, health.NewServer())
	behind, front := listen(t), listen(t)
	go serveConns(behind, backend)
	go serveConns(front, newProxy(behind.Addr().String()))
	exercise(t, dial(t, front.Addr().String()))
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	conf, err := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	if err != nil {
		t.Fatal(err)
	}
	srv.Config = conf
	srv.TLS = &tls.Config{NextProtos: []string{"h2"}}
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	client, err := newClient(&tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	resp, err := client.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "HTTP/2.0" {
		t.Fatalf("got %q, %v", body, err)
	}
}

func TestProbe(t *testing.T) {
	ln := listen(t)
	go serveConns(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.Host)
	}))
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	status, body, err := probe(conn, "example.com")
	if err != nil || status != "418" || body != "example.com" {
		t.Fatalf("got %q, %q, %v", status, body, err)
	}
}
