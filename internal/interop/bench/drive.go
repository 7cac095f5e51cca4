package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// The loads that are not h2load's come from a child that prints "begin" when its warm-up is over, and a
// measurement, as JSON, when its time is.

const (
	lineBegin = "begin"
	// driveGrace is what a child may take on top of the time that it is given.
	driveGrace = 30 * time.Second
)

// drive runs a load in a child of that role. It measures the server p, or the child itself if that is nil.
func (r *runner) drive(role string, spec any, procs int, p *process) (m measurement, err error) {
	cmd, err := childCommand(role, spec, procs)
	if err != nil {
		return m, err
	}
	child, err := startProcess(cmd)
	if err != nil {
		return m, err
	}
	defer child.stop()
	late := time.AfterFunc(warmUp+driveGrace, func() { child.cmd.Process.Kill() })
	defer late.Stop()
	fail := func(err error) (measurement, error) {
		child.stop()
		return measurement{}, fmt.Errorf("%s: %w\n%s", role, err, child.log.String())
	}

	if line, err := child.line(); err != nil || line != lineBegin {
		return fail(fmt.Errorf("no beginning: %q, %v", line, err))
	}
	var before, after cost
	if p != nil {
		if before, err = p.cost(); err != nil {
			return fail(err)
		}
	}
	late.Reset(r.options.duration + driveGrace)
	line, err := child.line()
	if err != nil {
		return fail(err)
	}
	if p != nil {
		if after, err = p.cost(); err != nil {
			return fail(err)
		}
	}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return fail(fmt.Errorf("%q: %w", line, err))
	}
	if p != nil {
		err = m.charge(p.cmd.Process.Pid, before, after)
	}
	return m, err
}

// A reading is how far a load has come, and at what cost.
type reading struct {
	at           time.Time
	cost         cost
	done, failed int64
}

func (c *counter) read() (reading, error) {
	spent, err := cpu(os.Getpid())
	return reading{time.Now(), cost{spent, mallocs()}, c.done.Load(), c.failed.Load()}, err
}

// report waits for the warm-up's end, then for so long, and prints what happened meanwhile. A function in adds
// adds to that.
func (c *counter) report(d time.Duration, adds ...func(*measurement)) error {
	awaitEnd()
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
	m := measurement{Requests: int(after.done - before.done), Failed: int(after.failed - before.failed)}
	m.PerSec = float64(m.Requests) / after.at.Sub(before.at).Seconds()
	if err := m.charge(os.Getpid(), before.cost, after.cost); err != nil {
		return err
	}
	for _, add := range adds {
		add(&m)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}
