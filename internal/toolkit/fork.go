package toolkit

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// A Fork is this project's source.
type Fork struct {
	Dir       string
	Path      string // of the module
	GoVersion string // the language that it is written in, such as 1.26
}

// FindFork returns the source in dir or, if dir is empty, of the module that this program was built from. place is the
// program's place in its module, such as /internal/replacexnet.
func FindFork(ctx context.Context, dir, userDir, place string) (*Fork, error) {
	if dir == "" {
		var err error
		if dir, err = sourceOfThisProgram(ctx, userDir, place); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	mod, err := ReadGoMod(ctx, filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	release := strings.SplitN(mod.Go, ".", 3)
	if len(release) < 2 {
		return nil, fmt.Errorf("%s: no go line of the form 1.N", filepath.Join(dir, "go.mod"))
	}
	return &Fork{Dir: dir, Path: mod.Module.Path, GoVersion: release[0] + "." + release[1]}, nil
}

// sourceOfThisProgram asks the go command, first from here (a clone, or a module that requires this one), then from
// the module to change.
func sourceOfThisProgram(ctx context.Context, userDir, place string) (string, error) {
	const askForFlag = "don't know where this project's source is: name it with -fork"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New(askForFlag)
	}
	modulePath, ok := strings.CutSuffix(info.Path, place)
	if !ok {
		return "", errors.New(askForFlag)
	}
	for _, from := range []string{".", userDir} {
		var m Module
		if GoJSON(ctx, from, &m, "list", "-m", "-json", modulePath) == nil && m.Dir != "" {
			return m.Dir, nil
		}
	}
	return "", errors.New(askForFlag)
}

// IsSource reports whether a file is part of a package, and not only of its tests.
func IsSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// ImportsOf returns the packages that a file imports.
func ImportsOf(name string, source []byte) ([]string, error) {
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
