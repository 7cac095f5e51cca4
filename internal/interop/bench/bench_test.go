package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// The Go servers and the clients are this program again, so this test binary must be able to be one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-child" || os.Args[1] == "-client") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestH2loadsSummaryIsRead(t *testing.T) {
	s, err := parseH2load(`
finished in 1.00s, 31234.50 req/s, 1.03MB/s
requests: 31240 total, 31272 started, 31240 done, 31239 succeeded, 1 failed, 1 errored, 0 timeout
status codes: 31230 2xx, 9 3xx, 0 4xx, 0 5xx
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.PerSec != 31234.5 || s.Requests != 31230 || s.Failed != 10 {
		t.Errorf("read as %+v", s)
	}
}

func TestAnUnknownSummaryIsAnError(t *testing.T) {
	if s, err := parseH2load("could not connect to host"); err == nil {
		t.Errorf("read as %+v", s)
	}
}

func TestMedianIsTheMiddleOfTheRounds(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 100}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestAnUnknownScenarioIsRefused(t *testing.T) {
	name := func(s scenario) string { return s.name }
	if got, err := choose(allScenarios, name, "tls, idle"); err != nil || got[0].name != "tls" || got[1].name != "idle" {
		t.Errorf("chose %v, %v", got, err)
	}
	if _, err := choose(allScenarios, name, "small,large"); err == nil {
		t.Error("scenario large was accepted")
	}
}

func TestInstalledServersAreMeasured(t *testing.T) {
	if why := notInstalled("h2load", "nghttp2-client"); why != "" {
		t.Skip("missing: " + why)
	}
	servers, scenarios, _ := present(allServers(), allScenarios)
	servers = slices.DeleteFunc(servers, func(s server) bool {
		return s.program == "" && s.name != stack.Ours().Name // the other Go servers start alike
	})
	m, err := newMachine()
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	r := runner{options: options{duration: time.Second, idle: 20}, machine: m}
	for _, sc := range scenarios {
		for _, srv := range servers {
			if srv.program != "" && sc.name != "small" && sc.name != "tls" {
				continue // for the sake of time: it is their start that could fail
			}
			t.Run(sc.name+"/"+srv.name, func(t *testing.T) {
				s, err := r.measure(sc, srv)
				if err != nil {
					t.Fatal(err)
				}
				if s.Failed > 0 || sc.needsH2load() && s.Requests == 0 || s.RSS == 0 {
					t.Errorf("measured %+v", s)
				}
			})
		}
	}
}

func TestTheTableComparesWithUpstream(t *testing.T) {
	servers := []server{{name: "ours", title: "ours"}, {name: reference, title: "upstream"}}
	got := reportTable(allScenarios[:1], servers, []sample{
		{Scenario: "small", Server: "ours", Requests: 1, PerSec: 400, CPU: 5},
		{Scenario: "small", Server: reference, Requests: 1, PerSec: 100, CPU: 40},
	})
	for _, want := range []string{"4.00", "0.12"} {
		if !strings.Contains(got, want) {
			t.Errorf("no ratio %s in\n%s", want, got)
		}
	}
}

func TestTheMessageOfScenarioGRPCIsAnsweredInKind(t *testing.T) {
	srv, err := stack.Ours().Start(stack.Protocols, content(), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	client, closeConns := stack.Client(stack.Protocols)
	defer closeConns()
	resp, err := client.Post(srv.URL+methodSay, "application/grpc", bytes.NewReader(sayMessage()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, sayMessage()) || resp.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("answered with %q, trailers %v, %v", got, resp.Trailer, err)
	}
}
