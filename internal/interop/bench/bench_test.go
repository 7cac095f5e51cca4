package main

import (
	"fmt"
	"os"
	"path"
	"slices"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// The Go servers and the clients are this program again, so this test binary must be able to be one.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "-child" {
		if err := processes.RunChild(os.Args[2], os.Args[3], load.Roles()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// testTime is enough to see a load at work.
const testTime = 200 * time.Millisecond

// differInNumbers are patterns of the scenarios that differ from others in numbers only.
var differInNumbers = []string{"link*20", "link*80", "link*200", "neighbour100", "proxy16x1*", "grpc16x1", "transport8", "kib*"}

func TestEveryScenarioMeasuresOurs(t *testing.T) {
	m := testMachine(t)
	r := runner{options: options{duration: testTime, rounds: 1, idle: 20, procs: []int{2}}, machine: m, servers: processes.All()[:1]}
	for _, sc := range load.All() {
		if sc.NeedsH2load() && processes.H2loadMissing() != "" {
			t.Log(processes.H2loadMissing())
			continue
		}
		if sc.Extra || slices.ContainsFunc(differInNumbers, func(p string) bool { ok, _ := path.Match(p, sc.Name); return ok }) {
			continue // for the sake of time
		}
		r.scenarios = append(r.scenarios, sc)
	}
	for _, turn := range r.turns() {
		t.Run(turn.scenario.Name, func(t *testing.T) { wantSample(t, r.sample(turn)) })
	}
}

func TestInstalledServersAreMeasured(t *testing.T) {
	if why := processes.H2loadMissing(); why != "" {
		t.Skip(why)
	}
	servers, missing := processes.Present(processes.All())
	t.Log("missing: ", missing)
	m := testMachine(t)
	for _, name := range []string{"small", "tls", "proxy8x16", "linkup1"} { // it is their start that could fail
		r := runner{options: options{duration: testTime, rounds: 1}, machine: m, servers: servers[1:]}
		r.scenarios = []load.Scenario{load.Find(name)}
		for _, turn := range r.turns() {
			t.Run(name+"/"+turn.subject.Name, func(t *testing.T) { wantSample(t, r.sample(turn)) })
		}
	}
}

func TestStoredBytesAreAnAnswerToH2load(t *testing.T) {
	if why := processes.H2loadMissing(); why != "" {
		t.Skip(why)
	}
	for _, name := range []string{"stored", "handed"} {
		t.Run(name, func(t *testing.T) { wantAnswers(t, name, load.Single, "upload", "tls") })
	}
}

func TestTheHollowServerIsAnAnswer(t *testing.T) {
	if why := processes.H2loadMissing(); why != "" {
		t.Skip(why)
	}
	wantAnswers(t, "hollow", "small", "grpc8x16", "proxy8x16", "proxy8x16pool")
}

func wantAnswers(t *testing.T, name string, scenarios ...string) {
	t.Helper()
	servers, err := chooseServers(name)
	if err != nil {
		t.Fatal(err)
	}
	r := runner{options: options{duration: testTime, rounds: 1}, machine: testMachine(t), servers: servers}
	for _, name := range scenarios {
		r.scenarios = append(r.scenarios, load.Find(name))
	}
	turns := r.turns()
	if len(turns) != len(r.scenarios) {
		t.Fatalf("%d turns", len(turns))
	}
	for _, turn := range turns {
		t.Run(turn.scenario.Name, func(t *testing.T) { wantSample(t, r.sample(turn)) })
	}
}

func TestTheBareClientIsAnswered(t *testing.T) {
	servers, err := chooseServers("ours," + processes.Bare)
	if err != nil {
		t.Fatal(err)
	}
	r := runner{options: options{duration: testTime, rounds: 1, all: true}, machine: testMachine(t), servers: servers}
	r.scenarios = []load.Scenario{load.Find("transport1")}
	turns := r.turns()
	if len(turns) != 2 {
		t.Fatalf("%d turns", len(turns))
	}
	wantSample(t, r.sample(turns[1]))
}

func testMachine(t *testing.T) *processes.Machine {
	m, err := processes.NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func wantSample(t *testing.T, s measure.Sample) {
	t.Helper()
	if s.Error != "" {
		t.Fatal(s.Error)
	}
	measured := s.Requests > 0 && s.CPU > 0 || s.IdleConn > 0 || s.MBps > 0 || s.P50 > 0 || s.Never > 0
	if s.Failed > 0 || !measured {
		t.Errorf("measured %+v", s)
	}
}
