package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// h2loadGrace is what h2load may take on top of the time that it is given.
const h2loadGrace = 20 * time.Second

// drive runs h2load against the server for so long.
func (r *runner) drive(p *process, sc scenario, d time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d+h2loadGrace)
	defer cancel()
	args := append([]string{"-t1", fmt.Sprintf("-D%.0f", d.Seconds())}, sc.h2load...)
	if sc.body != "" {
		args = append(args, "-d", r.machine.file(sc.body))
	}
	cmd := exec.CommandContext(ctx, "h2load", append(args, p.url+sc.path)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	s, err := parseH2load(string(out))
	if err != nil {
		return sample{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return s, nil
}

var (
	h2loadRate   = regexp.MustCompile(`finished in [^,]+, ([0-9.]+) req/s`)
	h2loadCounts = regexp.MustCompile(`requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2loadStatus = regexp.MustCompile(`status codes: (\d+) 2xx`)
)

// parseH2load reads h2load's summary. A response that is not 2xx is a failure here, though not to h2load
// where it is 3xx.
func parseH2load(out string) (sample, error) {
	rate, counts, status := h2loadRate.FindStringSubmatch(out), h2loadCounts.FindStringSubmatch(out), h2loadStatus.FindStringSubmatch(out)
	if rate == nil || counts == nil || status == nil {
		return sample{}, fmt.Errorf("h2load printed no summary")
	}
	perSec, err := strconv.ParseFloat(rate[1], 64)
	if err != nil {
		return sample{}, fmt.Errorf("h2load's rate: %w", err)
	}
	succeeded, _ := strconv.Atoi(counts[1]) // digits, by the expression
	failed, _ := strconv.Atoi(counts[2])
	good, _ := strconv.Atoi(status[1])
	return sample{PerSec: perSec, Requests: good, Failed: failed + max(succeeded-good, 0)}, nil
}
