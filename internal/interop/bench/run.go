package main

import (
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/interop/progress"
)

// warmUp is how long a server gets to grow its heap and fill its pools before it is measured.
const warmUp = time.Second

// A sample is one measurement of one server.
type sample struct {
	Scenario string  `json:"scenario"`
	Server   string  `json:"server"`
	Round    int     `json:"round"`
	Requests int     `json:"requests,omitempty"` // that were answered with success
	Failed   int     `json:"failed"`
	PerSec   float64 `json:"requests_per_second,omitempty"`
	CPU      float64 `json:"cpu_us_per_request,omitempty"`
	RSS      int     `json:"rss_kib,omitempty"`
	IdleConn float64 `json:"rss_kib_per_idle_connection,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// A runner measures servers in scenarios.
type runner struct {
	options   options
	machine   *machine
	scenarios []scenario
	servers   []server
}

// run takes every sample: in each scenario, each server in turn, as often as there are rounds.
func (r *runner) run(out *os.File) []sample {
	type turn struct {
		scenario scenario
		server   server
		round    int
	}
	var turns []turn
	for _, sc := range r.scenarios {
		for round := range r.options.rounds {
			for _, srv := range r.servers {
				if sc.suits(srv) {
					turns = append(turns, turn{sc, srv, round + 1})
				}
			}
		}
	}
	show := progress.New(out, len(turns), "runs")
	defer show.Finish()
	var samples []sample
	for _, t := range turns {
		part := fmt.Sprintf("%-14s round %d  %-10s", t.scenario.name, t.round, t.server.name)
		show.Begin(part)
		s, err := r.measure(t.scenario, t.server)
		s.Scenario, s.Server, s.Round = t.scenario.name, t.server.name, t.round
		if err != nil {
			s.Error = err.Error()
		}
		show.Step()
		show.End(part + "  " + s.String())
		samples = append(samples, s)
	}
	return samples
}

// measure starts the server, takes a sample and stops it.
func (r *runner) measure(sc scenario, srv server) (sample, error) {
	if sc.measuresClients() {
		return r.measureClient(sc, srv.name)
	}
	p, err := srv.start(r.machine, sc)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	if !sc.needsH2load() {
		return measureIdle(p, p.url+sc.path, r.options.idle)
	}
	if _, err := r.drive(p, sc, warmUp); err != nil {
		return sample{}, err
	}
	before, err := p.cpu()
	if err != nil {
		return sample{}, err
	}
	s, err := r.drive(p, sc, r.options.duration)
	if err != nil {
		return sample{}, err
	}
	after, err := p.cpu()
	if err != nil {
		return sample{}, err
	}
	s.CPU = float64((after - before).Microseconds()) / float64(max(s.Requests+s.Failed, 1))
	s.RSS, err = rss(p.cmd.Process.Pid)
	return s, err
}

func (s sample) String() string {
	switch {
	case s.Error != "":
		return s.Error
	case s.Scenario == idleScenario:
		return fmt.Sprintf("%8.1f KiB a connection", s.IdleConn)
	}
	return fmt.Sprintf("%8.0f requests/s  %8.2f CPU µs/request  %d failed", s.PerSec, s.CPU, s.Failed)
}
