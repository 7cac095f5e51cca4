package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

// Two packages that have the anchors of net/http, and nothing else of it.
var (
	both = toolkit.Tree{
		"client.go": []byte("package http\n\nfunc knownRoundTripperImpl(rt int, req int) bool { return rt > req }\n"),
		"omit.go":   []byte("//go:build nethttpomithttp2\n\npackage http\n\nfunc http2ConfigureServer(s *Server) error { return nil }\n"),
	}
	old = merged(both, toolkit.Tree{
		"bundle.go": []byte("package http\n\nfunc http2ConfigureServer(s *Server, conf int) error {\n\treturn nil\n}\n\nfunc http2configureTransports(t1 *Transport) (int, error) {\n\treturn 0, nil\n}\n"),
		"transport.go": []byte("package http\n\ntype Server struct{}\n\ntype Transport struct {\n\tnextProtoOnce int\n\tlast          bool\n}\n\n" +
			"func (t *Transport) CloseIdleConnections() {\n\tt.last = true\n}\n"),
		"export_test.go": []byte("package http\n\nfunc (t *Transport) IdleConnStrsForTesting_h2() []string { return nil }\n"),
	})
	recent = merged(both, toolkit.Tree{
		"http2.go": []byte("package http\n\nfunc (s *Server) serveHTTP2Conn(a, b, h, saw, up int, settings []byte) {\n}\n\nfunc (t *Transport) configureHTTP2(p int) {\n}\n\n" +
			"func (t *Transport) http2AddConn(scheme, host, c int) int {\n\treturn 0\n}\n\nfunc (t *Transport) http2NewClientConn(c, hook int) int {\n\treturn 0\n}\n"),
		"transport.go": []byte("package http\n\ntype Server struct{}\n\ntype Transport struct {\n\tnextProtoOnce int\n\th2Transport   *int\n}\n\n" +
			"func (t *Transport) CloseIdleConnections() {\n}\n"),
		"export_test.go": []byte("package http\n\nfunc (t *Transport) IdleConnStrsForTesting() (ret []string) {\n\tif t.h2Transport != nil {\n\t\treturn nil\n\t}\n\treturn ret\n}\n"),
	})
)

func merged(trees ...toolkit.Tree) toolkit.Tree {
	all := make(toolkit.Tree)
	for _, t := range trees {
		maps.Copy(all, t)
	}
	return all
}

// hooked returns the files of a package that change.
func hooked(t *testing.T, release string, files toolkit.Tree) (toolkit.Tree, error) {
	t.Helper()
	g := &golang{goroot: t.TempDir(), version: "go" + release + ".9", release: release}
	if err := files.Write(netHTTPFolder(g.goroot)); err != nil {
		t.Fatal(err)
	}
	n, err := readNetHTTP(g, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.hook(); err != nil {
		return nil, err
	}
	if err := n.hookTests(); err != nil {
		return nil, err
	}
	return n.edited()
}

func TestCallsAreInsertedWhereTheAnchorsAre(t *testing.T) {
	for _, tt := range []struct {
		release string
		files   toolkit.Tree
		want    map[string]string // files, and what they have now that they hadn't
	}{
		{"1.26", old, map[string]string{
			"client.go":      "bool {\n\tif h2fork_isOurs(rt) {\n\t\treturn true\n\t}\n\treturn rt > req",
			"bundle.go":      "error) {\n\tif h2fork_enabled {\n\t\treturn h2fork_http2configureTransports(t1)\n\t}\n\treturn 0, nil",
			"transport.go":   "\tt.last = true\n\tt.h2fork_closeIdle()\n}",
			"export_test.go": "\tif t.h2fork_client != nil {\n\t\treturn t.h2fork_idleConns()\n\t}\n\treturn nil",
		}},
		{"1.27", recent, map[string]string{
			"client.go":      "h2fork_isOurs(rt)",
			"http2.go":       "{\n\tif s.h2fork_serveHTTP2Conn(a, b, h, saw, up, settings) {\n\t\treturn\n\t}\n}",
			"transport.go":   "\tt.h2fork_closeIdle()\n}",
			"export_test.go": "\tret = append(ret, t.h2fork_idleConns()...)\n\tif t.h2Transport",
		}},
	} {
		got, err := hooked(t, tt.release, tt.files)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range tt.want {
			if !strings.Contains(string(got[name]), want) {
				t.Errorf("%s, %s is:\n%s\nand lacks:\n%s", tt.release, name, got[name], want)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %d files changed, want %d", tt.release, len(got), len(tt.want))
		}
		for _, field := range []string{"nextProtoOnce", "h2fork_client"} {
			if !strings.Contains(string(got["transport.go"]), "\n\t"+field) {
				t.Errorf("%s: Transport has no %s:\n%s", tt.release, field, got["transport.go"])
			}
		}
	}
}

// A package that this program doesn't know is refused, with what it lacks.
func TestAnAnchorThatIsNotThereOnceIsNamed(t *testing.T) {
	for _, tt := range []struct {
		release      string
		files        toolkit.Tree
		file         string
		without, now string
		why          string
	}{
		{"1.26", old, "bundle.go", "http2ConfigureServer", "other", "it has 0 of func http2ConfigureServer"},
		{"1.26", old, "bundle.go", "http2configureTransports", "other", "it has 0 of func http2configureTransports"},
		{"1.26", old, "bundle.go", "t1 *Transport", "", "func http2configureTransports with a parameter"},
		{"1.26", old, "transport.go", "nextProtoOnce", "other", "it has 0 of field nextProtoOnce of Transport"},
		{"1.26", old, "transport.go", "CloseIdleConnections", "other", "it has 0 of method CloseIdleConnections of *Transport"},
		{"1.26", old, "transport.go", "(t *Transport) Close", "(t Transport) Close", "it has 0 of method CloseIdleConnections of *Transport"},
		{"1.26", old, "client.go", "package http\n", "package http\n\nfunc knownRoundTripperImpl() {}\n", "it has 2 of func knownRoundTripperImpl"},
		{"1.26", old, "client.go", "rt int, req int", "", "func knownRoundTripperImpl with a parameter"},
		{"1.26", old, "export_test.go", "IdleConnStrsForTesting", "other", "it has 0 of method IdleConnStrsForTesting of *Transport"},
		{"1.27", recent, "http2.go", "configureHTTP2", "other", "it has 0 of method configureHTTP2 of *Transport"},
		{"1.27", recent, "http2.go", "saw, up", "up", "method serveHTTP2Conn of *Server with 6 parameters"},
		{"1.27", recent, "http2.go", "http2AddConn", "other", "it has 0 of method http2AddConn of *Transport"},
		{"1.27", recent, "http2.go", "(c, hook int)", "(c int)", "method http2NewClientConn of *Transport with 2 parameters"},
		{"1.27", recent, "export_test.go", "if t.h2Transport", "if t", "it has 0 of the if statement about h2Transport in IdleConnStrsForTesting"},
	} {
		changed := strings.Replace(string(tt.files[tt.file]), tt.without, tt.now, 1)
		_, err := hooked(t, tt.release, merged(tt.files, toolkit.Tree{tt.file: []byte(changed)}))
		if err == nil || !strings.Contains(err.Error(), tt.why) || !strings.Contains(err.Error(), "net/http of go"+tt.release+".9") {
			t.Errorf("%s, %s without %q: got error %v, want one that says %q", tt.release, tt.file, tt.without, err, tt.why)
		}
	}
}

func TestALinkInAGoInstallationIsCopiedAsWhatItPointsTo(t *testing.T) {
	dir := t.TempDir()
	must(t, toolkit.Tree{"bin/go": []byte("go"), "share/src/a.go": []byte("package a\n"), ".git/x": nil}.Write(dir))
	must(t, os.Chmod(filepath.Join(dir, "bin", "go"), 0o555))
	must(t, os.Symlink(filepath.Join(dir, "share", "src"), filepath.Join(dir, "src")))
	to := filepath.Join(t.TempDir(), "copy")
	must(t, copyFolder(t.Context(), to, dir))
	must(t, os.WriteFile(filepath.Join(to, "src", "a.go"), []byte("package changed\n"), 0o644))
	original, err := os.ReadFile(filepath.Join(dir, "share", "src", "a.go"))
	if err != nil || string(original) != "package a\n" {
		t.Errorf("the original is %q, %v", original, err)
	}
	if info, err := os.Stat(filepath.Join(to, "bin", "go")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("bin/go is %v, %v", info, err)
	}
	if toolkit.Exists(filepath.Join(to, ".git")) {
		t.Error(".git was copied")
	}
}

func TestFoldersThatContainThemselvesAreRefused(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink(dir, filepath.Join(dir, "again")))
	err := copyFolder(t.Context(), filepath.Join(t.TempDir(), "copy"), dir)
	if err == nil || !strings.Contains(err.Error(), "too many folders in folders") {
		t.Errorf("got error %v", err)
	}
}

func TestTheReleaseOfAGoVersion(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26": "1.26", "go1.26.8": "1.26", "go1.27rc1": "1.27", "go1.27.2-custom X:foo": "1.27",
		"go1.25.3": "1.25", "go1.30": "1.30", "devel go1.28-abc": "", "go2": "",
	} {
		if got := releaseOf(version); got != want {
			t.Errorf("%s is of %q, want %q", version, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
