package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// upstreamTests lets the tests run that compile upstream's packages and run upstream's own: minutes of them.
var upstreamTests = flag.Bool("upstream", false, "run upstream's tests with and without the changes; takes minutes")

// xnetVersions are those that the changes are known to apply to.
var xnetVersions = []string{
	"v0.50.0", "v0.51.0", "v0.52.0", "v0.53.0", "v0.54.0", "v0.55.0", "v0.56.0",
	"v0.57.0", "v0.58.0", "v0.59.0", "v0.60.0", "v0.61.0", xnetLatest,
}

func needsFlag(t *testing.T) {
	t.Helper()
	if !*upstreamTests {
		t.Skip("this compiles upstream's tests and runs them: go test ./internal/upstreamcl -upstream")
	}
}

// bundles reports whether the Go release in use has its HTTP/2 from golang.org/x/net, and x/net's is a server of its own.
func bundles(t *testing.T) bool { return strings.HasPrefix(inUse(t).GOVERSION, "go1.26") }

// needsBundle is for tests of x/net's server alone: one Go release is enough for them.
func needsBundle(t *testing.T) {
	t.Helper()
	if !bundles(t) {
		t.Skip("this is about golang.org/x/net alone, and runs with Go 1.26")
	}
}

// goTests runs tests and returns how each ended, by package and name.
type goTests struct {
	goCommand string
	env       []string
	dir       string
	flags     []string
	packages  []string
}

// A testName is that of a test, an example or a subtest.
type testName struct{ pkg, name string }

func (n testName) String() string { return n.pkg + "." + n.name }

type outcomes map[testName]string // "pass", "fail" or "skip"

func (g goTests) run(t *testing.T, more ...string) outcomes {
	t.Helper()
	args := slices.Concat([]string{"test", "-json", "-count=1", "-vet=off", "-timeout=10m"}, g.flags, more, g.packages)
	cmd := exec.CommandContext(t.Context(), g.goCommand, args...)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), g.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run() // it fails if a test does
	ended := make(outcomes)
	for d := json.NewDecoder(&stdout); ; {
		var event struct{ Action, Package, Test, Output string }
		if err := d.Decode(&event); err != nil {
			break
		}
		switch event.Action {
		case "pass", "fail", "skip":
			if event.Test != "" {
				ended[testName{event.Package, event.Test}] = event.Action
			}
		case "build-output":
			stderr.WriteString(event.Output)
		}
	}
	if len(ended) == 0 {
		t.Fatalf("go %s: no test ran\n%s", strings.Join(args, " "), stderr.String())
	}
	return ended
}

// only is the flag that runs tests by name.
func only(names []string) string { return "-run=^(" + strings.Join(names, "|") + ")$" }

// of returns how a package's tests of some names ended; subtests count for theirs.
func (o outcomes) of(pkg string, names []string, outcome string) []string {
	var found []string
	for _, n := range names {
		if o[testName{pkg, n}] == outcome {
			found = append(found, n)
		}
	}
	return found
}

// checkNewTests expects a change's tests to fail on the stock tree, but for those that say what must stay.
func checkNewTests(t *testing.T, pkg string, c *change, stock, changed outcomes) {
	t.Helper()
	if failed := stock.of(pkg, c.allTests(), "fail"); !slices.Equal(failed, c.tests) {
		t.Errorf("%s: without the change, %q fail, want %q", c.name, failed, c.tests)
	}
	if passed := changed.of(pkg, c.allTests(), "pass"); !slices.Equal(passed, c.allTests()) {
		t.Errorf("%s: with the change, %q pass, want %q", c.name, passed, c.allTests())
	}
}

// checkNothingLost expects what passed to pass. A test of upstream's that fails now and then is run three times more.
func checkNothingLost(t *testing.T, g goTests, stock, changed outcomes) {
	t.Helper()
	count := make(map[string]int)
	for name, before := range stock {
		count[before]++
		if before == "fail" && !slices.Contains(allNewTests(), name.name) {
			t.Logf("%s fails without the changes, and ends with %q now", name, changed[name])
		}
		if before != "pass" || changed[name] == "pass" {
			continue
		}
		g.packages = []string{name.pkg}
		top, _, _ := strings.Cut(name.name, "/")
		if again := g.run(t, only([]string{top}), "-count=3"); again[name] != "pass" {
			t.Errorf("%s passed without the changes, and ends with %q now", name, changed[name])
		} else {
			t.Logf("%s failed, and passed three times when it was run again: nothing to do with the changes", name)
		}
	}
	t.Logf("without the changes: %v of %d", count, len(stock))
}

// allNewTests are those of every change that fail without it.
func allNewTests() []string {
	var names []string
	for _, c := range changes {
		names = append(names, c.tests...)
	}
	return names
}

// wholeXNet is a checkout of all that a version of x/net has.
func wholeXNet(t *testing.T, version string) string {
	t.Helper()
	root := t.TempDir()
	from := xnetDir(t, version)
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		write(t, filepath.Join(root, strings.TrimPrefix(name, from)), string(content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	gitIn(t, root, "init", "-q")
	gitIn(t, root, "add", "-A")
	gitIn(t, root, "commit", "-q", "-m", version)
	return root
}

// xnetTests runs x/net's tests of its own HTTP/2, which Go 1.27 replaces by net/http's if it is not told otherwise.
func xnetTests(t *testing.T, root string, packages ...string) goTests {
	g := goTests{goCommand: "go", dir: root, packages: packages, flags: []string{"-trimpath"}}
	if !bundles(t) {
		g.flags = append(g.flags, "-tags=http2legacy")
	}
	return g
}

func TestTheChangesWorkInEveryVersionOfXNet(t *testing.T) {
	needsFlag(t)
	needsBundle(t)
	for _, version := range xnetVersions {
		t.Run(version, func(t *testing.T) {
			root := wholeXNet(t, version)
			changes := []*change{mustFind(t, "trailersonly"), mustFind(t, "status")}
			for _, c := range changes {
				succeed(t, "-C", root, "-cl", c.name)
			}
			g := xnetTests(t, root, "./http2")
			names := slices.Concat(changes[0].allTests(), changes[1].allTests())
			changed := g.run(t, only(names))
			gitIn(t, root, "checkout", "-q", "HEAD~2", "--", "http2/server.go")
			stock := g.run(t, only(names))
			for _, c := range changes {
				checkNewTests(t, "golang.org/x/net/http2", c, stock, changed)
			}
		})
	}
}

func TestXNetLosesNoTestThatPassed(t *testing.T) {
	needsFlag(t)
	root := wholeXNet(t, xnetLatest)
	changes := []*change{mustFind(t, "trailersonly"), mustFind(t, "status")}
	for _, c := range changes {
		succeed(t, "-C", root, "-cl", c.name)
	}
	g := xnetTests(t, root, "./http2/...")
	checkClean(t, "go", nil, root, []string{"./http2/..."}, g.flags)
	changed := g.run(t)
	gitIn(t, root, "checkout", "-q", "HEAD~2", "--", "http2/server.go")
	stock := g.run(t)
	gitIn(t, root, "checkout", "-q", "HEAD", "--", "http2/server.go")
	for _, c := range changes {
		checkNewTests(t, "golang.org/x/net/http2", c, stock, changed)
	}
	checkNothingLost(t, g, stock, changed)
}

// checkClean runs go vet.
func checkClean(t *testing.T, goCommand string, env []string, dir string, packages, flags []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), goCommand, slices.Concat([]string{"vet"}, flags, packages)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// goTestsWith runs tests of Go's with the files of a checkout instead of GOROOT's.
func goTestsWith(t *testing.T, root string, packages ...string) goTests {
	t.Helper()
	env := inUse(t)
	dir := t.TempDir()
	goroot := filepath.Join(dir, "goroot") // the module cache's files are replaced through a link only
	if err := os.Symlink(env.GOROOT, goroot); err != nil {
		t.Fatal(err)
	}
	replace := make(map[string]string)
	for name := range snapshot(t, filepath.Join(root, "src")) {
		relative, _ := filepath.Rel(root, name)
		replace[filepath.Join(goroot, relative)] = name
	}
	overlay := filepath.Join(dir, "overlay.json")
	write(t, overlay, jsonOf(t, map[string]any{"Replace": replace}))
	return goTests{
		goCommand: filepath.Join(goroot, "bin", "go"),
		env:       []string{"GOROOT=" + goroot, "GOTOOLCHAIN=local"},
		dir:       dir,
		flags:     []string{"-overlay=" + overlay},
		packages:  packages,
	}
}

func TestGoLosesNoTestThatPassed(t *testing.T) {
	needsFlag(t)
	root := goCheckout(t, gorootWithPackage(t))
	for _, c := range changes {
		succeed(t, "-C", root, "-cl", c.name, "-issue", testIssue)
	}
	g := goTestsWith(t, root, "net/http/internal/http2", "net/http/httputil", "net/http")
	checkClean(t, g.goCommand, g.env, g.dir, g.packages[:2], g.flags)
	changed := g.run(t)
	gitIn(t, root, "checkout", "-q", "HEAD~3", "--", "src/net/http/internal/http2/server.go", "src/net/http/httputil/reverseproxy.go")
	stock := g.run(t)
	gitIn(t, root, "checkout", "-q", "HEAD", "--", "src")
	for _, c := range changes {
		pkg := "net/http/internal/http2"
		if c.where == inHTTPUtil {
			pkg = "net/http/httputil"
		}
		checkNewTests(t, pkg, c, stock, changed)
	}
	checkNothingLost(t, g, stock, changed)
}

func TestNetHTTPLosesNoTestThatPassedWithTheOverlay(t *testing.T) {
	needsFlag(t)
	dir := newOverlayDir(t)
	t.Setenv("GOMODCACHE", inUse(t).GOMODCACHE)
	succeed(t, "-overlay", dir)
	g := goTests{goCommand: "go", dir: dir, packages: []string{"net/http", "net/http/httputil"}}
	if goroot := filepath.Join(dir, linkName); exists(goroot) {
		g.goCommand, g.env = filepath.Join(goroot, "bin", "go"), []string{"GOROOT=" + goroot, "GOTOOLCHAIN=local"}
	}
	stock := g.run(t)
	g.flags = []string{"-overlay=" + filepath.Join(dir, overlayName)}
	checkClean(t, g.goCommand, g.env, g.dir, g.packages, g.flags)
	checkNothingLost(t, g, stock, g.run(t))
}

// mutations are what may be wrong with the inserted lines: text of ours, and what is there instead.
var mutations = map[string][]struct{ name, old, new string }{
	"trailersonly": {
		{"hold without a status", "hasStatus &&", "(hasStatus || true) &&"},
		{"hold in spite of trailers", "!hasTrailer &&", "(!hasTrailer || true) &&"},
		{"hold in spite of content", `clen == "0")`, `clen == "0" || true)`},
		{"hold for HEAD", `rws.req.Method != "HEAD" &&`, ""},
		{"hold for CONNECT", `rws.req.Method != "CONNECT" &&`, ""},
		{"hold in spite of the status code", "bodyAllowedForStatus(rws.status)\n\treturn rws.heldHeader", "true\n\treturn rws.heldHeader"},
		{"hold when the handler has returned", "rws.sentHeader || rws.handlerDone", "rws.sentHeader"},
		{"no snapshot", "rws.writeHeader(200)\n\t}\n\t_, hasStatus", "}\n\t_, hasStatus"},
		{"release for no byte", "lenData > 0", "lenData >= 0"},
		{"no release for a body", "lenData > 0", "lenData < 0"},
		{"no release in a panic", "\t\t\trw.rws.releaseHeader()\n", ""},
	},
	"status": {
		{"repeat without a status", "!ok || !rws.sentHeader ||", "(!ok && false) || !rws.sentHeader ||"},
		{"repeat what is not sent yet", "!ok || !rws.sentHeader ||", "!ok ||"},
		{"repeat after a body", "rws.wroteBytes > 0 ||", ""},
		{"repeat what trailers have", "rws.wroteBytes > 0 || rws.hasNonemptyTrailers() ||", "rws.wroteBytes > 0 ||"},
		{"repeat in spite of the status code", "|| !bodyAllowedForStatus(rws.status) {\n\t\treturn\n\t}\n\tfor", "{\n\t\treturn\n\t}\n\tfor"},
		{"overwrite trailers", `!ok && strings.HasPrefix(k, "Grpc-")`, `(!ok || true) && strings.HasPrefix(k, "Grpc-")`},
		{"repeat everything", `!ok && strings.HasPrefix(k, "Grpc-")`, "!ok"},
	},
}

// What the new tests are worth: they notice each condition that is missing.
func TestTheNewTestsNoticeEveryMutation(t *testing.T) {
	needsFlag(t)
	needsBundle(t)
	for _, name := range []string{"trailersonly", "status"} {
		c := mustFind(t, name)
		root := wholeXNet(t, xnetLatest)
		succeed(t, "-C", root, "-cl", name)
		g := xnetTests(t, root, "./http2")
		for _, m := range mutations[name] {
			t.Run(name+"/"+m.name, func(t *testing.T) {
				t.Cleanup(func() { gitIn(t, root, "checkout", "-q", "HEAD", "--", "http2/server.go") })
				edit(t, filepath.Join(root, "http2", "server.go"), m.old, m.new)
				ended := g.run(t, only(c.allTests()))
				if failed := ended.of("golang.org/x/net/http2", c.allTests(), "fail"); len(failed) == 0 {
					t.Error("no test fails")
				}
			})
		}
	}
}
