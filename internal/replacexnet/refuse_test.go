package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// goMod returns appFiles' go.mod with another requirement, or more lines.
func goMod(require, more string) []byte {
	return []byte(strings.Replace(string(appFiles["go.mod"]), "v0.1.0", require, 1) + more)
}

func TestRefusalsSayWhyAndChangeNothing(t *testing.T) {
	target := filepath.ToSlash(defaultOutput)
	for _, tt := range []struct {
		name string
		more tree
		why  string
		args []string
	}{
		{
			"the module doesn't depend on x/net",
			tree{"go.mod": []byte("module app.example\n\ngo 1.25\n")},
			"app.example doesn't depend on golang.org/x/net: there is nothing to replace", nil,
		},
		{
			"a folder that isn't ours is in the way",
			tree{target + "/go.mod": []byte("module golang.org/x/net\n")},
			"was not made by this program", nil,
		},
		{
			"the manifest is damaged",
			tree{target + "/" + toolkit.ManifestName: []byte("{")},
			"is damaged", nil,
		},
		{
			"a version of x/net is replaced already",
			tree{"go.mod": goMod("v0.1.0", "\nreplace golang.org/x/net v0.1.0 => golang.org/x/net v0.2.0\n")},
			"go.mod replaces golang.org/x/net v0.1.0 already, with golang.org/x/net v0.2.0", nil,
		},
		{
			"x/net is replaced by a folder already",
			tree{
				"go.mod":      goMod("v0.1.0", "\nreplace golang.org/x/net => ./mine\n"),
				"mine/go.mod": []byte("module golang.org/x/net\n"), "mine/http2/a.go": []byte("package http2\n\nconst Name = 1\n"),
				"mine/http2/hpack/a.go": []byte("package hpack\n"),
			},
			"/mine: remove that directive first", nil,
		},
		{
			"the module is vendored",
			tree{"vendor/modules.txt": nil},
			"app.example has a vendor/modules.txt, so the go command builds from vendor", nil,
		},
		{
			"another module is replaced by a folder that isn't there",
			tree{"go.mod": goMod("v0.1.0", "\nrequire lib.example v0.0.0\n\nreplace lib.example => ../lib\n"), "lib.go": []byte("package main\n\nimport _ \"lib.example\"\n")},
			"folders that are not there:\n\tlib.example => ../lib\napp.example seems to be a part of a larger repository: run this in a checkout", nil,
		},
		{
			"the module is part of a workspace",
			tree{"go.work": []byte("go 1.25\n\nuse .\n")},
			"Set GOWORK=off", nil,
		},
		{
			"a library of x/net needs more than the fork has",
			tree{"go.mod": goMod("v0.3.0", "")},
			"golang.org/x/net v0.3.0 and this project don't fit together. These packages don't build:\n\tgolang.org/x/net/internal/httpcommon\n", nil,
		},
		{
			"the module doesn't build anyway",
			tree{"main.go": []byte("package main\n\nfunc main() { undefined() }\n")},
			"go build fails on app.example as it is", nil,
		},
		{
			"the module uses something that the fork doesn't have",
			tree{"more.go": []byte("package main\n\nimport \"golang.org/x/net/http2\"\n\nconst name = http2.Name\n")},
			"app.example passes go build with upstream's http2, but not with this project's", nil,
		},
		{
			"a test of the module does",
			tree{"more_test.go": []byte("package main\n\nimport \"golang.org/x/net/http2\"\n\nconst name = http2.Name\n")},
			"app.example passes go vet with upstream's http2, but not with this project's", nil,
		},
		{
			"the module is x/net",
			tree{"go.mod": []byte("module golang.org/x/net\n")},
			"is golang.org/x/net itself", nil,
		},
		{
			"the module is the fork",
			tree{"go.mod": []byte("module h2fork.example/net\n")},
			"is this project itself", nil,
		},
		{"there is no source of the fork", nil, "no-such-folder", []string{"-fork", "no-such-folder"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := t.TempDir()
			write(t, app, with(appFiles, tt.more))
			if strings.Contains(string(tt.more["go.mod"]), "require") || tt.more["go.mod"] == nil {
				completeGoSum(t, app)
			}
			refuse(t, app, tt.why, tt.args...)
		})
	}
}

// completeGoSum downloads what the module needs, whatever else is wrong with it.
func completeGoSum(t *testing.T, app string) {
	t.Helper()
	other := t.TempDir()
	files, err := toolkit.ReadTree(app)
	if err != nil {
		t.Fatal(err)
	}
	gomod, _, _ := strings.Cut(string(files["go.mod"]), "\nreplace")
	gomod = strings.Replace(gomod, "require lib.example v0.0.0\n", "", 1)
	write(t, other, tree{"go.mod": []byte(gomod)})
	goCommand(t, other, "mod", "download", xnet)
	write(t, app, tree{"go.sum": snapshot(t, other)["go.sum"]})
}

func TestATreeWithChangesIsNotReplaced(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	goCommand(t, app, "mod", "edit", "-require=golang.org/x/net@v0.2.0")
	write(t, filepath.Join(app, defaultOutput), tree{"http2/http2.go": []byte("package http2\n")})
	refuse(t, app, "was changed since it was made:\n\thttp2/http2.go differs")
}

func TestAFailedUpdateKeepsTheOldTree(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	goCommand(t, app, "mod", "edit", "-require=golang.org/x/net@v0.3.0")
	refuse(t, app, "don't fit together")
}

func TestAFolderOutsideAnyModuleIsRefused(t *testing.T) {
	refuse(t, t.TempDir(), "isn't in a module")
}

func TestAMistakenCommandLineIsExplained(t *testing.T) {
	for _, tt := range []struct {
		args []string
		why  string
	}{
		{[]string{"-check", "-undo"}, "-check and -undo exclude each other"},
		{[]string{"./..."}, `unexpected argument "./..."`},
		{[]string{"-force"}, "flag provided but not defined"},
	} {
		var stderr bytes.Buffer
		if status := program.Run(t.Context(), tt.args, nil, &stderr); status != 2 || !strings.Contains(stderr.String(), tt.why) {
			t.Errorf("%q: exit status %d\n%s", tt.args, status, stderr.String())
		}
	}
}
