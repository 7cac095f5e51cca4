package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// In one package, names that weren't exported can be seen from where they couldn't before: a selector might find another
// field, or an embedded struct promote another method. So net/http is type-checked with this project's packages in it,
// and every selector is compared.
func TestEverySelectorMeansWhatItMeantBefore(t *testing.T) {
	f, err := toolkit.FindFork(t.Context(), projectDir(t), ".", thisCommand)
	must(t, err)
	g, err := findGo(t.Context(), ".")
	must(t, err)
	packages, fset, err := load(t.Context(), f, g.release)
	must(t, err)
	ours, err := merge(t.Context(), f, g, false)
	must(t, err)

	merged := checkMerged(t, g, ours)
	compared := 0
	for _, p := range packages {
		for i, file := range p.files {
			name := flatFile(p.types, filepath.Base(p.names[i]))
			before, after := selectors(file, p.info), selectors(merged.files[name], merged.info)
			if len(before) == 0 {
				continue
			}
			if len(before) != len(after) {
				t.Errorf("%s has %d selectors, and %s %d", p.names[i], len(before), name, len(after))
				continue
			}
			for i := range before {
				if difference := before[i].difference(after[i]); difference != "" {
					t.Errorf("%s: %s", fset.Position(before[i].at), difference)
				}
				compared++
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d selectors were compared", compared)
	}
}

// projectDir is the folder of this module.
func projectDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	must(t, err)
	return dir
}

type selector struct {
	at        token.Pos
	name      string
	index     []int
	isPointer bool
	what      string // the type whose method it is
	ours      bool   // and not of another package, whose copy for net/http may have it elsewhere
}

func (s selector) difference(other selector) string {
	if len(s.index) != len(other.index) || s.ours && !slices.Equal(s.index, other.index) || s.isPointer != other.isPointer || !strings.HasSuffix(other.name, s.name) || !strings.HasSuffix(other.what, s.what) {
		return "." + s.name + " of " + s.what + " has become ." + other.name + " of " + other.what
	}
	return ""
}

// selectors lists the selectors of a file, those aside that were package.Name.
func selectors(file *ast.File, info *types.Info) []selector {
	var list []selector
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if s := info.Selections[sel]; s != nil {
			found := selector{at: sel.Pos(), name: sel.Sel.Name, index: s.Index(), isPointer: s.Indirect()}
			found.ours = s.Obj().Pkg() != nil && strings.HasPrefix(s.Obj().Pkg().Path(), "h2fork.example/net/")
			if m, ok := s.Obj().(*types.Func); ok {
				found.what = nameOf(m.Signature().Recv().Type())
			}
			list = append(list, found)
		}
		return true
	})
	return list
}

func nameOf(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// A mergedPackage is net/http with ours in it.
type mergedPackage struct {
	files map[string]*ast.File
	info  *types.Info
}

func checkMerged(t *testing.T, g *golang, ours toolkit.Tree) *mergedPackage {
	t.Helper()
	fset := token.NewFileSet()
	m := &mergedPackage{files: make(map[string]*ast.File), info: &types.Info{Selections: make(map[*ast.SelectorExpr]*types.Selection)}}
	here, err := releaseContext(g.release, runtime.GOOS, runtime.GOARCH)
	must(t, err)
	dir := t.TempDir()
	theirs, err := filepath.Glob(filepath.Join(netHTTPFolder(g.goroot), "*.go"))
	must(t, err)
	for _, name := range theirs {
		content, err := os.ReadFile(name)
		must(t, err)
		must(t, toolkit.Tree{filepath.Base(name): content}.Write(dir))
	}
	must(t, ours.Write(dir))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	must(t, err)
	var files []*ast.File
	for _, name := range names {
		if match, err := here.MatchFile(dir, filepath.Base(name)); err != nil || !match || !toolkit.IsSource(name) {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		must(t, err)
		m.files[filepath.Base(name)] = file
		files = append(files, file)
	}
	exports := exportsOf(t, "net/http", "runtime/pprof", "weak", "hash/maphash", "math/rand/v2")
	lookup := func(importPath string) (io.ReadCloser, error) {
		if file := exports[importPath]; file != "" {
			return os.Open(file)
		}
		return os.Open(exports["vendor/"+importPath])
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup), FakeImportC: true}
	if _, err := config.Check("net/http", fset, files, m.info); err != nil {
		t.Fatal(err)
	}
	return m
}

func exportsOf(t *testing.T, packages ...string) map[string]string {
	t.Helper()
	out, err := toolkit.Go(t.Context(), ".", append([]string{"list", "-deps", "-export", "-json=ImportPath,Export"}, packages...)...)
	must(t, err)
	exports := make(map[string]string)
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
}
