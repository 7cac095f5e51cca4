package main

import (
	"slices"
	"testing"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/processes"
)

func scenarioNames(scenarios []load.Scenario) []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.Name)
	}
	return names
}

func TestScenariosAreChosenByNameOrPattern(t *testing.T) {
	got, err := chooseScenarios("tls, open*", false)
	if names := scenarioNames(got); err != nil || !slices.Equal(names, []string{"tls", "open10", "open10k"}) {
		t.Errorf("chose %v, %v", names, err)
	}
	for _, wrong := range []string{"small,large", "["} {
		if got, err := chooseScenarios(wrong, false); err == nil {
			t.Errorf("%q chose %v", wrong, scenarioNames(got))
		}
	}
}

func TestTheMainSetIsNotEverything(t *testing.T) {
	main, _ := chooseScenarios("", false)
	all, _ := chooseScenarios("", true)
	if len(main) >= len(all) || len(all) != len(load.All()) {
		t.Errorf("%d scenarios in the main set, %d of %d with -all", len(main), len(all), len(load.All()))
	}
}

func TestWhatIsComparedIsMeasuredInTurn(t *testing.T) {
	r := runner{options: options{rounds: 2}, scenarios: []load.Scenario{load.Find("small")}, servers: processes.All()[:2]}
	var got []string
	for _, turn := range r.turns() {
		got = append(got, turn.subject.Name)
	}
	if want := []string{"ours", "xnet", "ours", "xnet"}; !slices.Equal(got, want) {
		t.Errorf("measured %v, want %v", got, want)
	}
}

func TestClientsAreMeasuredWithEveryServer(t *testing.T) {
	r := runner{options: options{rounds: 1}, scenarios: []load.Scenario{load.Find("transport")}, servers: processes.All()}
	clients, peers := make(map[string]int), make(map[string]int)
	for _, turn := range r.turns() {
		clients[turn.subject.Name]++
		peers[turn.peer.Name]++
	}
	if len(clients) != 3 || len(peers) != 7 {
		t.Errorf("clients %v, servers %v", clients, peers)
	}
}

func TestOnlyGoIsMeasuredForGOMAXPROCS(t *testing.T) {
	r := runner{options: options{rounds: 1, procs: []int{1, 4}}, scenarios: []load.Scenario{load.Find("small")}, servers: processes.All()}
	for _, turn := range r.turns() {
		if turn.subject.Can&processes.ObeysGo == 0 || turn.procs == 0 {
			t.Errorf("%s with GOMAXPROCS=%d", turn.subject.Name, turn.procs)
		}
	}
}

func TestOnlyWhatGoalsNeedIsMeasuredForThem(t *testing.T) {
	r := runner{options: options{rounds: 1, goals: true}, scenarios: []load.Scenario{load.Find("proxy8x16"), load.Find("kib64")}, servers: processes.All()}
	var got []string
	for _, turn := range r.turns() {
		got = append(got, turn.scenario.Name+" "+turn.subject.Name)
	}
	if want := []string{"proxy8x16 ours", "proxy8x16 xnet"}; !slices.Equal(got, want) {
		t.Errorf("measured %v, want %v", got, want)
	}
}
