package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

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
	go func() { ended <- untilDone(ctx, srv, func() error { return srv.Serve(ln) }) }()

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

func TestProxyFlagsThatCannotWorkAreRefused(t *testing.T) {
	for name, flags := range map[string][4]string{ // listen, backend, tls, stack
		"both -listen and -backend": {"localhost:0", "", "", "ours"},
		"not an http or https URL":  {"localhost:0", "localhost:1", "", "ours"},
		"no stack":                  {"localhost:0", "http://localhost:1", "", "nginx"},
		"want two files":            {"localhost:0", "http://localhost:1", "cert.pem", "ours"},
	} {
		err := serve(flags[0], flags[1], flags[2], flags[3])
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("flags %q: error %v, want one with %q", flags, err, name)
		}
	}
}
