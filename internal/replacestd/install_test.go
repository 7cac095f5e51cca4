package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// laterGo is a release whose files Go itself has downloaded, so that it takes no overlay.
const laterGo = "go1.27.2"

// What app says of itself.
const (
	ours   = "TLS: server h2fork, HTTP/2.0; client h2fork, HTTP/2.0\nh2c: server h2fork, HTTP/2.0; client h2fork, HTTP/2.0\n"
	theirs = "TLS: server net/http, HTTP/2.0; client net/http, HTTP/2.0\nh2c: server net/http, HTTP/2.0; client net/http, HTTP/2.0\n"
)

// newApp returns a copy of testdata/app.
func newApp(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	must(t, os.CopyFS(dir, os.DirFS("testdata/app")))
	return dir
}

// use makes this test's go commands those of a release.
func use(t *testing.T, version string) {
	t.Helper()
	t.Setenv("GOTOOLCHAIN", version)
	t.Setenv("GOROOT", "") // go test has set it
	if out, err := exec.Command("go", "version").CombinedOutput(); err != nil {
		t.Skipf("there is no %s here: %s", version, bytes.TrimSpace(out))
	}
}

// takesOverlay is for tests of overlays: they need a Go that was installed, and not downloaded by another.
func takesOverlay(t *testing.T) {
	t.Helper()
	g, err := findGo(t.Context(), ".")
	must(t, err)
	if err := g.takesOverlays(); err != nil {
		t.Skip(err)
	}
}

// replacestd runs the program.
func replacestd(t *testing.T, args ...string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	status = program.Run(t.Context(), append([]string{"-fork", projectDir(t)}, args...), &out, &out)
	return status, out.String()
}

// succeed runs the program and expects it to.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, output := replacestd(t, args...)
	if status != 0 {
		t.Fatalf("replacestd %v: exit status %d\n%s", args, status, output)
	}
	return output
}

// refuse runs the program and expects it to fail, to say why, and to change nothing in dir.
func refuse(t *testing.T, dir, why string, args ...string) {
	t.Helper()
	before, err := toolkit.ReadTree(dir)
	must(t, err)
	status, output := replacestd(t, args...)
	if status != 1 {
		t.Errorf("replacestd %v: exit status %d, want 1", args, status)
	}
	if !strings.Contains(output, why) {
		t.Errorf("replacestd %v said:\n%s\nwhich lacks %q", args, output, why)
	}
	after, err := toolkit.ReadTree(dir)
	must(t, err)
	if changed := after.Difference(before.Hashes()); changed != nil {
		t.Errorf("replacestd %v changed: %q", args, changed)
	}
}

// command runs a program in dir, with more in its environment, and expects it to succeed.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestServersAndClientsOfAProgramUseTheOverlaysHTTP2(t *testing.T) {
	takesOverlay(t)
	app, out := newApp(t), filepath.Join(t.TempDir(), "made", "overlay")
	overlay := []string{"GOFLAGS=-overlay=" + filepath.Join(out, overlayName)}
	before := command(t, app, nil, "go", "run", ".")
	if before != theirs {
		t.Fatalf("before, it says:\n%s", before)
	}
	output := succeed(t, "-C", app, "-out", out)
	for _, said := range []string{
		"Making package net/http", "Building net/http", "go build -overlay " + filepath.Join(out, overlayName) + " ./...",
		`export GOFLAGS="$(go env GOFLAGS) -overlay=` + filepath.Join(out, overlayName) + `"`, "GODEBUG=http2fork=0",
	} {
		if !strings.Contains(output, said) {
			t.Errorf("it didn't say %q, but:\n%s", said, output)
		}
	}
	if got := command(t, app, overlay, "go", "run", "."); got != ours {
		t.Errorf("go run says:\n%s", got)
	}
	if got := command(t, app, overlay, "go", "test", "-v", "."); !strings.HasPrefix(got, ours) {
		t.Errorf("go test says:\n%s", got)
	}
	command(t, app, overlay, "go", "vet", "./...")

	program := filepath.Join(t.TempDir(), "app")
	command(t, app, overlay, "go", "build", "-o", program, ".")
	if got := command(t, app, []string{"GODEBUG=http2fork=0"}, program); got != theirs {
		t.Errorf("with http2fork=0 it says:\n%s", got)
	}
	if got := command(t, app, []string{"GODEBUG=http2debug=2"}, program); !strings.Contains(got, "read HEADERS flags=END_HEADERS") {
		t.Errorf("with http2debug=2 it logs no frames:\n%s", got)
	}
	if after := command(t, app, nil, "go", "run", "."); after != theirs {
		t.Errorf("without the overlay, it says:\n%s", after)
	}
}

func TestServersAndClientsOfAProgramUseTheHTTP2OfACopyOfGo(t *testing.T) {
	use(t, laterGo)
	app, copied := newApp(t), filepath.Join(t.TempDir(), "go")
	output := succeed(t, "-C", app, "-goroot", copied)
	goCommand := filepath.Join(copied, "bin", "go")
	if want := "GOTOOLCHAIN=local " + goCommand + " build ./..."; !strings.Contains(output, want) {
		t.Errorf("it didn't say %q, but:\n%s", want, output)
	}
	local := []string{"GOTOOLCHAIN=local"}
	if got := command(t, app, local, goCommand, "run", "."); got != ours {
		t.Errorf("it says:\n%s", got)
	}
	if got := command(t, app, append(local, "GODEBUG=http2fork=0"), goCommand, "run", "."); got != theirs {
		t.Errorf("with http2fork=0 it says:\n%s", got)
	}
	if got := command(t, app, local, goCommand, "test", "-v", "."); !strings.HasPrefix(got, ours) {
		t.Errorf("go test says:\n%s", got)
	}
	command(t, app, local, goCommand, "vet", "./...")

	succeed(t, "-C", app, "-goroot", copied, "-check")
	must(t, os.WriteFile(filepath.Join(copied, "src", "net", "http", "more.go"), []byte("package http\n"), 0o644))
	refuse(t, filepath.Join(copied, "src", "net"), "more.go is not of the tree", "-C", app, "-goroot", copied, "-undo")
	must(t, os.Remove(filepath.Join(copied, "src", "net", "http", "more.go")))
	succeed(t, "-C", app, "-goroot", copied, "-undo")
	if toolkit.Exists(copied) {
		t.Error("the copy is still there")
	}
}

func TestADownloadedReleaseTakesNoOverlayAndIsToldSo(t *testing.T) {
	use(t, laterGo)
	dir := t.TempDir()
	refuse(t, dir, "Name a folder with -goroot instead of -out", "-C", newApp(t), "-out", filepath.Join(dir, "overlay"))
}

// Small programs are linked without HTTP/2, and others are built for a system that is not this one.
func TestNetHTTPBuildsForOtherSystemsAndWithoutHTTP2(t *testing.T) {
	takesOverlay(t)
	out := filepath.Join(t.TempDir(), "overlay")
	succeed(t, "-out", out)
	flags := []string{"build", "-overlay", filepath.Join(out, overlayName)}
	command(t, ".", []string{"GOOS=windows"}, "go", append(flags, "net/http")...)
	command(t, ".", nil, "go", append(flags, "-tags=nethttpomithttp2", "net/http")...)
}

func TestAnOverlayIsCheckedUpdatedAndUndone(t *testing.T) {
	takesOverlay(t)
	dir := t.TempDir()
	out, app := filepath.Join(dir, "made", "overlay"), newApp(t)
	refuse(t, dir, "there is no "+out, "-out", out, "-check")
	refuse(t, dir, "there is nothing to undo", "-out", out, "-undo")
	succeed(t, "-C", app, "-out", out)
	succeed(t, "-C", app, "-out", out, "-check")
	if output := succeed(t, "-C", app, "-out", out); !strings.Contains(output, "is up to date") {
		t.Errorf("the second time it said:\n%s", output)
	}
	entries, err := os.ReadDir(filepath.Dir(out))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the overlay: %v, %v", entries, err)
	}

	name := filepath.Join(out, "h2fork_http2_server.go")
	was, err := os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(name, append(was, "\n// changed\n"...), 0o644))
	for _, args := range [][]string{{}, {"-check"}, {"-undo"}} {
		refuse(t, dir, "was changed since it was made:\n\th2fork_http2_server.go differs", append([]string{"-out", out}, args...)...)
	}
	must(t, os.WriteFile(name, was, 0o644))

	// An earlier run's: the tests' hooks are not in what is wanted now.
	succeed(t, "-C", app, "-out", out, "-tests")
	refuse(t, dir, "is made from another version of h2fork.example/net:", "-C", app, "-out", out, "-check")
	succeed(t, "-C", app, "-out", out)
	succeed(t, "-C", app, "-out", out, "-undo")
	if toolkit.Exists(out) {
		t.Error("the overlay is still there")
	}
}

func TestWhatOthersHaveMadeIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	must(t, toolkit.Tree{"mine/notes.txt": []byte("mine"), "damaged/" + toolkit.ManifestName: []byte("{")}.Write(dir))
	for _, args := range [][]string{{}, {"-check"}, {"-undo"}} {
		refuse(t, dir, "is no overlay that this program has made", append([]string{"-out", filepath.Join(dir, "mine")}, args...)...)
		refuse(t, dir, "is no copy of GOROOT that this program has made", append([]string{"-goroot", filepath.Join(dir, "mine")}, args...)...)
		refuse(t, dir, "is damaged", append([]string{"-out", filepath.Join(dir, "damaged")}, args...)...)
	}
}

func TestAnOverlayInAModuleIsNoPackageOfIt(t *testing.T) {
	takesOverlay(t)
	app := newApp(t)
	out := filepath.Join(app, "overlay")
	succeed(t, "-C", app, "-out", out)
	if got := command(t, app, nil, "go", "list", "./..."); got != "app.example\n" {
		t.Errorf("the module has these packages:\n%s", got)
	}
}

func TestACopyOfGoHasAPlaceOfItsOwn(t *testing.T) {
	g, err := findGo(t.Context(), ".")
	must(t, err)
	app := newApp(t)
	refuse(t, app, "is inside the module in "+app, "-goroot", filepath.Join(app, "go"))
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(g.goroot, link))
	for _, flag := range []string{"-out", "-goroot"} {
		refuse(t, app, "is inside the Go installation", flag, filepath.Join(link, "more", "h2fork"))
	}
}

// A fork that net/http does not build with: it uses a package that net/http has no copy of.
func TestAnOverlayThatDoesNotBuildIsNotMade(t *testing.T) {
	takesOverlay(t)
	fork, dir := t.TempDir(), t.TempDir()
	must(t, merged(smallFork, toolkit.Tree{"http2/before.go": []byte("//go:build !go1.27\n\npackage http2\n")}).Write(fork))
	var out bytes.Buffer
	if program.Run(t.Context(), []string{"-fork", fork, "-out", filepath.Join(dir, "overlay")}, &out, &out) != 1 {
		t.Error("it succeeded")
	}
	if !strings.Contains(out.String(), "and this project don't fit together") || !strings.Contains(out.String(), "h2fork_http2_Transport") {
		t.Errorf("it said:\n%s", out.String())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestPackagesThatHaveAnHTTP2OfTheirOwnAreNamed(t *testing.T) {
	takesOverlay(t)
	if output := succeed(t, "-C", "../..", "-out", filepath.Join(t.TempDir(), "overlay")); strings.Contains(output, "themselves") {
		t.Errorf("this module imports no HTTP/2, and is told:\n%s", output)
	}
	output := succeed(t, "-C", "../interop", "-out", filepath.Join(t.TempDir(), "overlay"))
	for _, said := range []string{"call golang.org/x/net/http2 themselves:", "\tgoogle.golang.org/grpc/internal/transport", "run replacexnet as well"} {
		if !strings.Contains(output, said) {
			t.Errorf("it didn't say %q, but:\n%s", said, output)
		}
	}
}

func TestAMistakenCommandLineIsExplained(t *testing.T) {
	for _, tt := range []struct {
		args []string
		why  string
	}{
		{nil, "one of -out and -goroot must name a folder"},
		{[]string{"-out", "a", "-goroot", "b"}, "one of -out and -goroot must name a folder"},
		{[]string{"-out", "a", "-check", "-undo"}, "-check and -undo exclude each other"},
		{[]string{"-out", "a", "./..."}, `unexpected argument "./..."`},
		{[]string{"-force"}, "flag provided but not defined"},
	} {
		var stderr bytes.Buffer
		if status := program.Run(t.Context(), tt.args, nil, &stderr); status != 2 || !strings.Contains(stderr.String(), tt.why) {
			t.Errorf("%q: exit status %d\n%s", tt.args, status, stderr.String())
		}
	}
}
