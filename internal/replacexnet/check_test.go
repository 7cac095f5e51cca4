package main

import (
	"os"
	"path/filepath"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

func TestCheckPassesOnWhatInstallMade(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	before := snapshot(t, app)
	succeed(t, app, "-check")
	if changed := snapshot(t, app).Difference(before.Hashes()); changed != nil {
		t.Errorf("changed: %q", changed)
	}
}

func TestCheckSaysWhyTheTreeIsNotCurrent(t *testing.T) {
	app := newApp(t, nil)
	refuse(t, app, "there is no "+filepath.Join(app, defaultOutput), "-check")
	succeed(t, app)
	otherFork := t.TempDir()
	write(t, otherFork, with(forkFiles, tree{"hpack/hpack.go": []byte("package hpack\n\nconst Size = 3\n")}))
	installed := snapshot(t, app)

	for _, tt := range []struct {
		name   string
		change func(t *testing.T, tree string)
		args   []string
		why    string
	}{
		{
			"a file was modified", func(t *testing.T, dir string) {
				write(t, dir, tree{"http2/http2.go": []byte("package http2\n")})
			}, nil, "was changed since it was made:\n\thttp2/http2.go differs",
		},
		{
			"a file was removed", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "PATENTS")) },
			nil, "was changed since it was made:\n\tPATENTS is missing",
		},
		{
			"a file was added", func(t *testing.T, dir string) { write(t, dir, tree{"http2/more.go": []byte("package http2\n")}) },
			nil, "was changed since it was made:\n\thttp2/more.go is not of the tree",
		},
		{
			"another x/net is selected", func(t *testing.T, dir string) {
				goCommand(t, app, "mod", "edit", "-require=golang.org/x/net@v0.2.0")
			}, nil, "is made from golang.org/x/net v0.1.0, and the module selects v0.2.0 now",
		},
		{
			"the fork is another version", func(*testing.T, string) {}, []string{"-fork", otherFork},
			"is made from another version of h2fork.example/net:\n\thttp2/hpack/hpack.go differs",
		},
		{
			"the directive is gone", func(t *testing.T, dir string) { goCommand(t, app, "mod", "edit", "-dropreplace="+xnet) },
			nil, "go.mod doesn't replace golang.org/x/net with",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := filepath.Join(app, defaultOutput)
			tt.change(t, target)
			refuse(t, app, tt.why, append([]string{"-check"}, tt.args...)...)
			restore(t, app, installed)
			succeed(t, app, "-check")
		})
	}
}

func TestCheckFindsAManifestThatWasChangedAlongWithAFile(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	target := filepath.Join(app, defaultOutput)
	i, err := toolkit.ReadMade[manifest](target)
	if err != nil {
		t.Fatal(err)
	}
	changed := tree{"http/httpguts/guts.go": []byte("package httpguts\n\nconst Valid = false\n")}
	i.Manifest.Files["http/httpguts/guts.go"] = toolkit.HashOf(changed["http/httpguts/guts.go"])
	if changed[toolkit.ManifestName], err = toolkit.EncodeManifest(i.Manifest); err != nil {
		t.Fatal(err)
	}
	write(t, target, changed)
	refuse(t, app, "http/httpguts/guts.go differs", "-check")
}

// restore makes a folder what it was when the snapshot was taken.
func restore(t *testing.T, dir string, was tree) {
	t.Helper()
	for name := range snapshot(t, dir) {
		if _, ok := was[name]; !ok {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	files := make(tree)
	for name, content := range was {
		if name[len(name)-1] != '/' {
			files[name] = content
		}
	}
	write(t, dir, files)
}
