package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

func newOverlayDir(t *testing.T) string { return filepath.Join(t.TempDir(), "overlay") }

func readOverlay(t *testing.T, dir string) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, overlayName))), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnOverlayReplacesFilesOfGOROOT(t *testing.T) {
	dir := newOverlayDir(t)
	output := succeed(t, "-overlay", dir)
	m := readOverlay(t, dir)
	if len(m.Replace) == 0 || m.Go != inUse(t).GOVERSION {
		t.Fatalf("the overlay is %+v", m)
	}
	for upstream, ours := range m.Replace {
		if !strings.HasPrefix(ours, dir) || strings.HasSuffix(ours, ".go") {
			t.Errorf("%s is replaced by %s", upstream, ours)
		}
		before, after := read(t, upstream), read(t, ours)
		if len(after) <= len(before) {
			t.Errorf("%s has %d bytes, and %s %d", upstream, len(before), ours, len(after))
		}
	}
	if !strings.Contains(output, "build -overlay "+filepath.Join(dir, overlayName)) || !strings.Contains(output, "To undo it") {
		t.Errorf("it said:\n%s", output)
	}
}

func TestMakingAnOverlayAgainChangesNothing(t *testing.T) {
	dir := newOverlayDir(t)
	succeed(t, "-overlay", dir)
	before := snapshot(t, dir)
	for _, args := range [][]string{{"-overlay", dir}, {"-overlay", dir, "-check"}} {
		if output := succeed(t, args...); !strings.Contains(output, dir+" is up to date") {
			t.Errorf("%q said:\n%s", args, output)
		}
	}
	for name, hash := range snapshot(t, dir) {
		if before[name] != hash {
			t.Errorf("%s has changed", name)
		}
	}
}

func TestAnOverlayHasTheChangesThatAreAskedFor(t *testing.T) {
	dir := newOverlayDir(t)
	succeed(t, "-overlay", dir)
	refuse(t, dir, "is not what this would make now", "-overlay", dir, "-cl", "trailersonly", "-check")
	succeed(t, "-overlay", dir, "-cl", "trailersonly")
	m := readOverlay(t, dir)
	if len(m.Changes) != 1 || m.Changes[0] != "trailersonly" || len(m.Replace) != 1 {
		t.Errorf("the overlay is %+v", m)
	}
	for upstream, ours := range m.Replace {
		text := read(t, ours)
		if !strings.Contains(text, "holdHeader") || strings.Contains(text, "repeatStatus") {
			t.Errorf("%s has other changes than trailersonly", upstream)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "net", "http", "httputil", "*")); len(files) > 0 {
		t.Errorf("%q is left of the overlay before", files)
	}
}

func TestFilesThatAnOverlayNoLongerHasAreRemoved(t *testing.T) {
	dir := newOverlayDir(t)
	succeed(t, "-overlay", dir)
	old := filepath.Join(dir, "net", "old", "old.txt")
	write(t, old, "old")
	edit(t, filepath.Join(dir, overlayName), `"Files": {`, `"Files": {"net/old/old.txt": "`+toolkit.HashOf([]byte("old"))+`",`)
	succeed(t, "-overlay", dir)
	if exists(filepath.Dir(old)) {
		t.Errorf("%s is still there", old)
	}
	succeed(t, "-overlay", dir, "-check")
}

func TestCheckOfAnOverlayMakesNone(t *testing.T) {
	dir := newOverlayDir(t)
	output := succeed(t, "-overlay", dir, "-check")
	if !strings.Contains(output, "applies to "+inUse(t).GOVERSION) || exists(dir) {
		t.Errorf("it said:\n%s", output)
	}
}

func TestAnOverlayOfAnotherReleaseIsRefused(t *testing.T) {
	dir := newOverlayDir(t)
	succeed(t, "-overlay", dir)
	edit(t, filepath.Join(dir, overlayName), `"Go": "`+inUse(t).GOVERSION+`"`, `"Go": "go1.26.1"`)
	refuse(t, dir, dir+" is for go1.26.1, and this is "+inUse(t).GOVERSION, "-overlay", dir)
}

func TestAnOverlayThatWasEditedIsRefused(t *testing.T) {
	dir := newOverlayDir(t)
	succeed(t, "-overlay", dir)
	for _, ours := range readOverlay(t, dir).Replace {
		write(t, ours, read(t, ours)+"\n// mine\n")
	}
	refuse(t, dir, "was changed since it was made", "-overlay", dir)
}

func TestAFolderOfTheUsersIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine.txt"), "mine")
	refuse(t, dir, "has files, and none of them is an overlay.json of this program's", "-overlay", dir)
	write(t, filepath.Join(dir, overlayName), `{"Replace": {}}`)
	refuse(t, dir, "was not made by this program", "-overlay", dir)
}

// A release whose sources do not fit stands in for one to come.
func TestAnOverlayNamesWhatDoesNotFit(t *testing.T) {
	goroot := fakeGOROOT(t, 27, map[string]string{"src/net/http/internal/http2/server.go": "package http2\n"})
	dir := newOverlayDir(t)
	refuse(t, goroot, "src/net/http/internal/http2/server.go: there is no field sentHeader of the struct responseWriterState", "-overlay", dir, "-cl", "trailersonly")
	if exists(dir) {
		t.Errorf("%s was made", dir)
	}
}

func TestEarlierReleasesAreRefused(t *testing.T) {
	goroot := fakeGOROOT(t, 25, nil)
	dir := newOverlayDir(t)
	refuse(t, goroot, "this is Go 1.25, and the change is known to fit Go 1.26 and later", "-overlay", dir)
	if exists(dir) {
		t.Errorf("%s was made", dir)
	}
}

// fakeGOROOT makes a GOROOT of a release for the test, with some files of it.
func fakeGOROOT(t *testing.T, minor int, files map[string]string) string {
	t.Helper()
	goroot := t.TempDir()
	write(t, filepath.Join(goroot, "src", "internal", "goversion", "goversion.go"), "package goversion\n\nconst Version = "+jsonOf(t, minor)+"\n")
	for name, content := range files {
		write(t, filepath.Join(goroot, name), content)
	}
	// The go command is found by its path, and believes that this is its GOROOT.
	real := inUse(t).GOROOT
	for _, name := range []string{"bin", "pkg", "go.env", "VERSION"} {
		if err := os.Symlink(filepath.Join(real, name), filepath.Join(goroot, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOROOT", goroot)
	t.Setenv("GOTOOLCHAIN", "local")
	return goroot
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTheModuleCacheIsReachedThroughALink(t *testing.T) {
	dir := newOverlayDir(t)
	t.Setenv("GOMODCACHE", filepath.Dir(inUse(t).GOROOT)) // as if the release had been downloaded
	output := succeed(t, "-overlay", dir)
	to, err := os.Readlink(filepath.Join(dir, linkName))
	if err != nil || to != inUse(t).GOROOT {
		t.Errorf("the link is to %q, %v", to, err)
	}
	for upstream := range readOverlay(t, dir).Replace {
		if !strings.HasPrefix(upstream, filepath.Join(dir, linkName)) || !exists(upstream) {
			t.Errorf("%s is replaced", upstream)
		}
	}
	if !strings.Contains(output, "GOROOT="+filepath.Join(dir, linkName)+" GOTOOLCHAIN=local ") {
		t.Errorf("it said:\n%s", output)
	}
}
