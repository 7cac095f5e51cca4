package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// A job is what all three actions begin with: the module, and the tree that it has or may get.
type job struct {
	module *module
	target string // the tree's folder, absolute
	tree   *installed
}

func newJob(ctx context.Context, o options) (*job, error) {
	m, err := openModule(ctx, o.dir)
	if err != nil {
		return nil, err
	}
	j := &job{module: m, target: filepath.Join(m.root, defaultOutput)}
	switch {
	case o.output != "":
		j.target = absolute(m.root, o.output)
	case m.replacement != "" && toolkit.Exists(filepath.Join(m.replacement, toolkit.ManifestName)):
		j.target = m.replacement
	}
	if m.replacement != "" && m.replacement != j.target {
		return nil, fmt.Errorf("go.mod replaces %s already, with %s: remove that directive first", xnet, m.replacement)
	}
	j.tree, err = toolkit.ReadMade[manifest](j.target)
	return j, err
}

// A plan is what the tree should be now.
type plan struct {
	fork    *fork
	version string // of x/net
	overlay tree
	files   tree
}

func (j *job) plan(ctx context.Context, o options, steps toolkit.Steps) (*plan, error) {
	f, err := toolkit.FindFork(ctx, o.fork, o.dir, thisCommand)
	if err != nil {
		return nil, err
	}
	if f.Path == j.module.path {
		return nil, fmt.Errorf("%s is this project itself: name the module to change with -C", j.module.root)
	}
	p := &plan{fork: &fork{f}}
	if p.version, err = j.module.selectedXNet(ctx); err != nil {
		return nil, err
	}
	var source string
	err = steps.Do("Reading "+xnet+" "+p.version, func() error {
		source, err = j.module.downloadXNet(ctx, p.version)
		return err
	})
	if err != nil {
		return nil, err
	}
	upstream, err := toolkit.ReadTree(source)
	if err != nil {
		return nil, err
	}
	if p.overlay, err = p.fork.overlay(); err != nil {
		return nil, err
	}
	p.files, err = merge(upstream, p.overlay)
	return p, err
}

// current reports whether there is nothing to do for an install.
func (j *job) current(p *plan) bool {
	return j.tree != nil && j.module.replacement == j.target && j.tree.Manifest.XNet == p.version &&
		len(j.tree.Files.Difference(p.files.Hashes())) == 0
}

func install(ctx context.Context, o options, stdout io.Writer) error {
	j, err := newJob(ctx, o)
	if err != nil {
		return err
	}
	if err := j.module.refuseVendored(); err != nil {
		return err
	}
	steps := toolkit.Steps{W: stdout}
	p, err := j.plan(ctx, o, steps)
	if err != nil {
		return j.module.explainMissing(err)
	}
	if j.current(p) {
		fmt.Fprintf(stdout, "%s is up to date: %s %s with http2 from %s.\n", j.target, xnet, p.version, p.fork.Path)
		return nil
	}
	if j.tree != nil {
		if err := j.tree.RefuseChanged(j.target); err != nil {
			return err
		}
	}
	found, err := j.replace(ctx, o, p, steps)
	if err != nil {
		return j.module.explainMissing(err)
	}
	return report(stdout, j, p, found)
}

// replace makes the tree, verifies it, and changes go.mod. It is verified in its place, though nothing refers to it yet:
// the go command compiles a package again for another folder, and what it has compiled now is the module's next build.
func (j *job) replace(ctx context.Context, o options, p *plan, steps toolkit.Steps) (found *users, err error) {
	parent := filepath.Dir(j.target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	defer toolkit.RemoveEmptyParents(j.target, j.module.root)
	staged, err := os.MkdirTemp(parent, ".replacexnet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(staged)

	fresh, old := filepath.Join(staged, "new"), filepath.Join(staged, "old")
	goMod, err := j.stage(ctx, p, fresh)
	if err != nil {
		return nil, err
	}
	if err := j.exchange(fresh, old); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.restore(fresh, old))
		}
	}()
	directive, err := j.module.directive(j.target) // as it is going to be: a program's build information has it
	if err != nil {
		return nil, err
	}
	v := verification{
		module: j.module, version: p.version, directive: directive, suspects: suspects(p.files, p.overlay), fast: o.fast, steps: steps,
	}
	if found, err = v.run(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return found, j.module.writeGoMod(goMod)
}

// stage writes the tree and its manifest, and returns what go.mod is to be.
func (j *job) stage(ctx context.Context, p *plan, dir string) (goMod []byte, err error) {
	directive, err := j.module.directive(j.target)
	if err != nil {
		return nil, err
	}
	if goMod, err = j.module.withReplacement(ctx, directive); err != nil {
		return nil, err
	}
	before, err := j.goModBefore(ctx)
	if err != nil {
		return nil, err
	}
	m := manifest{
		Manifest: toolkit.Manifest{
			About: fmt.Sprintf("Made by %s%s: %s with the packages of http2 from %s. Not to be edited: run it again, or with -undo.",
				p.fork.Path, thisCommand, xnet, p.fork.Path),
			Files: p.files.Hashes(),
		},
		XNet:        p.version,
		GoModBefore: string(before),
		GoModAfter:  toolkit.HashOf(goMod),
	}
	encoded, err := toolkit.EncodeManifest(m)
	if err != nil {
		return nil, err
	}
	if err := p.files.Write(dir); err != nil {
		return nil, err
	}
	return goMod, os.WriteFile(filepath.Join(dir, toolkit.ManifestName), encoded, 0o644)
}

// goModBefore returns go.mod without our directive: as it was, if it hasn't changed since we added that.
func (j *job) goModBefore(ctx context.Context) ([]byte, error) {
	switch m := j.module; {
	case m.replacement == "":
		return m.goMod, nil
	case j.tree != nil && toolkit.HashOf(m.goMod) == j.tree.Manifest.GoModAfter:
		return []byte(j.tree.Manifest.GoModBefore), nil
	default:
		return m.withReplacement(ctx, "")
	}
}

// exchange puts the new tree in the place of the old one, or leaves that where it is.
func (j *job) exchange(fresh, old string) error {
	if j.tree != nil {
		if err := os.Rename(j.target, old); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh, j.target); err != nil {
		if j.tree != nil {
			err = errors.Join(err, os.Rename(old, j.target))
		}
		return err
	}
	return nil
}

// restore takes an exchange back.
func (j *job) restore(fresh, old string) error {
	if err := os.Rename(j.target, fresh); err != nil {
		return err
	}
	if j.tree != nil {
		return os.Rename(old, j.target)
	}
	return nil
}

func report(w io.Writer, j *job, p *plan, found *users) error {
	directive, err := j.module.directive(j.target)
	if err != nil {
		return err
	}
	lines := []string{
		fmt.Sprintf("%s now builds with %s => %s:", j.module.path, xnet, directive),
		fmt.Sprintf("\t%s %s, with http2, http2/hpack and http2/h2c from %s", xnet, p.version, p.fork.Path),
		fmt.Sprintf("\t(%s).", p.fork.Dir),
	}
	lines = append(lines, found.lines()...)
	lines = append(lines,
		"An http.Server or http.Transport keeps net/http's own HTTP/2 until ConfigureServer or ConfigureTransports is called for",
		"it. For those that no code configures, run replacestd.")
	lines = append(lines,
		"Commit both: git add -f go.mod "+directive,
		"The same command again brings the tree up to date, after go get "+xnet+" for instance;",
		"with -check, it tells whether that is necessary; with -undo, it takes everything back.")
	_, err = fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// lines says how the module was verified, and which packages the tree changes.
func (u *users) lines() []string {
	how := "Built and vetted."
	switch {
	case u.unvetted == fast:
		how = "Built."
	case u.unvetted == failing:
		how = "Built; go vet fails with and without it."
	}
	var lines []string
	if all := u.All(); len(all) > 0 {
		lines = append(lines, how+" What imports these packages:", toolkit.IndentLines(all))
	} else {
		lines = append(lines, how+" Nothing in its build imports these packages, so no program changes.")
	}
	if tests := slices.Concat(u.OwnTests, u.OtherTests); len(tests) > 0 {
		lines = append(lines, "What only tests bring in:", toolkit.IndentLines(tests))
	}
	return lines
}
