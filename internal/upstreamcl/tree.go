package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A tree is upstream's source: golang.org/x/net, or Go itself.
type tree struct {
	root  string
	minor int // of the Go release, 0 for golang.org/x/net
}

// The Go releases that are known: the first whose HTTP/2 the change fits, and the first in which that is a package of
// its own rather than one file that is generated from golang.org/x/net.
const (
	firstMinor   = 26
	packageMinor = 27
)

var errNeither = errors.New("this is a checkout neither of golang.org/x/net nor of Go")

// identify tells what is at root.
func identify(root string) (*tree, error) {
	if gomod, err := os.ReadFile(filepath.Join(root, "go.mod")); err == nil {
		for line := range strings.Lines(string(gomod)) {
			if strings.TrimSpace(line) == "module golang.org/x/net" {
				return &tree{root: root}, nil
			}
		}
		return nil, errNeither
	}
	minor, err := minorOf(filepath.Join(root, "src", "internal", "goversion", "goversion.go"))
	if err != nil {
		return nil, err
	}
	return &tree{root: root, minor: minor}, nil
}

// minorOf reads the constant Version of the package internal/goversion.
func minorOf(name string) (int, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return 0, errNeither
	}
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || len(gen.Specs) != 1 {
			continue
		}
		value, ok := gen.Specs[0].(*ast.ValueSpec)
		if !ok || value.Names[0].Name != "Version" || len(value.Values) != 1 {
			continue
		}
		if lit, ok := value.Values[0].(*ast.BasicLit); ok {
			return strconv.Atoi(lit.Value)
		}
	}
	return 0, errNeither
}

func (t *tree) isXNet() bool { return t.minor == 0 }

func (t *tree) bundled() bool { return !t.isXNet() && t.minor < packageMinor }

// refuses returns the reason why a change cannot be made in such a tree, whatever its files are like.
func (t *tree) refuses(c *change) error {
	switch {
	case t.isXNet() && c.where == inHTTPUtil:
		return fmt.Errorf("the change %s is one to Go's net/http/httputil, and this is golang.org/x/net", c.name)
	case t.isXNet():
		return nil
	case t.minor < firstMinor:
		return fmt.Errorf("this is Go 1.%d, and the change is known to fit Go 1.%d and later", t.minor, firstMinor)
	case t.bundled() && c.where == inHTTPUtil:
		return fmt.Errorf("the change %s has no use in Go 1.%d: only later, HTTP/2 responses without a body have http.NoBody", c.name, t.minor)
	}
	return nil
}

// refusesCommit is refuses for a change to the repository: a generated file is not where a change begins.
func (t *tree) refusesCommit(c *change) error {
	if t.bundled() {
		return fmt.Errorf("this is Go 1.%d, whose net/http/h2_bundle.go is generated from golang.org/x/net: make the change there, or in Go 1.%d or later", t.minor, packageMinor)
	}
	return t.refuses(c)
}

// folder is the one of the package that a change belongs to, and pkg what upstream's commit messages call it.
func (t *tree) folder(where place) (folder, pkg string) {
	switch {
	case t.isXNet():
		return "http2", "http2"
	case where == inHTTPUtil:
		return "src/net/http/httputil", "net/http/httputil"
	case t.bundled():
		return "src/net/http", "net/http"
	}
	return "src/net/http/internal/http2", "net/http/internal/http2"
}

// source reads the file that changes, and what its package declares.
func (t *tree) source(where place) (*source, error) {
	folder, _ := t.folder(where)
	switch {
	case where == inHTTPUtil:
		return readSource(t.root, folder+"/reverseproxy.go", "", isLibrary)
	case t.bundled():
		return readSource(t.root, folder+"/h2_bundle.go", "http2", func(string) bool { return false })
	}
	return readSource(t.root, folder+"/server.go", "", isLibrary)
}

// tests reads the file that the tests of a change are appended to.
func (t *tree) tests(where place) (*source, error) {
	folder, _ := t.folder(where)
	if where == inHTTPUtil {
		return readSource(t.root, folder+"/reverseproxy_test.go", "", isTest)
	}
	return readSource(t.root, folder+"/server_test.go", "", isTest)
}

func isTest(name string) bool    { return strings.HasSuffix(name, "_test.go") }
func isLibrary(name string) bool { return !isTest(name) }

// words are what our texts say in this tree.
func (t *tree) words(c *change, issue int) words {
	_, pkg := t.folder(c.where)
	w := words{pkg: pkg, goes: !t.isXNet(), issue: issue}
	if c.where == inHTTPUtil {
		return w
	}
	if t.isXNet() {
		w.t, w.bubble, w.testUses = "testing.TB", "synctestTest", []string{"synctestTest"}
	} else {
		w.t, w.bubble, w.testUses = "*testing.T", "synctest.Test", []string{"import testing/synctest"}
	}
	return w
}
