package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"h2fork.example/net/internal/toolkit"
)

func install(ctx context.Context, o options, stdout io.Writer) error {
	j, err := newJob(o)
	if err != nil {
		return err
	}
	steps := toolkit.Steps{W: stdout}
	p, err := j.plan(ctx, o, steps)
	if err != nil {
		return err
	}
	switch {
	case j.made == nil:
	case j.current(p):
		fmt.Fprintf(stdout, "%s is up to date.\n", j.target)
		return j.report(ctx, o, p, steps)
	default:
		if err := j.made.RefuseChanged(j.folder()); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s is of %s and an earlier run: it is made anew.\n", j.target, j.made.Manifest.Go)
	}
	if err := j.replace(ctx, p, steps); err != nil {
		return err
	}
	return j.report(ctx, o, p, steps)
}

// current reports whether there is nothing to do.
func (j *job) current(p *plan) bool {
	return j.made.Manifest.Go == p.golang.version && len(j.made.Files.Difference(p.files.Hashes())) == 0
}

// replace makes the folder beside its place, builds net/http with it, and moves it.
func (j *job) replace(ctx context.Context, p *plan, steps toolkit.Steps) error {
	parent := filepath.Dir(j.target)
	existing := parent
	for !toolkit.Exists(existing) {
		existing = filepath.Dir(existing)
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	defer toolkit.RemoveEmptyParents(j.target, existing)
	staged, err := os.MkdirTemp(parent, ".replacestd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staged)
	fresh := filepath.Join(staged, "new")
	if j.kind.what == copied.what {
		err = steps.Do("Copying "+p.golang.goroot, func() error { return copyFolder(ctx, fresh, p.golang.goroot) })
	}
	if err == nil {
		err = j.write(p, fresh)
	}
	if err == nil {
		err = steps.Do("Building net/http", func() error { return j.build(ctx, p, fresh) })
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return swap(j.target, fresh, filepath.Join(staged, "old"))
}

// write writes the files and the manifest.
func (j *job) write(p *plan, fresh string) error {
	encoded, err := p.manifest()
	if err != nil {
		return err
	}
	folder := j.kind.folder(fresh)
	if err := p.files.Write(folder); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, toolkit.ManifestName), encoded, 0o644)
}

// build builds net/http, and what else is of it, where the folder is now.
func (j *job) build(ctx context.Context, p *plan, fresh string) error {
	packages := []string{"net/http", "net/http/httputil", "net/http/httptest"}
	command, args := "go", []string{"build"}
	if j.kind.what == copied.what {
		command = goCommandOf(fresh)
	} else {
		staged, err := p.overlay(fresh)
		if err != nil {
			return err
		}
		name := filepath.Join(filepath.Dir(fresh), overlayName)
		if err := os.WriteFile(name, staged, 0o644); err != nil {
			return err
		}
		args = append(args, "-overlay", name)
	}
	// Whatever the module says, it is this release that is built for.
	env := []string{"GOTOOLCHAIN=local", "GOWORK=off", "GOROOT="}
	if j.kind.what != copied.what {
		command = goCommandOf(p.golang.goroot)
	}
	if _, err := toolkit.GoWith(ctx, command, filepath.Dir(fresh), env, append(args, packages...)...); err != nil {
		return fmt.Errorf("net/http of %s and this project don't fit together:\n%w", p.golang.version, err)
	}
	return nil
}

// goCommandOf is the go command of an installation.
func goCommandOf(goroot string) string { return filepath.Join(goroot, "bin", "go") }

// swap puts a new folder in the place of the old one, or leaves that where it is.
func swap(target, fresh, old string) error {
	there := toolkit.Exists(target)
	if there {
		if err := os.Rename(target, old); err != nil {
			return err
		}
	}
	err := os.Rename(fresh, target)
	if err != nil && there {
		if back := os.Rename(old, target); back != nil {
			return fmt.Errorf("%w; and %w", err, back)
		}
	}
	return err
}
