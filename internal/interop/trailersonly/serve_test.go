package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/greeter"
	"h2fork.example/net/internal/interop/stack"
)

func TestAnInterruptLetsTheCallInFlightFinish(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	srv, err := stack.Ours().NewServer(stack.Protocols, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "done")
	}), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopping := make(chan bool)
	srv.RegisterOnShutdown(func() { close(stopping) })
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- untilDone(ctx, srv, time.Minute, func() error { return srv.Serve(ln) }) }()

	go func() {
		<-entered
		interrupt()
		<-stopping
		close(release)
	}()
	client, closeConns := stack.Client(stack.Protocols)
	defer closeConns()
	resp, err := client.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "done" {
		t.Errorf("body %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the proxy ended with %v", err)
	}
}

func TestCallsThatTakeTooLongAreBrokenOff(t *testing.T) {
	entered := make(chan bool)
	srv, err := stack.Ours().NewServer(stack.Protocols, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-entered
		interrupt()
	}()
	client, closeConns := stack.Client(stack.Protocols)
	defer closeConns()
	answered := make(chan error, 1)
	go func() {
		_, err := client.Get("http://" + ln.Addr().String())
		answered <- err
	}()
	err = untilDone(ctx, srv, time.Millisecond, func() error { return srv.Serve(ln) })
	if err == nil || !strings.Contains(err.Error(), "broken off") {
		t.Errorf("the proxy ended with %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the call has been answered")
	}
}

func TestProxyFlagsThatCannotWorkAreRefused(t *testing.T) {
	const anywhere, backend = "127.0.0.1:0", "http://127.0.0.1:1"
	for want, g := range map[string]gateway{
		"both -listen and -backend":    {listen: anywhere, stack: "ours"},
		"not an http or https URL":     {listen: anywhere, backend: "localhost:1", stack: "ours"},
		"no stack":                     {listen: anywhere, backend: backend, stack: "nginx"},
		"want two files":               {listen: anywhere, backend: backend, stack: "ours", tls: "cert.pem"},
		"-tls: open no-such.pem":       {listen: anywhere, backend: backend, stack: "ours", tls: "no-such.pem,key.pem"},
		"-access: open no-such/folder": {listen: anywhere, backend: backend, stack: "ours", access: "no-such/folder"},
		"-listen":                      {listen: "nowhere", backend: backend, stack: "ours"},
	} {
		_, ln, err := g.prepare()
		if err == nil {
			ln.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", g, err, want)
		}
	}
}

// testGateway serves a gateway until the test's end, and returns its URL.
func testGateway(t *testing.T, g gateway) (string, *http.Server) {
	t.Helper()
	g.listen, g.stack = "127.0.0.1:0", "ours"
	srv, ln, err := g.prepare()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	if g.tls != "" {
		go srv.ServeTLS(ln, "", "")
		return "https://" + ln.Addr().String(), srv
	}
	go srv.Serve(ln)
	return "http://" + ln.Addr().String(), srv
}

func TestASelfSignedCertificateIsForTheAddressThatIsListenedOn(t *testing.T) {
	for listen, want := range map[string]bool{"192.0.2.7:0": true, ":0": false, "0.0.0.0:0": false} {
		cert, err := gateway{listen: listen, tls: selfSigned}.certificate()
		if err != nil {
			t.Fatal(err)
		}
		if got := cert.Leaf.VerifyHostname("192.0.2.7") == nil; got != want {
			t.Errorf("-listen %s: the certificate is for 192.0.2.7: %v, want %v", listen, got, want)
		}
		if err := cert.Leaf.VerifyHostname("localhost"); err != nil {
			t.Error(err)
		}
	}
}

func TestAProxyWithASelfSignedCertificateSpeaksHTTP2(t *testing.T) {
	url, _ := testGateway(t, gateway{backend: "http://" + testBackend(t), tls: selfSigned})
	tr := stack.XNet().Transport(&tls.Config{InsecureSkipVerify: true})
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Post(url+greeter.MethodFail, "application/grpc", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.Header.Get("Grpc-Status") == "" {
		t.Errorf("%s, %v", resp.Proto, resp.Header)
	}
}
