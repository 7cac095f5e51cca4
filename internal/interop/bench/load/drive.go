package load

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

// The loads that are not h2load's come from a child that prints "begin" when its warm-up is over, and a
// measurement, as JSON, when its time is.

const (
	lineBegin = "begin"
	// driveGrace is what a child may take on top of the time that it is given.
	driveGrace = 30 * time.Second
)

// drive runs a load in a child of that role. It measures the server p, or the child itself if that is nil.
func (r Run) drive(role string, spec any, procs int, p *processes.Process) (m measure.Measurement, err error) {
	cmd, err := processes.ChildCommand(role, spec, procs)
	if err != nil {
		return m, err
	}
	child, err := processes.Start(cmd)
	if err != nil {
		return m, err
	}
	defer child.Stop()
	late := time.AfterFunc(warmUp+driveGrace, child.Kill)
	defer late.Stop()
	fail := func(err error) (measure.Measurement, error) {
		child.Stop()
		return measure.Measurement{}, fmt.Errorf("%s: %w\n%s", role, err, child.Log())
	}

	if line, err := child.Line(); err != nil || line != lineBegin {
		return fail(fmt.Errorf("no beginning: %q, %v", line, err))
	}
	var before, after processes.Cost
	if p != nil {
		if before, err = p.Cost(); err != nil {
			return fail(err)
		}
	}
	late.Reset(r.Duration + driveGrace)
	line, err := child.Line()
	if err != nil {
		return fail(err)
	}
	if p != nil {
		if after, err = p.Cost(); err != nil {
			return fail(err)
		}
	}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return fail(fmt.Errorf("%q: %w", line, err))
	}
	if p != nil {
		err = processes.Charge(&m, p.PID(), before, after)
	}
	return m, err
}

// A reading is how far a load has come, and at what cost.
type reading struct {
	at           time.Time
	cost         processes.Cost
	done, failed int64
}

func (c *counter) read() (reading, error) {
	spent, err := processes.CPU(os.Getpid())
	return reading{time.Now(), processes.Cost{CPU: spent, Mallocs: processes.Mallocs()}, c.done.Load(), c.failed.Load()}, err
}

// report waits for the warm-up's end, then for so long, and prints what happened meanwhile. A function in adds
// adds to that.
func (c *counter) report(d time.Duration, adds ...func(m *measure.Measurement, from, to time.Time)) error {
	processes.AwaitEnd()
	time.Sleep(warmUp)
	fmt.Println(lineBegin)
	before, err := c.read()
	if err != nil {
		return err
	}
	time.Sleep(d)
	after, err := c.read()
	if err != nil {
		return err
	}
	m := measure.Measurement{Requests: int(after.done - before.done), Failed: int(after.failed - before.failed)}
	m.PerSec = float64(m.Requests) / after.at.Sub(before.at).Seconds()
	if err := processes.Charge(&m, os.Getpid(), before.cost, after.cost); err != nil {
		return err
	}
	for _, add := range adds {
		add(&m, before.at, after.at)
	}
	return tell(m)
}

// tell prints what a child has measured.
func tell(m measure.Measurement) error { return json.NewEncoder(os.Stdout).Encode(m) }
