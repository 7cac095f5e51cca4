package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"h2fork.example/net/internal/interop/progress"
)

const (
	// warmUp is how long a server gets to grow its heap and fill its pools before it is measured.
	warmUp = 500 * time.Millisecond
	// startTime estimates what it takes to start a process and stop it.
	startTime = 100 * time.Millisecond
)

// A turn is one measurement to take.
type turn struct {
	scenario scenario
	subject  server // what is measured: a server, or the client of the same stack
	peer     server // what such a client talks to, else without a name
	procs    int    // GOMAXPROCS of the subject, 0 for what the machine has
	round    int
}

func (t turn) startSubject(m *machine) (*process, error) {
	return t.subject.start(m, t.scenario.setting(t.procs))
}

// A runner measures servers in scenarios.
type runner struct {
	options   options
	machine   *machine
	scenarios []scenario
	servers   []server
}

// turns lists every measurement, in order: whatever is compared is measured in turn, as often as there are rounds.
func (r *runner) turns() []turn {
	var turns []turn
	for _, sc := range r.scenarios {
		rounds := r.options.rounds
		if sc.once {
			rounds = 1
		}
		for _, procs := range r.procs(sc) {
			for _, peer := range r.peers(sc) {
				for round := range rounds {
					for _, subject := range r.subjects(sc, procs) {
						turns = append(turns, turn{sc, subject, peer, procs, round + 1})
					}
				}
			}
		}
	}
	return turns
}

// procs returns the values of GOMAXPROCS to measure with, 0 for what the machine has.
func (r *runner) procs(sc scenario) []int {
	switch {
	case r.options.procs != nil:
		return r.options.procs
	case sc.procs != nil:
		return sc.procs
	}
	return []int{0}
}

// peers returns whom the clients that are measured talk to: nobody in particular where servers are.
func (r *runner) peers(sc scenario) []server {
	if !sc.measuresClients() {
		return []server{{}}
	}
	return slices.DeleteFunc(slices.Clone(r.servers), func(srv server) bool {
		main := sc.peers == nil || slices.Contains(sc.peers, srv.name)
		return !sc.suits(srv) || !main && !r.options.all
	})
}

// subjects returns what is measured. What is not written in Go does not know GOMAXPROCS.
func (r *runner) subjects(sc scenario, procs int) []server {
	return slices.DeleteFunc(slices.Clone(r.servers), func(srv server) bool {
		return !sc.suits(srv) || sc.measuresClients() && !srv.client || procs > 0 && srv.can&obeysGo == 0
	})
}

// estimate says how long the turns take, about.
func (r *runner) estimate(turns []turn) time.Duration {
	var d time.Duration
	for _, t := range turns {
		d += t.scenario.load.takes(r.options)
	}
	return d
}

// run takes every sample, or those that it has time for until ctx ends.
func (r *runner) run(ctx context.Context, turns []turn, out *os.File) []sample {
	show := progress.New(out, len(turns), "runs")
	defer show.Finish()
	var samples []sample
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

func (t turn) String() string {
	subject := t.subject.name
	if t.peer.name != "" {
		subject += " to " + t.peer.name
	}
	if t.procs > 0 {
		subject += fmt.Sprintf(", GOMAXPROCS=%d", t.procs)
	}
	return fmt.Sprintf("%-14s round %d  %-20s", t.scenario.name, t.round, subject)
}

func (r *runner) sample(t turn) sample {
	s := sample{key: key{t.scenario.name, t.peer.name, t.procs}, Server: t.subject.name, Round: t.round}
	m, err := t.scenario.load.measure(r, t)
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.measurement = m
	return s
}
