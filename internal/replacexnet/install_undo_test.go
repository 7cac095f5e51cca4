package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestUndoPutsEverythingBack(t *testing.T) {
	app := newApp(t, nil)
	before := snapshot(t, app)
	succeed(t, app)
	succeed(t, app, "-undo")
	if changed := snapshot(t, app).Difference(before.Hashes()); changed != nil {
		t.Errorf("changed: %q", changed)
	}
}

func TestUndoKeepsGoModAsItWasWritten(t *testing.T) {
	const unformatted = "module   app.example\n\n\ngo 1.25\r\nrequire (\n  golang.org/x/net v0.1.0   // why\n)\n\n\n// The end.\n"
	app := newApp(t, tree{"go.mod": []byte(unformatted), "third_party/other/file": []byte("kept")})
	before := snapshot(t, app)
	succeed(t, app)
	succeed(t, app, "-undo")
	if changed := snapshot(t, app).Difference(before.Hashes()); changed != nil {
		t.Errorf("changed: %q", changed)
	}
}

func TestUndoAfterAnUpdateKeepsTheFirstGoMod(t *testing.T) {
	const unformatted = "module   app.example\ngo 1.25\nrequire   golang.org/x/net v0.1.0\n"
	app := newApp(t, tree{"go.mod": []byte(unformatted)})
	before := snapshot(t, app)
	succeed(t, app)
	otherFork := t.TempDir()
	write(t, otherFork, with(forkFiles, tree{"hpack/hpack.go": []byte("package hpack\n\nconst Size = 3\n")}))
	succeed(t, app, "-fork", otherFork)
	succeed(t, app, "-undo")
	if changed := snapshot(t, app).Difference(before.Hashes()); changed != nil {
		t.Errorf("changed: %q", changed)
	}
}

func TestUndoKeepsWhatWasDoneToGoModSince(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	goCommand(t, app, "mod", "edit", "-go=1.25.1")
	succeed(t, app, "-undo")
	want := strings.Replace(string(appFiles["go.mod"]), "1.25", "1.25.1", 1)
	if got := string(snapshot(t, app)["go.mod"]); got != want {
		t.Errorf("go.mod is:\n%s\nwant:\n%s", got, want)
	}
}

func TestUndoRefusesToLoseChanges(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	write(t, filepath.Join(app, defaultOutput), tree{"http2/more.go": []byte("package http2\n")})
	refuse(t, app, "was changed since it was made:\n\thttp2/more.go is not of the tree", "-undo")
}

func TestUndoOfNothingFails(t *testing.T) {
	refuse(t, newApp(t, nil), "there is nothing to undo", "-undo")
}

func TestUndoSaysWhatElseTheModuleNeeds(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	goCommand(t, app, "mod", "tidy")
	goCommand(t, app, "mod", "vendor")
	succeed(t, app, "-check")
	output := succeed(t, app, "-undo")
	for _, command := range []string{"run go mod tidy again", "run go mod vendor"} {
		if !strings.Contains(output, command) {
			t.Errorf("it didn't say %q, but:\n%s", command, output)
		}
	}
}
