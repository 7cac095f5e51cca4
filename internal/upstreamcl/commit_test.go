package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// sizes are how many lines of source each change may add and remove.
var sizes = map[string]struct{ added, removed int }{
	"reverseproxy": {8, 1},
	"trailersonly": {40, 1},
	"status":       {15, 0},
}

// numstat returns the lines that the last commit adds and removes, by file.
func numstat(t *testing.T, root string) map[string][2]int {
	t.Helper()
	stat := make(map[string][2]int)
	for line := range strings.Lines(gitIn(t, root, "show", "--numstat", "--format=")) {
		fields := strings.Fields(line)
		added, _ := strconv.Atoi(fields[0])
		removed, _ := strconv.Atoi(fields[1])
		stat[fields[2]] = [2]int{added, removed}
	}
	return stat
}

// checkCommit looks at the commit on top of a checkout.
func checkCommit(t *testing.T, root, name, source string, others ...string) {
	t.Helper()
	if status := gitIn(t, root, "status", "--porcelain"); status != "" {
		t.Errorf("the checkout is left with changes:\n%s", status)
	}
	stat := numstat(t, root)
	size := sizes[name]
	if lines := stat[source]; lines[0] == 0 || lines[0] > size.added || lines[1] > size.removed {
		t.Errorf("%s: %s has +%d/-%d, at most +%d/-%d is wanted", name, source, lines[0], lines[1], size.added, size.removed)
	}
	for _, other := range others {
		if lines := stat[other]; lines[0] == 0 || lines[1] != 0 {
			t.Errorf("%s: %s has +%d/-%d, where only additions are wanted", name, other, lines[0], lines[1])
		}
	}
	if len(stat) != 1+len(others) {
		t.Errorf("%s: the commit has %v", name, stat)
	}
	checkMessage(t, gitIn(t, root, "show", "-s", "--format=%B"))
}

// checkMessage holds a message to upstream's rules: https://go.dev/wiki/CommitMessage.
func checkMessage(t *testing.T, message string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(message, "\n"), "\n")
	_, what, ok := strings.Cut(lines[0], ": ")
	switch {
	case !ok || what == "" || what[0] < 'a' || what[0] > 'z':
		t.Errorf("%q is not a package and a verb in lower case", lines[0])
	case strings.HasSuffix(lines[0], "."):
		t.Errorf("%q ends with a period", lines[0])
	case len(lines) < 2 || lines[1] != "":
		t.Error("there is no blank line after the first")
	case strings.Contains(message, "Signed-off-by"), strings.Contains(message, "`"):
		t.Error("there is a Signed-off-by line, or Markdown")
	}
	for _, line := range lines {
		if len(line) > 76 {
			t.Errorf("%q has %d columns", line, len(line))
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestChangesToXNetAreOneCommitEach(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	for i, name := range []string{"status", "trailersonly"} { // in either order
		output := succeed(t, "-C", filepath.Join(root, "http2"), "-cl", name)
		checkCommit(t, root, name, "http2/server.go", "http2/server_test.go")
		message := gitIn(t, root, "show", "-s", "--format=%B")
		if !strings.HasPrefix(message, "http2: ") || lastLine(message) != "For golang/go#56317" {
			t.Errorf("%s: the message is\n%s", name, message)
		}
		if got := strings.TrimSpace(gitIn(t, root, "rev-list", "--count", "HEAD")); got != fmt.Sprint(i+2) {
			t.Errorf("%s: there are %s commits", name, got)
		}
		if !strings.Contains(output, "reset --keep HEAD~1") {
			t.Errorf("%s: it does not say how to undo it:\n%s", name, output)
		}
	}
}

func TestChangesToGoComeWithReleaseNotes(t *testing.T) {
	root := goCheckout(t, gorootWithPackage(t))
	const notes = "doc/next/6-stdlib/99-minor/net/http/"
	for _, tt := range []struct{ name, source, test, note string }{
		{"reverseproxy", "src/net/http/httputil/reverseproxy.go", "src/net/http/httputil/reverseproxy_test.go", notes + "httputil/" + testIssue + ".md"},
		{"trailersonly", "src/net/http/internal/http2/server.go", "src/net/http/internal/http2/server_test.go", notes + testIssue + ".md"},
		{"status", "src/net/http/internal/http2/server.go", "src/net/http/internal/http2/server_test.go", notes + testIssue + ".md"},
	} {
		succeed(t, "-C", root, "-cl", tt.name, "-issue", testIssue)
		checkCommit(t, root, tt.name, tt.source, tt.test, tt.note)
		message := gitIn(t, root, "show", "-s", "--format=%B")
		if !strings.HasSuffix(strings.TrimSpace(message), "\n\nFor #"+testIssue+"\nFor #56317") {
			t.Errorf("%s: the message is\n%s", tt.name, message)
		}
	}
	note := read(t, filepath.Join(root, notes+testIssue+".md"))
	if paragraphs := strings.Split(strings.TrimSuffix(note, "\n"), "\n\n"); len(paragraphs) != 2 {
		t.Errorf("two changes for an issue make %d paragraphs:\n%s", len(paragraphs), note)
	}
}

func TestAnIssueIsNamedInFullInXNet(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	succeed(t, "-C", root, "-cl", "trailersonly", "-issue", testIssue)
	message := gitIn(t, root, "show", "-s", "--format=%B")
	if !strings.HasSuffix(strings.TrimSpace(message), "\n\nFor golang/go#"+testIssue+"\nFor golang/go#56317") {
		t.Errorf("the message is\n%s", message)
	}
}

func TestCheckSaysThatAChangeAppliesAndMakesNone(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	before := snapshot(t, root)
	output := succeed(t, "-C", root, "-cl", "trailersonly", "-check")
	if !strings.Contains(output, "trailersonly applies") || !strings.Contains(output, "http2/server.go") {
		t.Errorf("it said:\n%s", output)
	}
	for name, hash := range snapshot(t, root) {
		if before[name] != hash {
			t.Errorf("%s has changed", name)
		}
	}
}

// A hook of the user's may refuse a commit, as git-codereview's do.
func TestAFailedCommitLeavesTheCheckoutAsItWas(t *testing.T) {
	root := xnetCheckout(t, xnetLatest)
	write(t, filepath.Join(root, ".git", "hooks", "commit-msg"), "#!/bin/sh\necho no such luck >&2\nexit 1\n")
	makeExecutable(t, filepath.Join(root, ".git", "hooks", "commit-msg"))
	status, output := upstreamcl(t, "-C", root, "-cl", "trailersonly")
	if status != 1 || !strings.Contains(output, "no such luck") {
		t.Errorf("exit status %d\n%s", status, output)
	}
	if status := gitIn(t, root, "status", "--porcelain"); status != "" {
		t.Errorf("the checkout is left with changes:\n%s", status)
	}
}
