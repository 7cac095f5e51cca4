package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// lockedByCaller are functions that need the connection locked, and say so in their comments, since their names are not
// ours to choose, or since what they need it for does not change any more when they are called without.
var lockedByCaller = map[string]string{
	"externalFlow.MayCarry": "a WriteScheduler calls it",
	"externalFlow.Charge":   "a WriteScheduler calls it",
	"Conn.Session":          "tests call it",
	"Stream.Init":           "the stream is not open",
	"Stream.Pushed":         "it does not change",
	"Stream.Err":            "it does not change once the stream has closed",
	"Stream.RemoteEnded":    "it does not change once the stream has closed",
}

// internal/ARCHITECTURE.md, lock order: a function ends in Locked if its caller has to hold the lock, and only then.
func TestFunctionsThatNeedTheLockEndInLocked(t *testing.T) {
	seen := make(map[string]bool)
	for _, folder := range []string{"http2", "internal/conn"} {
		files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, files, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for name, wrong := range wrongLocks(f) {
				seen[name] = true
				if lockedByCaller[name] == "" {
					t.Errorf("%s: %s %s", file, name, wrong)
				}
			}
		}
	}
	for name := range lockedByCaller {
		if !seen[name] {
			t.Errorf("%s is an exception for nothing", name)
		}
	}
}

// wrongLocks are the functions of a file that do not keep to the convention, and how.
func wrongLocks(f *ast.File) map[string]string {
	wrong := make(map[string]string)
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		name, locked := functionName(fn), strings.HasSuffix(fn.Name.Name, "Locked")
		first, needs := usesOfLock(fn.Body)
		switch {
		case locked && first == "Lock":
			wrong[name] = "locks what its caller has locked"
		case !locked && first != "Lock" && needs != "" && !strings.HasPrefix(strings.ToLower(fn.Name.Name), "unlock"):
			wrong[name] = "needs the lock for " + needs
		}
	}
	return wrong
}

// usesOfLock is the first call in body that locks or unlocks, and one thing in it that a lock is needed for. A function
// that unlocks first and then locks again has been called with the lock held.
func usesOfLock(body *ast.BlockStmt) (first, needs string) {
	ast.Inspect(body, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch name := sel.Sel.Name; name {
		case "Lock", "locked": // locked runs a function with the lock held
			if first == "" {
				first = "Lock"
			}
		case "Unlock", "UnlockAndWake":
			if first == "" {
				first = "Unlock"
			}
		case "sess", "proto":
			needs = name
		default:
			if strings.HasSuffix(name, "Locked") {
				needs = name
			}
		}
		return true
	})
	return first, needs
}

// functionName is the name of fn, after that of its receiver's type if it is a method.
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	of := fn.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

func TestWhatIsNotAsTheLockConventionSaysIsFound(t *testing.T) {
	for _, test := range []struct{ name, function, wrong string }{
		{"the caller locks", "func (c *Conn) fLocked() { c.sess.Drain() }", ""},
		{"it locks", "func (c *Conn) f() { c.mu.Lock(); c.gLocked(); c.mu.Unlock() }", ""},
		{"it locks for a while what its caller has not", "func (c *Conn) fLocked() { c.mu.Lock(); c.gLocked() }", "locks what its caller has locked"},
		{"it unlocks for a while", "func (c *Conn) fLocked() { c.mu.Unlock(); c.mu.Lock() }", ""},
		{"neither locks", "func (c *Conn) f() { c.gLocked() }", "needs the lock for gLocked"},
		{"neither locks for the session", "func (c *Conn) f() { c.sess.Drain() }", "needs the lock for sess"},
		{"it is what unlocks", "func (c *Conn) UnlockAndWake() { c.gLocked(); c.Unlock() }", ""},
		{"nothing is to be locked", "func (c *Conn) f() { c.g() }", ""},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "f.go", "package p\n"+test.function, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range wrongLocks(f) {
			if test.wrong == "" || got != test.wrong {
				t.Errorf("%s: %q, want %q", test.name, got, test.wrong)
			}
		}
		if len(wrongLocks(f)) == 0 && test.wrong != "" {
			t.Errorf("%s: nothing is wrong, want %q", test.name, test.wrong)
		}
	}
}
