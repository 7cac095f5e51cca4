package main

import (
	"slices"
	"testing"
)

func scenarioNames(scenarios []scenario) []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
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
	if len(main) >= len(all) || len(all) != len(allScenarios) {
		t.Errorf("%d scenarios in the main set, %d of %d with -all", len(main), len(all), len(allScenarios))
	}
}

func TestWhatIsComparedIsMeasuredInTurn(t *testing.T) {
	r := runner{options: options{rounds: 2}, scenarios: []scenario{findScenario("small")}, servers: allServers()[:2]}
	var got []string
	for _, turn := range r.turns() {
		got = append(got, turn.subject.name)
	}
	if want := []string{"ours", "xnet", "ours", "xnet"}; !slices.Equal(got, want) {
		t.Errorf("measured %v, want %v", got, want)
	}
}

func TestClientsAreMeasuredWithEveryServer(t *testing.T) {
	r := runner{options: options{rounds: 1}, scenarios: []scenario{findScenario("transport")}, servers: allServers()}
	clients, peers := make(map[string]int), make(map[string]int)
	for _, turn := range r.turns() {
		clients[turn.subject.name]++
		peers[turn.peer.name]++
	}
	if len(clients) != 3 || len(peers) != 7 {
		t.Errorf("clients %v, servers %v", clients, peers)
	}
}

func TestOnlyGoIsMeasuredForGOMAXPROCS(t *testing.T) {
	r := runner{options: options{rounds: 1, procs: []int{1, 4}}, scenarios: []scenario{findScenario("small")}, servers: allServers()}
	for _, turn := range r.turns() {
		if turn.subject.can&obeysGo == 0 || turn.procs == 0 {
			t.Errorf("%s with GOMAXPROCS=%d", turn.subject.name, turn.procs)
		}
	}
}
