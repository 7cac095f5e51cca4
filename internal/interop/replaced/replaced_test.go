package replaced

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool is the program, and app a copy of the service on which it has run.
var tool, app string

// tree is where the program puts golang.org/x/net.
const tree = "third_party/golang.org/x/net"

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "replaced-")
	must(err)
	defer os.RemoveAll(dir)
	// Packages are then compiled once for all runs, wherever the folders are.
	must(os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath")))
	tool, app = filepath.Join(dir, "replacexnet"), filepath.Join(dir, "app")
	_, err = run(".", "go", "build", "-o", tool, "h2fork.example/net/internal/replacexnet")
	must(err)
	must(os.CopyFS(app, os.DirFS("testdata/app")))
	_, err = run(".", tool, "-C", app)
	must(err)
	return m.Run()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A failure is a program's, with what it wrote.
type failure struct {
	err    error
	output string
}

func (f *failure) Error() string { return f.err.Error() + "\n" + f.output }

func run(dir, name string, args ...string) (output string, err error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), &failure{err, string(out)}
	}
	return string(out), nil
}

func succeed(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	output, err := run(dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v", filepath.Base(name), strings.Join(args, " "), err)
	}
	return output
}

// copyOfApp returns a folder with the service and the tree, for tests that change them.
func copyOfApp(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.CopyFS(dir, os.DirFS(app)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheServiceIsBuiltWithTheTree(t *testing.T) {
	want, err := filepath.EvalSymlinks(filepath.Join(app, filepath.FromSlash(tree)))
	if err != nil {
		t.Fatal(err)
	}
	imported := succeed(t, app, "go", "list", "-deps", "-f", "{{.ImportPath}} {{.Dir}}", ".")
	for _, line := range []string{
		"golang.org/x/net/http2 " + filepath.Join(want, "http2"),
		"golang.org/x/net/http2/internal/h2fork/session " + filepath.Join(want, "http2", "internal", "h2fork", "session"),
	} {
		if !strings.Contains(imported, line+"\n") {
			t.Errorf("%q is not among its packages:\n%s", line, imported)
		}
	}
}

// Its tests make gRPC calls that fail on upstream's http2 when a Flush wins a race.
func TestTheServicePassesItsTests(t *testing.T) {
	succeed(t, app, "go", "test", "-count=1", "./...")
}

func TestTheServiceIsCleanUnderVet(t *testing.T) {
	succeed(t, app, "go", "vet", "./...")
}

func TestWhatUpstreamBuildsOnHTTP2StillBuilds(t *testing.T) {
	succeed(t, filepath.Join(app, tree), "go", "vet", "./http2/...", "./internal/httpcommon")
}

func TestCheckPasses(t *testing.T) {
	succeed(t, ".", tool, "-C", app, "-check")
}

func TestCheckFindsATamperedFile(t *testing.T) {
	dir := copyOfApp(t)
	name := filepath.Join(dir, tree, "http2", "framer.go")
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	output, err := run(".", tool, "-C", dir, "-check")
	if err == nil || !strings.Contains(output, "http2/framer.go differs") {
		t.Errorf("check: %v\n%s", err, output)
	}
}

func TestUndoRestoresTheService(t *testing.T) {
	dir := copyOfApp(t)
	succeed(t, ".", tool, "-C", dir, "-undo")
	if _, err := os.Stat(filepath.Join(dir, "third_party")); !os.IsNotExist(err) {
		t.Errorf("third_party is still there: %v", err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		was, err := os.ReadFile(filepath.Join("testdata", "app", name))
		if err != nil {
			t.Fatal(err)
		}
		if is, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(is, was) {
			t.Errorf("%s is not what it was: %v\n%s", name, err, is)
		}
	}
}

// From a module that requires this one, the program is run by its import path.
func TestTheProgramRunsByItsImportPath(t *testing.T) {
	output := succeed(t, ".", "go", "run", "h2fork.example/net/internal/replacexnet", "-C", app)
	if !strings.Contains(output, "is up to date") {
		t.Errorf("it said:\n%s", output)
	}
}
