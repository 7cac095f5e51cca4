package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"h2fork.example/net/internal/toolkit"
)

// A verification builds a module with a merged tree that go.mod doesn't name yet. It leaves go.mod and go.sum alone.
type verification struct {
	module    *module
	version   string // of x/net
	directive string // the tree's folder
	suspects  []string
	fast      bool // don't vet
	steps     toolkit.Steps
}

// users are the packages of a module's build that import one of the packages replaced.
type users struct {
	*toolkit.Users
	unvetted why
}

// why the module was not vetted.
type why string

const (
	fast    why = "it was not asked for"
	failing why = "go vet fails on the module's packages without the tree, too"
)

// run returns who uses the tree, or what doesn't build with it.
func (v *verification) run(ctx context.Context) (*users, error) {
	if err := v.steps.Do("Building "+xnet+" with this project's HTTP/2", func() error { return v.buildTree(ctx) }); err != nil {
		return nil, err
	}
	with, err := v.module.scratch(ctx, v.directive)
	if err != nil {
		return nil, err
	}
	defer with.remove()
	err = v.steps.Do("Building "+v.module.path, func() error {
		return v.compare(ctx, with, "build", "-o", os.DevNull, "./...")
	})
	if err != nil {
		return nil, err
	}
	found, err := findUsers(ctx, with)
	if err != nil {
		return nil, err
	}
	return found, v.vet(ctx, with, found)
}

// vet vets the packages that use the tree, which type-checks their tests, too.
func (v *verification) vet(ctx context.Context, with *scratch, found *users) error {
	packages := slices.Concat(found.Own, found.OwnTests)
	if v.fast {
		found.unvetted = fast
	}
	if v.fast || len(packages) == 0 {
		return nil
	}
	err := v.steps.Do(fmt.Sprintf("Vetting %d of its packages", len(packages)), func() error {
		return v.compare(ctx, with, "vet", packages...)
	})
	if failed, ok := errors.AsType[*failsAnyway](err); ok && failed.command == "vet" {
		found.unvetted = failing
		return nil
	}
	return err
}

// buildTree builds the packages of the tree that may not fit together. The module's go.sum need not list what they
// import for that, since it may use none of them.
func (v *verification) buildTree(ctx context.Context) error {
	s, err := v.module.scratch(ctx, v.directive)
	if err != nil {
		return err
	}
	defer s.remove()
	_, err = s.run(ctx, "mod", "build", v.suspects...)
	failed, ok := errors.AsType[*toolkit.GoError](err)
	if !ok {
		return err
	}
	packages := failed.Packages()
	if len(packages) == 0 {
		return err
	}
	return fmt.Errorf("%s %s and this project don't fit together. These packages don't build:\n%s\n%s\n"+
		"Another version of %s may do: go get %s@VERSION",
		xnet, v.version, toolkit.IndentLines(packages), toolkit.Indent(failed.Output), xnet, xnet)
}

// failsAnyway is a go command that fails on the module as it is.
type failsAnyway struct {
	module, command, output string
}

func (e *failsAnyway) Error() string {
	return fmt.Sprintf("go %s fails on %s as it is:\n%s", e.command, e.module, toolkit.Indent(e.output))
}

// compare runs a go command on the module with the tree. If it fails, compare tells the tree's faults from the
// module's, for which it returns a failsAnyway.
func (v *verification) compare(ctx context.Context, with *scratch, command string, args ...string) error {
	_, err := with.run(ctx, "readonly", command, args...)
	failed, ok := errors.AsType[*toolkit.GoError](err)
	if !ok {
		return err
	}
	without, err := v.module.scratch(ctx, "")
	if err != nil {
		return err
	}
	defer without.remove()
	_, err = without.run(ctx, "readonly", command, args...)
	if before, ok := errors.AsType[*toolkit.GoError](err); ok {
		return &failsAnyway{v.module.path, command, before.Output}
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s passes go %s with upstream's http2, but not with this project's:\n%s",
		v.module.path, command, toolkit.Indent(failed.Output))
}

// findUsers lists the packages of the build, and those of its tests, that import one of those replaced.
func findUsers(ctx context.Context, s *scratch) (*users, error) {
	const fields = "-json=ImportPath,Imports,Module"
	build, err := s.run(ctx, "readonly", "list", "-e", "-deps", fields, "./...")
	if err != nil {
		return nil, err
	}
	tests, err := s.run(ctx, "readonly", "list", "-e", "-deps", "-test", fields, "./...")
	if err != nil {
		return nil, err
	}
	found, err := toolkit.FindUsers(build, tests, xnet, isReplaced)
	return &users{Users: found}, err
}
