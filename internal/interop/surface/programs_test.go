package surface

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	programs = "testdata/programs" // written for golang.org/x/net, each with the output that it has there
	root     = "../../.."          // of our module
)

// programTime bounds a program's run, which takes a fraction of a second.
const programTime = time.Minute

// A module is a user's module with the programs in it.
type module struct {
	t   *testing.T
	dir string
}

// newModule returns a module that selects the same golang.org/x/net as ours.
func newModule(t *testing.T) module {
	t.Helper()
	m := module{t, t.TempDir()}
	if err := os.CopyFS(m.dir, os.DirFS(programs)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m.run(".", "go", "mod", "edit", "-module", "example.com/programs")
	return m
}

// run runs a command in a folder of the module, off line, and returns what it writes.
func (m module) run(folder, name string, args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Dir = filepath.Join(m.dir, folder)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// names returns the programs' names, which are those of their folders.
func (m module) names() []string {
	m.t.Helper()
	folders, err := filepath.Glob(filepath.Join(m.dir, "*", "main.go"))
	if err != nil {
		m.t.Fatal(err)
	}
	if len(folders) == 0 {
		m.t.Fatal("there are no programs in ", programs)
	}
	var names []string
	for _, file := range folders {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	return names
}

// build vets and builds the programs, and returns the folder of their executables.
func (m module) build() string {
	m.t.Helper()
	m.run(".", "go", "vet", "./...")
	bin := filepath.Join(m.t.TempDir(), "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.run(".", "go", "build", "-o", bin, "./...")
	return bin
}

// runAll runs the programs and compares their outputs with those that are kept.
func (m module) runAll(bin string) {
	m.t.Helper()
	for _, name := range m.names() {
		want, err := os.ReadFile(filepath.Join(programs, name, "output"))
		if err != nil {
			m.t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(m.t.Context(), programTime)
		got, err := exec.CommandContext(ctx, filepath.Join(bin, name)).Output()
		cancel()
		if err != nil {
			m.t.Errorf("%s: %v", name, err)
		}
		if string(got) != string(want) {
			m.t.Errorf("%s wrote\n%s\nwant\n%s", name, got, want)
		}
	}
}

// readmeCommands returns what the README says to type in order to use our module.
func readmeCommands(t *testing.T) (require string, rewrite []string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	require = string(regexp.MustCompile(`(?m)^    go mod edit -require .*$`).Find(readme))
	if !strings.Contains(require, "../path/to/clone") {
		t.Fatalf("the README's go mod edit is %q", require)
	}
	require = strings.Replace(require, "../path/to/clone", "'"+clone+"'", 1)
	for _, line := range regexp.MustCompile(`(?m)^    sed .*$`).FindAll(readme, -1) {
		rewrite = append(rewrite, string(line))
	}
	if len(rewrite) == 0 {
		t.Fatal("the README has no sed")
	}
	return require, rewrite
}

func TestProgramsBuildWithUpstream(t *testing.T) {
	newModule(t).build()
}

func TestProgramsNeedNothingButTheREADMEsCommands(t *testing.T) {
	m := newModule(t)
	require, rewrite := readmeCommands(t)
	m.run(".", "sh", "-c", require)
	for _, name := range m.names() {
		for _, command := range rewrite {
			m.run(name, "sh", "-c", command)
		}
	}
	bin := m.build()

	for pkg := range strings.FieldsSeq(m.run(".", "go", "list", "-deps", "./...")) {
		if strings.HasPrefix(pkg, "golang.org/x/net/http2") {
			t.Errorf("the rewritten programs still depend on %s", pkg)
		}
	}
	m.runAll(bin)
}
