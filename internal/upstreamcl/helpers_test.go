package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// The tests run on copies of upstream's source: golang.org/x/net's from the module cache, Go's from GOROOT.

const (
	xnetModule = "golang.org/x/net"
	xnetLatest = "v0.62.0" // which go.mod requires
	testIssue  = "77777"
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
		"GIT_AUTHOR_NAME": "Gopher", "GIT_AUTHOR_EMAIL": "gopher@example.com",
		"GIT_COMMITTER_NAME": "Gopher", "GIT_COMMITTER_EMAIL": "gopher@example.com",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// upstreamcl runs the program.
func upstreamcl(t *testing.T, args ...string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	status = program.Run(t.Context(), args, &out, &out)
	return status, out.String()
}

// succeed runs the program and expects it to.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, output := upstreamcl(t, args...)
	if status != 0 {
		t.Fatalf("upstreamcl %q: exit status %d\n%s", args, status, output)
	}
	return output
}

// refuse runs the program on what is in dir, and expects it to say why not, and to change nothing.
func refuse(t *testing.T, dir, why string, args ...string) {
	t.Helper()
	before := snapshot(t, dir)
	status, output := upstreamcl(t, args...)
	if status != 1 {
		t.Errorf("upstreamcl %q: exit status %d, want 1", args, status)
	}
	if !strings.Contains(output, why) {
		t.Errorf("upstreamcl %q said:\n%s\nwhich lacks %q", args, output, why)
	}
	if after := snapshot(t, dir); !maps.Equal(before, after) {
		t.Errorf("upstreamcl %q has changed %s", args, dir)
	}
}

// snapshot returns the files of a folder, git's own among them, but for what reading the status updates.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "index" || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		files[name] = toolkit.HashOf(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// xnetDir returns where the module cache has a version of x/net.
func xnetDir(t *testing.T, version string) string {
	t.Helper()
	out, err := command(t.Context(), t.TempDir(), "", "go", "mod", "download", "-json", xnetModule+"@"+version)
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		t.Fatal(err)
	}
	return module.Dir
}

// xnetCheckout returns a git checkout of what the program looks at in a version of x/net.
func xnetCheckout(t *testing.T, version string) string {
	return checkoutOf(t, xnetDir(t, version), "go.mod", "http2")
}

// goCheckout returns one of what it looks at in Go.
func goCheckout(t *testing.T, goroot string) string {
	folders := []string{"src/internal/goversion", "src/net/http/httputil", "src/net/http/internal/http2"}
	if !exists(filepath.Join(goroot, folders[2])) {
		folders[2] = "src/net/http"
	}
	return checkoutOf(t, goroot, folders...)
}

// gorootWithPackage returns GOROOT, if that release has HTTP/2 in a package of its own. Tests of that are for the run
// with such a release: .ci/run has one.
func gorootWithPackage(t *testing.T) string {
	t.Helper()
	goroot := inUse(t).GOROOT
	if !exists(filepath.Join(goroot, "src/net/http/internal/http2")) {
		t.Skip("the Go release in use has HTTP/2 in one generated file; this test is for Go 1.27 and later")
	}
	return goroot
}

func inUse(t *testing.T) goEnv {
	t.Helper()
	env, err := readGoEnv(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// checkoutOf commits copies of files, and of the files in folders.
func checkoutOf(t *testing.T, from string, names ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	root := t.TempDir()
	for _, name := range names {
		copyFiles(t, filepath.Join(from, name), filepath.Join(root, name))
	}
	gitIn(t, root, "init", "-q")
	gitIn(t, root, "add", "-A")
	gitIn(t, root, "commit", "-q", "-m", "base")
	return root
}

// copyFiles copies a file, or the files in a folder.
func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	sources := []string{from}
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		sources, _ = filepath.Glob(filepath.Join(from, "*.go"))
	}
	for _, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(to, strings.TrimPrefix(source, from))
		write(t, target, string(content))
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// edit replaces the only occurrence of a text in a file.
func edit(t *testing.T, name, old, new string) {
	t.Helper()
	content := read(t, name)
	if strings.Count(content, old) != 1 {
		t.Fatalf("%s has %q %d times", name, old, strings.Count(content, old))
	}
	write(t, name, strings.Replace(content, old, new, 1))
}

func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(context.Background(), dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func mustFind(t *testing.T, name string) *change {
	t.Helper()
	c, err := findChange(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// allTests are a change's, those that it does not need included.
func (c *change) allTests() []string { return slices.Concat(c.tests, c.guards) }
