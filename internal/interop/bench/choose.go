package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/processes"
)

// chooseScenarios returns those that list names or has patterns of, the main set if it is empty.
func chooseScenarios(list string, all bool) ([]load.Scenario, error) {
	if list != "" {
		return choose(load.All(), func(s load.Scenario) string { return s.Name }, list)
	}
	return slices.DeleteFunc(load.All(), func(s load.Scenario) bool { return s.Extra && !all }), nil
}

// chooseServers returns those that list names or has patterns of, all if it is empty.
func chooseServers(list string) ([]processes.Server, error) {
	return choose(processes.All(), func(s processes.Server) string { return s.Name }, list)
}

// choose returns the elements of all that list names or has patterns of, all of them if it is empty.
func choose[T any](all []T, name func(T) string, list string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var chosen []T
	for want := range strings.SplitSeq(list, ",") {
		found := false
		for _, one := range all {
			if ok, err := path.Match(strings.TrimSpace(want), name(one)); err != nil {
				return nil, fmt.Errorf("%q: %w", want, err)
			} else if ok {
				chosen = append(chosen, one)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no %q", want)
		}
	}
	return chosen, nil
}

// runnable drops the scenarios that need what this machine has not got, and says what.
func runnable(scenarios []load.Scenario) (can []load.Scenario, missing []string) {
	why := processes.H2loadMissing()
	if why == "" {
		return scenarios, nil
	}
	can = slices.DeleteFunc(slices.Clone(scenarios), load.Scenario.NeedsH2load)
	return can, []string{why + "; without it most scenarios are left out"}
}

func listScenarios() string {
	var b strings.Builder
	for _, s := range load.All() {
		note := ""
		if s.Procs != nil {
			note = fmt.Sprintf(", GOMAXPROCS %v", s.Procs)
		}
		if s.Extra {
			note += " (not in the main set)"
		}
		fmt.Fprintf(&b, "  %-14s %s%s\n", s.Name, s.Title, note)
	}
	return b.String()
}

func listServers() string {
	var b strings.Builder
	for _, s := range processes.All() {
		fmt.Fprintf(&b, "  %-14s %s\n", s.Name, s.Title)
	}
	return b.String()
}
