package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// This project's packages become part of package net/http: that is how net/http can call them, which they import, and
// how nothing has to be imported by the programs that are built. Every name that a package declares gets a prefix, and
// what was qualified with a package's name isn't any more. Nothing else changes.

// prefix begins the name of all that we add to net/http.
const prefix = "h2fork_"

// flatName is the name in net/http of what a package of the fork declares.
func flatName(pkg *types.Package, name string) string { return prefix + pkg.Name() + "_" + name }

// flatFile is the name in net/http's folder of a file of the fork.
func flatFile(pkg *types.Package, name string) string { return prefix + pkg.Name() + "_" + name }

// flatten returns the files of http2 and of all that it imports, as files of package net/http in a Go release.
func flatten(ctx context.Context, f *toolkit.Fork, release string) (toolkit.Tree, error) {
	packages, fset, err := load(ctx, f, release)
	if err != nil {
		return nil, err
	}
	files := make(toolkit.Tree)
	for _, p := range packages {
		for i, file := range p.files {
			flat, err := (&flattener{fset: fset, in: p, all: packages}).flatten(file, p.sources[i])
			if err != nil {
				return nil, err
			}
			name := flatFile(p.types, filepath.Base(p.names[i]))
			if _, ok := files[name]; ok {
				return nil, fmt.Errorf("two packages have a %s", name)
			}
			files[name] = flat
		}
	}
	return files, nil
}

// A flattener rewrites the files of one package.
type flattener struct {
	fset  *token.FileSet
	in    *forkPackage
	all   []*forkPackage
	edits []toolkit.Edit
	err   error // the first one
}

func (f *flattener) flatten(file *ast.File, source []byte) ([]byte, error) {
	f.edits = nil
	f.packageClause(file)
	f.imports(file)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.SelectorExpr:
			return !f.qualified(n)
		case *ast.Ident:
			if n != file.Name {
				f.ident(n)
			}
		}
		return true
	})
	if f.err != nil {
		return nil, f.err
	}
	return format.Source(toolkit.Apply(source, f.edits))
}

func (f *flattener) replace(from, to token.Pos, text string) {
	f.edits = append(f.edits, toolkit.Edit{From: f.fset.Position(from).Offset, To: f.fset.Position(to).Offset, Text: text})
}

func (f *flattener) fail(at token.Pos, format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%s: %s", f.fset.Position(at), fmt.Sprintf(format, args...))
	}
}

// packageClause makes the file one of package http. What documents our package doesn't document that: an empty line
// parts it from the clause.
func (f *flattener) packageClause(file *ast.File) {
	f.replace(file.Name.Pos(), file.Name.End(), "http")
	if file.Doc != nil {
		f.replace(file.Package, file.Package, "\n")
	}
}

// imports removes what is in the same package now.
func (f *flattener) imports(file *ast.File) {
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.IMPORT {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(d.Specs), f.isHere)
		if len(kept) == 0 {
			f.replace(d.Pos(), d.End(), "")
			continue
		}
		for _, spec := range d.Specs {
			if !slices.Contains(kept, spec) {
				f.replace(spec.Pos(), spec.End(), "")
			}
		}
	}
}

// isHere reports whether an import is of what is in the same package now.
func (f *flattener) isHere(spec ast.Spec) bool {
	importPath, err := strconv.Unquote(spec.(*ast.ImportSpec).Path.Value)
	if err != nil {
		f.fail(spec.Pos(), "%v", err)
	}
	return importPath == "net/http" || f.ours(importPath) != nil
}

func (f *flattener) ours(importPath string) *forkPackage {
	for _, p := range f.all {
		if p.types.Path() == importPath {
			return p
		}
	}
	return nil
}

// qualified rewrites package.Name for a package that is part of net/http now, and for net/http itself.
func (f *flattener) qualified(sel *ast.SelectorExpr) bool {
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	name, ok := f.in.info.Uses[x].(*types.PkgName)
	if !ok {
		return false
	}
	switch imported := name.Imported(); {
	case imported.Path() == "net/http":
		f.replace(sel.Pos(), sel.Sel.Pos(), "")
		f.refuseShadowed(sel.Sel)
	case f.ours(imported.Path()) != nil:
		f.replace(sel.Pos(), sel.End(), flatName(imported, sel.Sel.Name))
	}
	return true
}

// refuseShadowed fails if a name of net/http's would mean something else without "http." before it.
func (f *flattener) refuseShadowed(id *ast.Ident) {
	scope := f.in.types.Scope().Innermost(id.Pos())
	if scope == nil {
		f.fail(id.Pos(), "no scope for %s", id.Name)
		return
	}
	if _, obj := scope.LookupParent(id.Name, id.Pos()); obj != nil && obj.Parent() != f.in.types.Scope() {
		f.fail(id.Pos(), "%s has another meaning here, declared at %s", id.Name, f.fset.Position(obj.Pos()))
	}
}

// ident gives a name that a package of the fork declares its prefix.
func (f *flattener) ident(id *ast.Ident) {
	obj := f.in.info.Uses[id]
	defined := false // where a type switch defines a name there is no object
	if obj == nil {
		obj, defined = f.in.info.Defs[id]
	}
	switch {
	case strings.HasPrefix(id.Name, prefix):
		f.fail(id.Pos(), "%s begins with %s", id.Name, prefix)
	case obj == nil:
		if !defined && f.in.types.Scope().Lookup(id.Name) != nil {
			f.fail(id.Pos(), "don't know what %s is", id.Name)
		}
	case id.Name == "_" || obj.Pkg() == nil || f.ours(obj.Pkg().Path()) == nil:
	case obj.Pkg().Scope().Lookup(id.Name) == obj: // which no init is
		f.replace(id.Pos(), id.End(), flatName(obj.Pkg(), id.Name))
	default:
		f.embedded(id, obj)
	}
}

// embedded renames a use of an embedded field, which has the name of its type.
func (f *flattener) embedded(id *ast.Ident, obj types.Object) {
	v, ok := obj.(*types.Var)
	if !ok || !v.IsField() || !v.Origin().Embedded() {
		return
	}
	t := v.Origin().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	var name *types.TypeName
	switch t := t.(type) {
	case *types.Named:
		name = t.Obj()
	case *types.Alias:
		name = t.Obj()
	default:
		return
	}
	if name.Pkg() != nil && f.ours(name.Pkg().Path()) != nil {
		f.replace(id.Pos(), id.End(), flatName(name.Pkg(), name.Name()))
	}
}

// releaseContext is a build.Context for a Go release such as 1.27, on any system.
func releaseContext(release, goos, goarch string) (build.Context, error) {
	minor, err := strconv.Atoi(strings.TrimPrefix(release, "1."))
	if err != nil || !strings.HasPrefix(release, "1.") {
		return build.Context{}, fmt.Errorf("%q is not a Go release of the form 1.N", release)
	}
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled, c.ToolTags, c.BuildTags = goos, goarch, false, nil, nil
	c.ReleaseTags = nil
	for n := 1; n <= minor; n++ {
		c.ReleaseTags = append(c.ReleaseTags, "go1."+strconv.Itoa(n))
	}
	return c, nil
}

// filesFor lists the files of a package folder that are built with a Go release. There may be none that depend on
// anything else.
func filesFor(dir, release string) ([]string, error) {
	one, err := releaseContext(release, "linux", "amd64")
	if err != nil {
		return nil, err
	}
	other, _ := releaseContext(release, "windows", "arm64")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !toolkit.IsSource(entry.Name()) {
			continue
		}
		first, err := one.MatchFile(dir, entry.Name())
		if err != nil {
			return nil, err
		}
		if second, err := other.MatchFile(dir, entry.Name()); err != nil || first != second {
			return nil, fmt.Errorf("%s is not for every system, which this program is not made for", path.Join(dir, entry.Name()))
		}
		if first {
			names = append(names, filepath.Join(dir, entry.Name()))
		}
	}
	return names, nil
}
