package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/bench/report"
	"h2fork.example/net/internal/interop/progress"
)

// A turn is one measurement to take.
type turn struct {
	scenario load.Scenario
	subject  processes.Server // what is measured: a server, or the client of the same stack
	peer     processes.Server // what such a client talks to, else without a name
	procs    int              // GOMAXPROCS of the subject, 0 for what the machine has
	round    int
}

// A runner measures servers in scenarios.
type runner struct {
	options   options
	machine   *processes.Machine
	scenarios []load.Scenario
	servers   []processes.Server
}

// turns lists every measurement, in order: whatever is compared is measured in turn, as often as there are rounds.
func (r *runner) turns() []turn {
	var turns []turn
	for _, sc := range r.scenarios {
		rounds := r.options.rounds
		if sc.Once {
			rounds = 1
		}
		for _, procs := range r.procs(sc) {
			for _, peer := range r.peers(sc) {
				for round := range rounds {
					for _, subject := range r.subjects(sc, procs) {
						t := turn{sc, subject, peer, procs, round + 1}
						if !r.options.goals || report.Needed(t.key(), subject.Name) {
							turns = append(turns, t)
						}
					}
				}
			}
		}
	}
	return turns
}

// procs returns the values of GOMAXPROCS to measure with, 0 for what the machine has.
func (r *runner) procs(sc load.Scenario) []int {
	switch {
	case r.options.procs != nil:
		return r.options.procs
	case sc.Procs != nil:
		return sc.Procs
	}
	return []int{0}
}

// peers returns the servers that the clients that are measured talk to: one without a name where servers are measured.
func (r *runner) peers(sc load.Scenario) []processes.Server {
	if !sc.MeasuresClients() {
		return []processes.Server{{}}
	}
	return slices.DeleteFunc(slices.Clone(r.servers), func(srv processes.Server) bool {
		main := sc.Peers == nil || slices.Contains(sc.Peers, srv.Name)
		return srv.Start == nil || !sc.Suits(srv) || !main && !r.options.all
	})
}

// subjects returns what is measured. What is not written in Go does not know GOMAXPROCS.
func (r *runner) subjects(sc load.Scenario, procs int) []processes.Server {
	return slices.DeleteFunc(slices.Clone(r.servers), func(srv processes.Server) bool {
		return !sc.Suits(srv) || sc.MeasuresClients() && !srv.Client || procs > 0 && srv.Can&processes.ObeysGo == 0
	})
}

// load returns what a load has to know of a turn.
func (r *runner) load(t turn) load.Run {
	return load.Run{
		Machine: r.machine, Subject: t.subject, Peer: t.peer, Setting: t.scenario.Setting(t.procs),
		Duration: r.options.duration, Idle: r.options.idle,
	}
}

// estimate says how long the turns take, about.
func (r *runner) estimate(turns []turn) time.Duration {
	var d time.Duration
	for _, t := range turns {
		d += t.scenario.Load.Takes(r.load(t))
	}
	return d
}

// run takes every sample, or those that it has time for until ctx ends.
func (r *runner) run(ctx context.Context, turns []turn, out *os.File) []measure.Sample {
	show := progress.New(out, len(turns), "runs")
	defer show.Finish()
	var samples []measure.Sample
	for _, t := range turns {
		show.Begin(t.String())
		s := r.sample(t)
		if ctx.Err() != nil {
			break // what ended this program may have ended the server too
		}
		show.Step()
		show.End(t.String() + "  " + s.String())
		samples = append(samples, s)
	}
	return samples
}

func (t turn) key() measure.Key {
	return measure.Key{Scenario: t.scenario.Name, Peer: t.peer.Name, Procs: t.procs}
}

func (t turn) String() string {
	subject := t.subject.Name
	if t.peer.Name != "" {
		subject += " to " + t.peer.Name
	}
	if t.procs > 0 {
		subject += fmt.Sprintf(", GOMAXPROCS=%d", t.procs)
	}
	return fmt.Sprintf("%-14s round %d  %-20s", t.scenario.Name, t.round, subject)
}

func (r *runner) sample(t turn) measure.Sample {
	s := measure.Sample{Key: t.key(), Server: t.subject.Name, Round: t.round}
	m, err := t.scenario.Load.Measure(r.load(t))
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.Measurement = m
	return s
}
