package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"h2fork.example/net/internal/toolkit"
)

// check fails with all the reasons why an install would change something.
func check(ctx context.Context, o options, stdout io.Writer) error {
	j, err := newJob(o)
	if err != nil {
		return err
	}
	if j.made == nil {
		return fmt.Errorf("there is no %s", j.target)
	}
	p, err := j.plan(ctx, o, toolkit.Steps{W: stdout})
	if err != nil {
		return err
	}
	if err := errors.Join(j.stale(p)...); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is current: net/http of %s with HTTP/2 from %s.\n", j.target, p.golang.version, p.fork.Path)
	return nil
}

func (j *job) stale(p *plan) []error {
	var madeFor error
	if was := j.made.Manifest; was.Go != p.golang.version || was.GOROOT != p.golang.goroot {
		madeFor = fmt.Errorf("%s is made for %s (%s), and the go command is %s now (%s)",
			j.target, was.Go, was.GOROOT, p.golang.version, p.golang.goroot)
	}
	return j.made.Stale(j.folder(), p.fork.Path, p.files, madeFor)
}

func undo(_ context.Context, o options, stdout io.Writer) error {
	j, err := newJob(o)
	if err != nil {
		return err
	}
	if j.made == nil {
		return fmt.Errorf("there is nothing to undo: there is no %s", j.target)
	}
	if err := j.made.RefuseChanged(j.folder()); err != nil {
		return err
	}
	if err := toolkit.RemoveTree(j.target); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is gone. Take it out of GOFLAGS, or PATH, where you have put it.\n", j.target)
	return err
}
