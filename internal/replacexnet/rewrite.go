package main

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// An edit replaces source[from:to].
type edit struct {
	from, to int
	text     string
}

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
	edits := []edit{constrained}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if place, ok := f.place(importPath); ok {
			from, to := fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset
			edits = append(edits, edit{from, to, strconv.Quote(xnet + "/" + place)})
		}
	}
	// The edits are in the file's order: from the last to the first, their offsets stay right.
	out := slices.Clone(source)
	for _, e := range slices.Backward(edits) {
		out = slices.Replace(out, e.from, e.to, []byte(e.text)...)
	}
	return format.Source(out) // which sorts the imports by their new paths
}

// constrain returns the edit that adds the fork's Go release to the build constraint of a file.
func (f *fork) constrain(fset *token.FileSet, file *ast.File) (edit, error) {
	release := &constraint.TagExpr{Tag: "go" + f.goVersion}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() > file.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			old, err := constraint.Parse(c.Text)
			if err != nil {
				return edit{}, err
			}
			from, to := fset.Position(c.Pos()).Offset, fset.Position(c.End()).Offset
			return edit{from, to, "//go:build " + (&constraint.AndExpr{X: release, Y: old}).String()}, nil
		}
	}
	return edit{text: strings.Join([]string{"//go:build " + release.String(), "", ""}, "\n")}, nil
}
