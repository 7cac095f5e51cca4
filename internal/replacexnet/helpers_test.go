package main

import (
	"archive/zip"
	"bytes"
	"fmt"
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

// The tests run the go command on a module, a golang.org/x/net and a fork that are just large enough, with a module
// cache and a module proxy of their own.

// upstreamFiles are those of x/net v0.1.0.
var upstreamFiles = tree{
	"LICENSE":                         []byte("upstream's license\n"),
	"PATENTS":                         []byte("upstream's patents\n"),
	"go.mod":                          []byte("module golang.org/x/net\n\ngo 1.20\n"),
	"http/httpguts/guts.go":           []byte("package httpguts\n\nconst Valid = true\n"),
	"http2/http2.go":                  []byte("package http2\n\nconst Name = \"upstream\"\n"),
	"http2/http2_test.go":             []byte("package http2\n"),
	"http2/testdata/frames.txt":       []byte("frames\n"),
	"http2/h2c/h2c.go":                []byte("package h2c\n"),
	"http2/h2i/h2i.go":                []byte("package main\n\nimport \"golang.org/x/net/http2\"\n\nfunc main() { println(http2.Name) }\n"),
	"http2/hpack/tables.go":           []byte("package hpack\n\nconst Size = 1\n"),
	"internal/httpcommon/request.go":  []byte("package httpcommon\n\nimport \"golang.org/x/net/http2/hpack\"\n\nconst Size = hpack.Size\n"),
	"internal/httpcommon/request.txt": []byte("data\n"),
}

// laterFiles are what x/net v0.2.0 has besides. In v0.3.0, a library uses more of hpack than the fork has.
var (
	laterFiles = tree{"html/html.go": []byte("package html\n")}
	newerFiles = tree{"internal/httpcommon/request.go": []byte("package httpcommon\n\nimport \"golang.org/x/net/http2/hpack\"\n\nconst Size = hpack.Newer\n")}
)

// forkFiles use the language of Go 1.26, which is later than what upstream's go.mod says.
var forkFiles = tree{
	"LICENSE":                   []byte("the fork's license\n"),
	"go.mod":                    []byte("module h2fork.example/net\n\ngo 1.26.0\n"),
	"http2/http2.go":            []byte("// Package http2 is not h2fork.example/net/hpack.\npackage http2\n\nimport (\n\t\"golang.org/x/net/http/httpguts\"\n\n\t\"h2fork.example/net/hpack\"\n\t\"h2fork.example/net/internal/wire\"\n)\n\n// Name says whose this is.\nvar Name = wire.Name()\n\nvar _ = httpguts.Valid && hpack.Size > 0\n"),
	"http2/http2_test.go":       []byte("package http2\n"),
	"h2c/h2c.go":                []byte("package h2c\n\nimport _ \"h2fork.example/net/http2\"\n"),
	"hpack/hpack.go":            []byte("package hpack\n\nconst Size = 2\n"),
	"internal/wire/wire.go":     []byte("package wire\n\n// Name returns the name.\nfunc Name() string {\n\tname := \"fork\"\n\tfor range 3 {\n\t\tname += \"!\"\n\t}\n\treturn *new(name)\n}\n"),
	"internal/unused/unused.go": []byte("package unused\n"),
}

// appFiles are the module to change.
var appFiles = tree{
	"go.mod":             []byte("module app.example\n\ngo 1.25\n\nrequire golang.org/x/net v0.1.0\n"),
	"main.go":            []byte("package main\n\nimport \"golang.org/x/net/http2\"\n\nfunc main() { print(http2.Name) }\n"),
	"internal/a_test.go": []byte("package internal_test\n\nimport _ \"golang.org/x/net/http2/hpack\"\n"),
	"internal/a.go":      []byte("package internal\n"),
	"plain/plain.go":     []byte("package plain\n"),
}

// forkDir has forkFiles.
var forkDir string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "replacexnet-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	proxy := filepath.Join(dir, "proxy")
	publish(proxy, "v0.1.0", upstreamFiles)
	publish(proxy, "v0.2.0", with(upstreamFiles, laterFiles))
	publish(proxy, "v0.3.0", with(upstreamFiles, newerFiles))
	forkDir = filepath.Join(dir, "fork")
	must(forkFiles.Write(forkDir))
	for _, setting := range [][2]string{
		{"GOPROXY", "file://" + filepath.ToSlash(proxy)},
		{"GOMODCACHE", filepath.Join(dir, "cache")},
		{"GOSUMDB", "off"},
		{"GOFLAGS", "-modcacherw"},
		{"GOTOOLCHAIN", "local"},
		{"GOWORK", ""},
	} {
		os.Setenv(setting[0], setting[1])
	}
	return m.Run()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func with(base, more tree) tree {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// publish makes a version of x/net available from a module proxy that is a folder.
func publish(proxy, version string, files tree) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, content := range files {
		f, err := w.Create(xnet + "@" + version + "/" + name)
		must(err)
		_, err = f.Write(content)
		must(err)
	}
	must(w.Close())
	must(tree{
		version + ".info": fmt.Appendf(nil, `{"Version": %q}`, version),
		version + ".mod":  files["go.mod"],
		version + ".zip":  archive.Bytes(),
	}.Write(filepath.Join(proxy, xnet, "@v")))
}

// newApp returns the folder of a module with appFiles and more.
func newApp(t *testing.T, more tree) string {
	t.Helper()
	dir := t.TempDir()
	if err := with(appFiles, more).Write(dir); err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "download", xnet) // completes go.sum
	return dir
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// replacexnet runs the program on a module with the fork in forkDir.
func replacexnet(t *testing.T, dir string, args ...string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	status = program.Run(t.Context(), append([]string{"-fork", forkDir, "-C", dir}, args...), &out, &out)
	return status, out.String()
}

// succeed runs the program and expects it to.
func succeed(t *testing.T, dir string, args ...string) string {
	t.Helper()
	status, output := replacexnet(t, dir, args...)
	if status != 0 {
		t.Fatalf("replacexnet %v: exit status %d\n%s", args, status, output)
	}
	return output
}

// refuse runs the program and expects it to fail, to say why, and to change nothing.
func refuse(t *testing.T, dir, why string, args ...string) {
	t.Helper()
	before := snapshot(t, dir)
	status, output := replacexnet(t, dir, args...)
	if status != 1 {
		t.Errorf("replacexnet %v: exit status %d, want 1", args, status)
	}
	if !strings.Contains(output, why) {
		t.Errorf("replacexnet %v said:\n%s\nwhich lacks %q", args, output, why)
	}
	if changed := snapshot(t, dir).Difference(before.Hashes()); changed != nil {
		t.Errorf("replacexnet %v changed: %q", args, changed)
	}
}

// snapshot returns the files of a folder, and its folders as empty files.
func snapshot(t *testing.T, dir string) tree {
	t.Helper()
	files, err := toolkit.ReadTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			files[name+"/"] = nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func names(t tree) []string { return slices.Sorted(maps.Keys(t)) }

func write(t *testing.T, dir string, files tree) {
	t.Helper()
	if err := files.Write(dir); err != nil {
		t.Fatal(err)
	}
}
