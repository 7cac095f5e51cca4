package load

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// h2loadLimit is how long h2load may take.
const h2loadLimit = time.Minute

// An h2load is requests of h2load's to one path.
type h2load struct {
	path           string
	conns, streams int      // streams of each connection
	headers        []string // that requests carry
	body           string   // name of the file that each request carries, "" for none
}

// threads is how many h2load works with: all that the machine can run, if there are connections for them. With one
// thread, and two processors, uploads were no faster than h2load: a server that takes 535 µs for 1 MiB had to wait
// for it again and again, and going to sleep and being woken made that 810 µs, while one that takes 920 was
// never done before h2load.
func (l h2load) threads() int { return min(runtime.NumCPU(), l.conns) }

func (l h2load) args() []string {
	args := []string{fmt.Sprintf("-t%d", l.threads()), fmt.Sprintf("-c%d", l.conns), fmt.Sprintf("-m%d", l.streams)}
	for _, h := range l.headers {
		args = append(args, "-H"+h)
	}
	return args
}

func (l h2load) String() string {
	s := "h2load " + strings.Join(l.args(), " ")
	if l.body != "" {
		s += " -d " + l.body
	}
	return s + " " + l.path
}

const (
	// h2loadWarmUp is short, since CPU time is measured later on.
	h2loadWarmUp = 300 * time.Millisecond
	// leastTurns is how often each stream is used at least, whatever the time.
	leastTurns = 4
)

func (l h2load) Takes(r Run) time.Duration { return startTime + h2loadWarmUp + r.Duration*3/2 }

func (l h2load) Measure(r Run) (m measure.Measurement, err error) {
	p, err := r.startSubject()
	if err != nil {
		return m, err
	}
	defer p.Stop()
	return l.of(r, p)
}

// of lets h2load have the server to itself for a while, then counts the requests of a given time, and then what half as
// many requests cost: when a time is up, some are under way, and it is not known what they have cost; when a number is,
// some connections have long been done.
func (l h2load) of(r Run, p *processes.Process) (m measure.Measurement, err error) {
	if _, err := l.drive(r.Machine, p.URL, forTime(h2loadWarmUp)); err != nil {
		return m, err
	}
	timed, err := l.drive(r.Machine, p.URL, forTime(r.Duration))
	if err != nil {
		return m, err
	}
	before, err := p.Cost()
	if err != nil {
		return m, err
	}
	n := max(timed.Requests/2, leastTurns*l.conns*l.streams)
	if m, err = l.drive(r.Machine, p.URL, fmt.Sprint("-n", n)); err != nil {
		return m, err
	}
	if err := p.Charge(&m, before); err != nil {
		return m, err
	}
	m.PerSec = timed.PerSec
	m.Requests += timed.Requests
	m.Failed += timed.Failed
	return m, nil
}

func forTime(d time.Duration) string { return fmt.Sprintf("-D%dms", d.Milliseconds()) }

// drive runs h2load against the server, for as much as amount says.
func (l h2load) drive(m *processes.Machine, url, amount string) (measure.Measurement, error) {
	ctx, cancel := context.WithTimeout(context.Background(), h2loadLimit)
	defer cancel()
	args := append(l.args(), amount)
	if l.body != "" {
		args = append(args, "-d", m.File(l.body))
	}
	cmd := exec.CommandContext(ctx, "h2load", append(args, url+l.path)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return measure.Measurement{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	got, err := parseH2load(string(out))
	if err != nil {
		return measure.Measurement{}, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return got, nil
}

var (
	h2loadRate   = regexp.MustCompile(`finished in [^,]+, ([0-9.]+) req/s`)
	h2loadCounts = regexp.MustCompile(`requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2loadStatus = regexp.MustCompile(`status codes: (\d+) 2xx`)
)

// parseH2load reads h2load's summary. A response that is not 2xx is a failure here, though not to h2load
// where it is 3xx.
func parseH2load(out string) (measure.Measurement, error) {
	rate, counts, status := h2loadRate.FindStringSubmatch(out), h2loadCounts.FindStringSubmatch(out), h2loadStatus.FindStringSubmatch(out)
	if rate == nil || counts == nil || status == nil {
		return measure.Measurement{}, fmt.Errorf("h2load printed no summary")
	}
	perSec, err := strconv.ParseFloat(rate[1], 64)
	if err != nil {
		return measure.Measurement{}, fmt.Errorf("h2load's rate: %w", err)
	}
	succeeded, _ := strconv.Atoi(counts[1]) // digits, by the expression
	failed, _ := strconv.Atoi(counts[2])
	good, _ := strconv.Atoi(status[1])
	return measure.Measurement{PerSec: perSec, Requests: good, Failed: failed + max(succeeded-good, 0)}, nil
}
