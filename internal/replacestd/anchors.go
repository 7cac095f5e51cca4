package main

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"

	"h2fork.example/net/internal/toolkit"
)

// netHTTP is package net/http as a Go release has it. Nothing of it is known here but the names that serve as anchors:
// where one of them is found exactly once, our own text is inserted.
type netHTTP struct {
	goVersion string
	fset      *token.FileSet
	files     []*stdFile
}

type stdFile struct {
	name   string // without its folder
	source []byte
	ast    *ast.File
	edits  []toolkit.Edit
}

// readNetHTTP reads the files that are built with a release, and on request those of the package's tests.
func readNetHTTP(g *golang, tests bool) (*netHTTP, error) {
	dir := netHTTPFolder(g.goroot)
	context, err := releaseContext(g.release, "linux", "amd64")
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	n := &netHTTP{goVersion: g.version, fset: token.NewFileSet()}
	for _, entry := range entries {
		if match, err := context.MatchFile(dir, entry.Name()); err != nil || !match || !tests && !toolkit.IsSource(entry.Name()) {
			continue // what can't be parsed can't be built either
		}
		name := filepath.Join(dir, entry.Name())
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(n.fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		n.files = append(n.files, &stdFile{name: entry.Name(), source: source, ast: file})
	}
	return n, nil
}

// An anchorError says what is not there, or not once.
type anchorError struct {
	goVersion, anchor string
	found             int
}

func (e *anchorError) Error() string {
	return fmt.Sprintf("net/http of %s isn't one that this program knows: it has %d of %s, and not one", e.goVersion, e.found, e.anchor)
}

func only[T any](n *netHTTP, anchor string, found []T) (T, error) {
	if len(found) != 1 {
		var none T
		return none, &anchorError{n.goVersion, anchor, len(found)}
	}
	return found[0], nil
}

// A place is a function or a type of a file.
type place[T ast.Node] struct {
	file *stdFile
	node T
}

// function finds a function, or a method of receiver, which is a pointer, by its name.
func (n *netHTTP) function(receiver, name string) (place[*ast.FuncDecl], error) {
	var found []place[*ast.FuncDecl]
	for _, f := range n.files {
		for _, decl := range f.ast.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Name.Name == name && receiverOf(d) == receiver && d.Body != nil {
				found = append(found, place[*ast.FuncDecl]{f, d})
			}
		}
	}
	anchor := "func " + name
	if receiver != "" {
		anchor = fmt.Sprintf("method %s of *%s", name, receiver)
	}
	return only(n, anchor, found)
}

func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return ""
	}
	if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
		if id, ok := star.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

// field finds a field of a struct type.
func (n *netHTTP) field(typeName, name string) (place[*ast.Field], error) {
	var found []place[*ast.Field]
	for _, f := range n.files {
		ast.Inspect(f.ast, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok || spec.Name.Name != typeName {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, id := range field.Names {
						if id.Name == name {
							found = append(found, place[*ast.Field]{f, field})
						}
					}
				}
			}
			return false
		})
	}
	return only(n, "field "+name+" of "+typeName, found)
}

// statement finds the if statement among those of a function's body itself for which is holds.
func (n *netHTTP) statement(in place[*ast.FuncDecl], anchor string, is func(*ast.IfStmt) bool) (*ast.IfStmt, error) {
	var found []*ast.IfStmt
	for _, s := range in.node.Body.List {
		if s, ok := s.(*ast.IfStmt); ok && is(s) {
			found = append(found, s)
		}
	}
	return only(n, anchor+" in "+in.node.Name.Name, found)
}

// insert inserts text at a position of the file.
func (n *netHTTP) insert(f *stdFile, at token.Pos, text string) {
	offset := n.fset.Position(at).Offset
	f.edits = append(f.edits, toolkit.Edit{From: offset, To: offset, Text: text})
}

// edited returns the files with what was inserted.
func (n *netHTTP) edited() (toolkit.Tree, error) {
	files := make(toolkit.Tree)
	for _, f := range n.files {
		if f.edits == nil {
			continue
		}
		out, err := format.Source(toolkit.Apply(f.source, f.edits))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		files[f.name] = out
	}
	return files, nil
}

// names returns the receiver's name of a method, and its parameters'.
func namesOf(d *ast.FuncDecl) (receiver string, parameters []string) {
	if d.Recv != nil && len(d.Recv.List[0].Names) == 1 {
		receiver = d.Recv.List[0].Names[0].Name
	}
	for _, field := range d.Type.Params.List {
		for _, id := range field.Names {
			parameters = append(parameters, id.Name)
		}
	}
	return receiver, parameters
}

// mentions reports whether a node has an identifier, or a string, of that value.
func mentions(node ast.Node, value string) bool {
	found := false
	if node == nil {
		return false
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			found = found || n.Name == value
		case *ast.BasicLit:
			found = found || n.Value == strconv.Quote(value)
		}
		return !found
	})
	return found
}
