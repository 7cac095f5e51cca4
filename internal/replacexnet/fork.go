package main

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// A fork is this project's source.
type fork struct {
	dir       string
	path      string // of the module
	goVersion string // the language that it is written in, such as 1.26
}

// thisCommand is this program's place in its module.
const thisCommand = "/internal/replacexnet"

// findFork returns the source in dir or, if dir is empty, of the module that this program was built from.
func findFork(ctx context.Context, dir, userDir string) (*fork, error) {
	if dir == "" {
		var err error
		if dir, err = sourceOfThisProgram(ctx, userDir); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	mod, err := readGoMod(ctx, filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	release := strings.SplitN(mod.Go, ".", 3)
	if len(release) < 2 {
		return nil, fmt.Errorf("%s: no go line of the form 1.N", filepath.Join(dir, "go.mod"))
	}
	return &fork{dir: dir, path: mod.Module.Path, goVersion: release[0] + "." + release[1]}, nil
}

// sourceOfThisProgram asks the go command, first from here (a clone, or a module that requires this one), then from
// the module to change.
func sourceOfThisProgram(ctx context.Context, userDir string) (string, error) {
	const askForFlag = "don't know where this project's source is: name it with -fork"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New(askForFlag)
	}
	modulePath, ok := strings.CutSuffix(info.Path, thisCommand)
	if !ok {
		return "", errors.New(askForFlag)
	}
	for _, from := range []string{".", userDir} {
		var m moduleJSON
		if goJSON(ctx, from, &m, "list", "-m", "-json", modulePath) == nil && m.Dir != "" {
			return m.Dir, nil
		}
	}
	return "", errors.New(askForFlag)
}

// private is where x/net's tree gets the packages that ours are made of, which upstream's aren't. Its name shows in
// stack traces and profiles whose code it is.
const private = "http2/internal/h2fork"

// place returns the folder of x/net's tree for a package of the fork, or false for one that has none.
func (f *fork) place(importPath string) (string, bool) {
	name, ok := strings.CutPrefix(importPath, f.path+"/")
	if !ok {
		return "", false
	}
	switch name {
	case "http2":
		return "http2", true
	case "hpack", "h2c":
		return "http2/" + name, true
	}
	if name, ok := strings.CutPrefix(name, "internal/"); ok {
		return private + "/" + name, true
	}
	return "", false
}

// overlay returns the files that the fork puts into x/net's tree: those of the public packages and of all that they
// import, with other import paths, and the license.
func (f *fork) overlay() (tree, error) {
	files := make(tree)
	pending := []string{f.path + "/http2", f.path + "/hpack", f.path + "/h2c"}
	seen := make(map[string]bool)
	for len(pending) > 0 {
		importPath := pending[0]
		pending = pending[1:]
		if seen[importPath] {
			continue
		}
		seen[importPath] = true
		imports, err := f.addPackage(files, importPath)
		if err != nil {
			return nil, err
		}
		pending = append(pending, imports...)
	}
	license, err := os.ReadFile(filepath.Join(f.dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	files["http2/LICENSE.h2fork"] = license
	return files, nil
}

// addPackage adds the files of one package, whatever system or Go release they are for, and returns the packages of
// the fork that they import.
func (f *fork) addPackage(files tree, importPath string) (imports []string, err error) {
	place, ok := f.place(importPath)
	if !ok {
		return nil, fmt.Errorf("%s: don't know its place in %s", importPath, xnet)
	}
	dir := filepath.Join(f.dir, filepath.FromSlash(strings.TrimPrefix(importPath, f.path+"/")))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !isSource(entry.Name()) {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := importsOf(name, source)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if strings.HasPrefix(p, f.path+"/") {
				imports = append(imports, p)
			}
		}
		if files[path.Join(place, entry.Name())], err = f.rewrite(name, source); err != nil {
			return nil, err
		}
	}
	return imports, nil
}

// isSource reports whether a file is part of a package, and not only of its tests.
func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func importsOf(name string, source []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}
