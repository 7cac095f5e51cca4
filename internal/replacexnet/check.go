package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"h2fork.example/net/internal/toolkit"
)

// check fails with all the reasons why an install would change something.
func check(ctx context.Context, o options, stdout io.Writer) error {
	j, err := newJob(ctx, o)
	if err != nil {
		return err
	}
	if j.tree == nil {
		return fmt.Errorf("there is no %s", j.target)
	}
	p, err := j.plan(ctx, o, toolkit.Steps{W: stdout})
	if err != nil {
		return err
	}
	if err := errors.Join(j.stale(p)...); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is current: %s %s with http2 from %s.\n", j.target, xnet, p.version, p.fork.Path)
	return nil
}

func (j *job) stale(p *plan) []error {
	var reasons []error
	if j.module.replacement == "" {
		reasons = append(reasons, fmt.Errorf("go.mod doesn't replace %s with %s", xnet, j.target))
	}
	var madeFor error
	if made := j.tree.Manifest.XNet; made != p.version {
		madeFor = fmt.Errorf("%s is made from %s %s, and the module selects %s now", j.target, xnet, made, p.version)
	}
	return append(reasons, j.tree.Stale(j.target, p.fork.Path, p.files, madeFor)...)
}

// undo removes the directive first: the module builds at any time.
func undo(ctx context.Context, o options, stdout io.Writer) error {
	j, err := newJob(ctx, o)
	if err != nil {
		return err
	}
	if j.tree == nil && j.module.replacement == "" {
		return fmt.Errorf("there is nothing to undo: go.mod doesn't replace %s, and there is no %s", xnet, j.target)
	}
	if j.tree != nil {
		if err := j.tree.RefuseChanged(j.target); err != nil {
			return err
		}
	}
	before, err := j.goModBefore(ctx)
	if err != nil {
		return err
	}
	if err := j.module.writeGoMod(before); err != nil {
		return err
	}
	if j.tree != nil {
		if err := toolkit.RemoveTree(j.target); err != nil {
			return err
		}
		toolkit.RemoveEmptyParents(j.target, j.module.root)
	}
	fmt.Fprintf(stdout, "%s is no longer replaced, and %s is gone.\n", xnet, j.target)
	if !bytes.Contains(j.module.goSum, []byte(xnet+" v")) {
		fmt.Fprintf(stdout, "go.sum has lost %s, as go mod tidy does for a replaced module: run go mod tidy again.\n", xnet)
	}
	if j.module.vendored() {
		fmt.Fprintln(stdout, "The vendor folder still has the tree's packages: run go mod vendor.")
	}
	return nil
}
