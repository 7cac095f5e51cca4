package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// A verification builds a module with a merged tree that isn't installed yet. It leaves go.mod and go.sum alone.
type verification struct {
	module   *module
	version  string // of x/net
	staged   string // the folder that has the tree
	suspects []string
}

// users are the packages of a module's build that import one of the packages replaced.
type users struct {
	own, others []string
	unvetted    bool // since go vet fails on the module's own without the tree, too
}

// run returns who uses the tree, or what doesn't build with it.
func (v *verification) run(ctx context.Context) (*users, error) {
	if err := v.buildTree(ctx); err != nil {
		return nil, err
	}
	with, err := v.module.scratch(ctx, v.staged)
	if err != nil {
		return nil, err
	}
	defer with.remove()
	if err := v.compare(ctx, with, "build", "-o", os.DevNull, "./..."); err != nil {
		return nil, err
	}
	found, err := findUsers(ctx, with)
	if err != nil || len(found.own) == 0 {
		return found, err
	}
	err = v.compare(ctx, with, "vet", found.own...) // which type-checks their tests, too
	if failed, ok := errors.AsType[*failsAnyway](err); ok && failed.command == "vet" {
		found.unvetted = true
		return found, nil
	}
	return found, err
}

// buildTree builds the packages of the tree that may not fit together. The module's go.sum need not list what they
// import for that, since it may use none of them.
func (v *verification) buildTree(ctx context.Context) error {
	s, err := v.module.scratch(ctx, v.staged)
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

// findUsers lists the packages of the build, with the tests of the module's own, that import one of those replaced.
func findUsers(ctx context.Context, s *scratch) (*users, error) {
	out, err := s.run(ctx, "readonly", "list", "-e", "-deps", "-test", "-json=ImportPath,Imports,Module", "./...")
	if err != nil {
		return nil, err
	}
	var found users
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath string
			Imports    []string
			Module     *toolkit.Module
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module == nil || p.Module.Path == xnet || !slices.ContainsFunc(p.Imports, isReplaced) {
			continue
		}
		list := &found.others
		if p.Module.Main {
			list = &found.own
		}
		*list = append(*list, packageUnderTest(p.ImportPath))
	}
	for _, list := range []*[]string{&found.own, &found.others} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return &found, nil
}

// packageUnderTest returns the package that a variant such as "p_test [p.test]" is built for.
func packageUnderTest(importPath string) string {
	path, test, ok := strings.Cut(importPath, " [")
	if !ok {
		return path
	}
	if tested := strings.TrimSuffix(test, ".test]"); path == tested+"_test" {
		return tested
	}
	return path
}
