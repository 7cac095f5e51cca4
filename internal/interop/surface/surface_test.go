package surface

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// check type-checks a package that is given as source.
func check(t *testing.T, path, source string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importer.Default()}
	pkg, err := config.Check(path, fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

func compareSources(t *testing.T, want, got string) []Difference {
	t.Helper()
	return Compare(check(t, "want/p", "package p\n"+want), check(t, "got/p", "package p\n"+got), func(path string) string {
		return strings.Replace(path, "got/", "want/", 1)
	})
}

func TestEqualDeclarationsDoNotDiffer(t *testing.T) {
	for _, source := range []string{
		"const C = 1 << 3",
		"type E uint32; const C E = 2; func (E) String() string { return `` }",
		"type S struct { A int `json:\"a\"`; B *S; hidden int }; func (*S) M(s ...S) (*S, error) { return nil, nil }",
		"type I interface { M(I) bool; hidden() }",
		"type base struct { N int }; func (base) M() {}; type S struct { base }",
		"var V = func(int) error { return nil }",
	} {
		if d := compareSources(t, source, source); d != nil {
			t.Errorf("%s\ndiffers from itself: %v", source, d)
		}
	}
}

func TestWhatAProgramCannotTellDoesNotDiffer(t *testing.T) {
	for _, pair := range [][2]string{
		{"func F(a int) (b error) { return nil }", "func F(c int) error { return nil }"},
		{"type S struct { a int; N int }", "type S struct { N int; b, c string }"},
		{"type I interface { M(); a() }", "type I interface { M(); b(int) }"},
		{"const C = 8", "const C = 1 << 3"},
		{"type S struct { N int }; func (S) M() {}", "type S struct { N int }; func (S) M() {}; func (S) m() {}"},
	} {
		if d := compareSources(t, pair[0], pair[1]); d != nil {
			t.Errorf("%s\n%s\ndiffer: %v", pair[0], pair[1], d)
		}
	}
}

func TestEachDifferenceIsFound(t *testing.T) {
	for _, tt := range []struct{ name, want, got, report string }{
		{"missing function", "func F() {}", "", "missing: func F: func()"},
		{"added function", "", "func F() {}", "not upstream's: func F: func()"},
		{"constant's value", "const C = 1", "const C = 2", "differs: const C\n\twant untyped int = 1\n\tgot  untyped int = 2"},
		{"constant's type", "const C = 1", "const C int = 1", "differs: const C\n\twant untyped int = 1\n\tgot  int = 1"},
		{"variable's type", "var V int", "var V uint", "differs: var V\n\twant int\n\tgot  uint"},
		{"variadic parameter", "func F(...int) {}", "func F([]int) {}", "differs: func F\n\twant func(...int)\n\tgot  func([]int)"},
		{"underlying type", "type T uint8", "type T uint32", "differs: type T\n\twant uint8\n\tgot  uint32"},
		{"alias", "type T int", "type T = int", "differs: type T\n\twant int\n\tgot  = int"},
		{
			"pointer receiver", "type T int; func (T) M() {}", "type T int; func (*T) M() {}",
			"not upstream's: method (*T).M: func()\nmissing: method T.M: func()",
		},
		{
			"fields swapped", "type S struct { A, B int }", "type S struct { B, A int }",
			"differs: field S.A\n\twant int, exported field 1\n\tgot  int, exported field 2\n" +
				"differs: field S.B\n\twant int, exported field 2\n\tgot  int, exported field 1",
		},
		{
			"field's tag", "type S struct { A int `x:\"y\"` }", "type S struct { A int }",
			"differs: field S.A\n\twant int, exported field 1, tagged \"x:\\\"y\\\"\"\n\tgot  int, exported field 1",
		},
		{
			"unkeyed literals", "type S struct { A int }", "type S struct { A int; b int }",
			"differs: type S\n\twant struct\n\tgot  struct with unexported fields",
		},
		{
			"comparability", "type S struct { b int }", "type S struct { b []int }",
			"differs: type S\n\twant struct with unexported fields\n\tgot  struct with unexported fields, not comparable",
		},
		{
			"field lent by an embedded type", "type b struct { N int }; type S struct { b }", "type b struct {}; type S struct { b }",
			"missing: field S.N: int, exported field 1",
		},
		{
			"promoted method", "type b struct{}; func (b) M() {}; type S struct { b }", "type b struct{}; type S struct { b }",
			"missing: method S.M: func()",
		},
		{
			"interface that others may implement", "type I interface { M(); m() }", "type I interface { M() }",
			"differs: type I\n\twant interface with unexported methods\n\tgot  interface",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, d := range compareSources(t, tt.want, tt.got) {
				lines = append(lines, d.String())
			}
			if report := strings.Join(lines, "\n"); report != tt.report {
				t.Errorf("reported:\n%s\nwant:\n%s", report, tt.report)
			}
		})
	}
}
