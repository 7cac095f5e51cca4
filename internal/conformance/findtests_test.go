package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// testNames are the tests of a package, and the string literals among which the
// names of their cases are.
type testNames struct{ tests, literals map[string]bool }

// packageTests are both modules' tests, by package name.
type packageTests map[string]*testNames

// findTests parses every _test.go file under root.
func findTests(t *testing.T, root string) packageTests {
	all := make(packageTests)
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "third_party" || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all.add(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (all packageTests) add(f *ast.File) {
	name := strings.TrimSuffix(f.Name.Name, "_test")
	p := all[name]
	if p == nil {
		p = &testNames{make(map[string]bool), make(map[string]bool)}
		all[name] = p
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && (strings.HasPrefix(n.Name.Name, "Test") || strings.HasPrefix(n.Name.Name, "Fuzz")) {
				p.tests[n.Name.Name] = true
			}
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				p.literals[s] = true
			}
		}
		return true
	})
}

// check says what is wrong with n.
func (all packageTests) check(n testName) error {
	p := all[n.pkg]
	switch {
	case p == nil:
		return fmt.Errorf("there is no package %s with tests", n.pkg)
	case !p.tests[n.test]:
		return fmt.Errorf("there is no %s.%s", n.pkg, n.test)
	case n.item != "" && !p.literals[n.item]:
		return fmt.Errorf("%s has no case %q", n.pkg, n.item)
	}
	return nil
}
