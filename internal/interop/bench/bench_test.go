package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// The Go servers and the clients are this program again, so this test binary must be able to be one.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "-child" {
		if err := runChild(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
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

func TestH2loadHasAThreadForEachProcessorAndNoneWithoutAConnection(t *testing.T) {
	for conns := 1; conns <= runtime.NumCPU()+1; conns++ {
		l := h2load{path: "/", conns: conns, streams: 1}
		if got, want := l.String(), fmt.Sprintf("h2load -t%d -c%d -m1 /", min(conns, runtime.NumCPU()), conns); got != want {
			t.Errorf("%d connections: %s, want %s", conns, got, want)
		}
	}
}

func TestAnUnknownSummaryIsAnError(t *testing.T) {
	if s, err := parseH2load("could not connect to host"); err == nil {
		t.Errorf("read as %+v", s)
	}
}

// testTime is enough to see a load at work.
const testTime = 200 * time.Millisecond

func TestEveryScenarioMeasuresOurs(t *testing.T) {
	m := testMachine(t)
	r := runner{options: options{duration: testTime, rounds: 1, idle: 20, procs: []int{2}}, machine: m, servers: allServers()[:1]}
	for _, sc := range allScenarios {
		if _, ok := sc.load.(h2load); ok && h2loadMissing() != "" {
			t.Log(h2loadMissing())
			continue
		}
		if sc.extra {
			continue // for the sake of time: they differ in numbers only
		}
		r.scenarios = append(r.scenarios, sc)
	}
	for _, turn := range r.turns() {
		t.Run(turn.scenario.name, func(t *testing.T) { wantSample(t, r.sample(turn)) })
	}
}

func TestInstalledServersAreMeasured(t *testing.T) {
	if why := h2loadMissing(); why != "" {
		t.Skip(why)
	}
	servers, missing := present(allServers())
	t.Log("missing: ", missing)
	m := testMachine(t)
	for _, name := range []string{"small", "tls"} { // it is their start that could fail
		r := runner{options: options{duration: testTime, rounds: 1}, machine: m, servers: servers[1:]}
		r.scenarios = []scenario{findScenario(name)}
		for _, turn := range r.turns() {
			t.Run(name+"/"+turn.subject.name, func(t *testing.T) { wantSample(t, r.sample(turn)) })
		}
	}
}

func TestStoredBytesAreAnAnswerToH2load(t *testing.T) {
	if why := h2loadMissing(); why != "" {
		t.Skip(why)
	}
	servers, err := choose(allServers(), func(s server) string { return s.name }, "stored")
	if err != nil {
		t.Fatal(err)
	}
	r := runner{options: options{duration: testTime, rounds: 1}, machine: testMachine(t), servers: servers}
	r.scenarios = []scenario{findScenario(singleScenario)}
	turns := r.turns()
	if len(turns) != 1 {
		t.Fatalf("%d turns", len(turns))
	}
	wantSample(t, r.sample(turns[0]))
}

func testMachine(t *testing.T) *machine {
	m, err := newMachine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m
}

func wantSample(t *testing.T, s sample) {
	t.Helper()
	if s.Error != "" {
		t.Fatal(s.Error)
	}
	if s.Failed > 0 || s.RSS == 0 || s.Scenario != idleScenario && (s.Requests == 0 || s.CPU == 0) {
		t.Errorf("measured %+v", s)
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
