package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// A forkPackage is a package of this project, parsed and type-checked.
type forkPackage struct {
	types   *types.Package
	info    *types.Info
	files   []*ast.File
	names   []string // of files
	sources [][]byte // of files
}

// listed is what go list says about a package.
type listed struct {
	ImportPath, Dir, Export string
	Module                  *toolkit.Module
}

// load type-checks http2 and the packages of the fork that it is made of, each before those that import it.
func load(ctx context.Context, f *toolkit.Fork, release string) ([]*forkPackage, *token.FileSet, error) {
	out, err := toolkit.GoWith(ctx, "go", f.Dir, sameGo(), "list", "-deps", "-export", "-json=ImportPath,Dir,Export,Module", f.Path+"/http2")
	if err != nil {
		return nil, nil, err
	}
	l := &loader{fset: token.NewFileSet(), exports: make(map[string]string)}
	l.others = importer.ForCompiler(l.fset, "gc", l.export)
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return l.packages, l.fset, nil
		} else if err != nil {
			return nil, nil, err
		}
		if p.Module == nil || p.Module.Path != f.Path {
			l.exports[p.ImportPath] = p.Export
		} else if err := l.check(p, release); err != nil {
			return nil, nil, err
		}
	}
}

// sameGo makes the go command the release that this program is built with, whatever is asked for: of a later one it can
// read no export data.
func sameGo() []string {
	if version := runtime.Version(); releaseOf(version) != "" {
		return []string{"GOTOOLCHAIN=" + strings.Fields(version)[0], "GOROOT="}
	}
	return nil
}

// A loader implements types.Importer.
type loader struct {
	fset     *token.FileSet
	exports  map[string]string // files of export data, by import path
	others   types.Importer
	packages []*forkPackage
}

func (l *loader) export(importPath string) (io.ReadCloser, error) {
	name, ok := l.exports[importPath]
	if !ok {
		return nil, fmt.Errorf("no export data for %s", importPath)
	}
	return os.Open(name)
}

func (l *loader) Import(importPath string) (*types.Package, error) {
	for _, p := range l.packages {
		if p.types.Path() == importPath {
			return p.types, nil
		}
	}
	return l.others.Import(importPath)
}

// check adds a package. net/http's names are those of the Go release that this program is built with. For a later one
// mistakes don't count: whether everything is there shows when net/http is built, and what is ours must be found, which
// the flattener sees to.
func (l *loader) check(p listed, release string) error {
	names, err := filesFor(p.Dir, release)
	if err != nil {
		return err
	}
	checked := &forkPackage{names: names, info: &types.Info{
		Defs:       make(map[*ast.Ident]types.Object),
		Uses:       make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(l.fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		checked.files = append(checked.files, file)
		checked.sources = append(checked.sources, source)
	}
	var mistakes []error
	config := types.Config{Importer: l, Error: func(err error) {
		if !later(release) {
			mistakes = append(mistakes, err)
		}
	}}
	checked.types, _ = config.Check(p.ImportPath, l.fset, checked.files, checked.info)
	if err := errors.Join(mistakes...); err != nil {
		return err
	}
	l.packages = append(l.packages, checked)
	return nil
}

// later reports whether a Go release is later than the one that this program is built with.
func later(release string) bool { return !slices.Contains(build.Default.ReleaseTags, "go"+release) }
