package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// A source is a file of upstream's, with what its package declares.
type source struct {
	path    string // in the tree, with slashes
	content []byte
	file    *ast.File
	fset    *token.FileSet

	// prefix is what the names of the package begin with: golang.org/x/tools/cmd/bundle puts it there.
	prefix   string
	declared map[string]bool
}

// readSource reads the file at root/name, and declarations from those files of its folder that with accepts.
func readSource(root, name, prefix string, with func(name string) bool) (*source, error) {
	s := &source{path: name, prefix: prefix, fset: token.NewFileSet(), declared: make(map[string]bool)}
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("there is no %s", name)
	}
	s.content = content
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(path.Dir(name))))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || e.Name() != path.Base(name) && !with(e.Name()) {
			continue
		}
		at := path.Join(path.Dir(name), e.Name())
		file, err := parser.ParseFile(s.fset, filepath.Join(root, filepath.FromSlash(at)), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		s.declare(file)
		if at == name {
			s.file = file
		}
	}
	if formatted, err := format.Source(content); err != nil || !bytes.Equal(formatted, content) {
		return nil, fmt.Errorf("%s is not as gofmt leaves it: lines that are not ours would change", name)
	}
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it
		s.declared["import "+imported] = true
	}
	return s, nil
}

// declare records a file's functions and types by name, methods and fields as "type.name", and parameters as
// "function(name)".
func (s *source) declare(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := funcName(d)
			s.declared[name] = true
			for _, p := range d.Type.Params.List {
				for _, n := range p.Names {
					s.declared[name+"("+n.Name+")"] = true
				}
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				s.declareSpec(spec)
			}
		}
	}
}

func (s *source) declareSpec(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			s.declared[n.Name] = true
		}
	case *ast.TypeSpec:
		s.declared[spec.Name.Name] = true
		if t, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range t.Fields.List {
				for _, n := range f.Names {
					s.declared[spec.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}

// funcName returns a function's name, or a method's with its receiver's type.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// name returns what upstream's name is called in this file.
func (s *source) name(name string) string { return s.prefix + name }

// has reports whether something is declared, or imported by this file: "f", "T", "T.method", "T.field", "f(parameter)",
// "import path".
func (s *source) has(what string) bool {
	if strings.HasPrefix(what, "import ") {
		return s.declared[what]
	}
	return s.declared[s.name(what)]
}

// lacking returns an error for each of what is not there.
func (s *source) lacking(what []string) []error {
	var errs []error
	for _, w := range what {
		if !s.has(w) {
			errs = append(errs, fmt.Errorf("%s: there is no %s", s.path, s.describe(w)))
		}
	}
	return errs
}

// describe tells in words what a name for has stands for.
func (s *source) describe(what string) string {
	if strings.HasPrefix(what, "import ") {
		return what
	}
	owner, param, ok := strings.Cut(strings.TrimSuffix(what, ")"), "(")
	if ok {
		return fmt.Sprintf("parameter %s of %s", param, s.name(owner))
	}
	return s.name(what)
}

// functions returns this file's functions of a name, as funcName gives it.
func (s *source) functions(name string) []*ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && funcName(f) == s.name(name) {
			found = append(found, f)
		}
	}
	return found
}

// compares reports whether a function compares something with a name of another package.
func (s *source) compares(function, with string) bool {
	found := false
	for _, f := range s.functions(function) {
		ast.Inspect(f, func(n ast.Node) bool {
			if cmp, ok := n.(*ast.BinaryExpr); ok {
				sel, ok := cmp.Y.(*ast.SelectorExpr)
				found = found || ok && sel.Sel.Name == with
			}
			return true
		})
	}
	return found
}
