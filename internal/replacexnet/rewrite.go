package main

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/format"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// rewrite returns a file of the fork as it is in x/net's tree: it imports the fork's packages from there, and says
// which Go release it is written for, since x/net's go.mod may name an older one, under which the same text would
// mean something else.
func (f *fork) rewrite(name string, source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	constrained, err := f.constrain(fset, file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	edits := []toolkit.Edit{constrained}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if place, ok := f.place(importPath); ok {
			from, to := fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset
			edits = append(edits, toolkit.Edit{From: from, To: to, Text: strconv.Quote(xnet + "/" + place)})
		}
	}
	return format.Source(toolkit.Apply(source, edits)) // which sorts the imports by their new paths
}

// constrain returns the edit that adds the fork's Go release to the build constraint of a file.
func (f *fork) constrain(fset *token.FileSet, file *ast.File) (toolkit.Edit, error) {
	release := &constraint.TagExpr{Tag: "go" + f.GoVersion}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() > file.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			old, err := constraint.Parse(c.Text)
			if err != nil {
				return toolkit.Edit{}, err
			}
			from, to := fset.Position(c.Pos()).Offset, fset.Position(c.End()).Offset
			return toolkit.Edit{From: from, To: to, Text: "//go:build " + (&constraint.AndExpr{X: release, Y: old}).String()}, nil
		}
	}
	return toolkit.Edit{Text: strings.Join([]string{"//go:build " + release.String(), "", ""}, "\n")}, nil
}
