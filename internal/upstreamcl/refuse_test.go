package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func makeExecutable(t *testing.T, name string) {
	t.Helper()
	if err := os.Chmod(name, 0o755); err != nil {
		t.Fatal(err)
	}
}

// commitEdits changes a checkout's files and commits that.
func commitEdits(t *testing.T, root string, edits ...func(root string)) {
	t.Helper()
	for _, e := range edits {
		e(root)
	}
	gitIn(t, root, "commit", "-q", "-a", "-m", "edits")
}

// replaceAll renames something in a file of x/net's http2.
func replaceAll(t *testing.T, file, old, new string) func(root string) {
	return func(root string) {
		name := filepath.Join(root, "http2", file)
		content := read(t, name)
		if !strings.Contains(content, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		write(t, name, strings.ReplaceAll(content, old, new))
	}
}

// addTo adds text to the end of a file of x/net's http2.
func addTo(t *testing.T, file, text string) func(root string) {
	return func(root string) {
		name := filepath.Join(root, "http2", file)
		write(t, name, read(t, name)+text)
	}
}

func TestEachAnchorThatDoesNotFitIsNamed(t *testing.T) {
	for _, tt := range []struct {
		name, change string
		edit         func(root string)
		why          string
	}{
		{
			"a field is renamed", "trailersonly", replaceAll(t, "server.go", "sentHeader", "headerSent"),
			"http2/server.go: there is no field sentHeader of the struct responseWriterState",
		},
		{
			"a type is renamed", "trailersonly", replaceAll(t, "server.go", "chunkWriter", "pieceWriter"),
			"http2/server.go: there is no statement that calls Write of a chunkWriter in responseWriter.FlushError",
		},
		{
			"a method is renamed", "trailersonly", replaceAll(t, "server.go", "FlushError", "FlushErr"),
			"http2/server.go: there is no function responseWriter.FlushError",
		},
		{
			"a statement is gone", "trailersonly", replaceAll(t, "server.go", "recover()", "error(nil)"),
			"http2/server.go: there is no assignment of recover's result in serverConn.runHandler",
		},
		{
			"a statement is there twice", "status", replaceAll(t, "server.go", "\t\trws.promoteUndeclaredTrailers()\n", "\t\trws.promoteUndeclaredTrailers()\n\t\trws.promoteUndeclaredTrailers()\n"),
			"http2/server.go: there are 2 of statement that calls promoteUndeclaredTrailers in responseWriterState.writeChunk",
		},
		{
			"a parameter is renamed", "trailersonly", replaceAll(t, "server.go", "lenData", "size"),
			"http2/server.go: there is no parameter lenData of responseWriter.write",
		},
		{
			"a function of another file is renamed", "trailersonly", func(root string) {
				replaceAll(t, "http2.go", "bodyAllowedForStatus", "statusHasBody")(root)
				replaceAll(t, "server.go", "bodyAllowedForStatus", "statusHasBody")(root)
			},
			"http2/server.go: there is no bodyAllowedForStatus",
		},
		{
			"a helper of tests is renamed", "trailersonly", replaceAll(t, "connframes_test.go", "wantIdle", "wantSilence"),
			"http2/server_test.go: there is no testConnFramer.wantIdle",
		},
		{
			"the function that runs tests in bubbles is renamed", "status", replaceAll(t, "synctest_test.go", "synctestTest", "bubbleTest"),
			"http2/server_test.go: there is no synctestTest",
		},
		{
			"there is a test of that name", "trailersonly", addTo(t, "server_test.go", "\nfunc TestServerTrailersOnlyFlush(t *testing.T) {}\n"),
			"http2/server_test.go: there is a TestServerTrailersOnlyFlush already",
		},
		{
			"a file is not formatted", "trailersonly", addTo(t, "server.go", "\nvar  unformatted int\n"),
			"http2/server.go is not as gofmt leaves it",
		},
		{
			"a file does not parse", "trailersonly", addTo(t, "server.go", "\nfunc {\n"),
			"http2/server.go: ",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := xnetCheckout(t, xnetLatest)
			commitEdits(t, root, tt.edit)
			refuse(t, root, tt.why, "-C", root, "-cl", tt.change)
			refuse(t, root, tt.why, "-C", root, "-cl", tt.change, "-check")
		})
	}
}

func TestARefusalNamesEverythingThatDoesNotFit(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	commitEdits(t, root, replaceAll(t, "server.go", "sentHeader", "headerSent"), replaceAll(t, "server.go", "dataB", "data"))
	for _, why := range []string{"field sentHeader", "if statement about dataB"} {
		refuse(t, root, why, "-C", root, "-cl", "trailersonly")
	}
}

func TestAChangeIsMadeOnce(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	for _, name := range []string{"trailersonly", "status"} {
		succeed(t, "-C", root, "-cl", name)
		refuse(t, root, "http2/server.go has the change "+name+" already", "-C", root, "-cl", name)
	}
}

func TestGosChangesAreMadeOnce(t *testing.T) {
	root := goCheckout(t, gorootWithPackage(t))
	for _, name := range changeNames() {
		succeed(t, "-C", root, "-cl", name, "-issue", testIssue)
		refuse(t, root, "has the change "+name+" already", "-C", root, "-cl", name, "-issue", testIssue)
	}
}

func TestACheckoutWithChangesIsRefused(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	edit(t, filepath.Join(root, "go.mod"), "module golang.org/x/net\n", "module golang.org/x/net\n\n// mine\n")
	refuse(t, root, "has changes that are not committed:\n M go.mod", "-C", root, "-cl", "trailersonly")
}

func TestAnythingElseIsRefused(t *testing.T) {
	plain := t.TempDir()
	refuse(t, plain, "is not in a git checkout of golang.org/x/net or of Go", "-C", plain, "-cl", "trailersonly")

	other := checkoutOf(t, ".", "main.go")
	refuse(t, other, "a checkout neither of golang.org/x/net nor of Go", "-C", other, "-cl", "trailersonly")

	write(t, filepath.Join(other, "go.mod"), "module example.com/m\n")
	gitIn(t, other, "add", "go.mod")
	gitIn(t, other, "commit", "-q", "-m", "a module")
	refuse(t, other, "a checkout neither of golang.org/x/net nor of Go", "-C", other, "-cl", "trailersonly")
}

func TestReverseProxyIsNotInXNet(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	refuse(t, root, "one to Go's net/http/httputil, and this is golang.org/x/net", "-C", root, "-cl", "reverseproxy")
}

func TestGeneratedCodeIsNotWhereAChangeBegins(t *testing.T) {
	goversion := "package goversion\n\nconst Version = 26\n"
	root := checkoutOf(t, ".", "main.go")
	write(t, filepath.Join(root, "src", "internal", "goversion", "goversion.go"), goversion)
	gitIn(t, root, "add", "src")
	gitIn(t, root, "commit", "-q", "-m", "a release")
	refuse(t, root, "this is Go 1.26, whose net/http/h2_bundle.go is generated from golang.org/x/net", "-C", root, "-cl", "trailersonly")
}

func TestGosReleaseNoteNeedsANumber(t *testing.T) {
	root := goCheckout(t, gorootWithPackage(t))
	refuse(t, root, "give the number of an issue with -issue", "-C", root, "-cl", "trailersonly")
	succeed(t, "-C", root, "-cl", "trailersonly", "-check")
}

func TestACommitNeedsAnAuthor(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	gitIn(t, root, "config", "user.useConfigOnly", "true")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		for _, what := range []string{"NAME", "EMAIL"} {
			name := "GIT_" + who + "_" + what
			t.Setenv(name, "") // restores it
			os.Unsetenv(name)
		}
	}
	refuse(t, root, "git does not know whose commit this is", "-C", root, "-cl", "trailersonly")
}

func TestAMistakenCommandLineIsExplained(t *testing.T) {
	for _, tt := range []struct {
		args []string
		why  string
	}{
		{nil, "one commit is one change: -cl needs one of reverseproxy, trailersonly, status"},
		{[]string{"-cl", "status,trailersonly"}, "one commit is one change"},
		{[]string{"-cl", "everything"}, `no change is called "everything"`},
		{[]string{"-cl", "status", "-issue", "-1"}, "-1 is not the number of an issue"},
		{[]string{"-cl", "status", "http2"}, `unexpected argument "http2"`},
		{[]string{"-force"}, "flag provided but not defined"},
	} {
		var stderr bytes.Buffer
		if status := program.Run(t.Context(), tt.args, nil, &stderr); status != 2 || !strings.Contains(stderr.String(), tt.why) {
			t.Errorf("%q: exit status %d\n%s", tt.args, status, stderr.String())
		}
	}
}
