package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"h2fork.example/net/internal/toolkit"
)

func TestTheModuleBuildsWithTheForkUnderUpstreamsPaths(t *testing.T) {
	app := newApp(t, nil)
	if got := goCommand(t, app, "run", "."); got != "upstream" {
		t.Fatalf("before: http2 is %q", got)
	}
	output := succeed(t, app)
	if got := goCommand(t, app, "run", "."); got != "fork!!!" {
		t.Errorf("http2 is %q", got)
	}
	goCommand(t, app, "vet", "./...", "golang.org/x/net/...")
	for _, said := range []string{
		"app.example now builds with golang.org/x/net => ./third_party/golang.org/x/net",
		"golang.org/x/net v0.1.0, with http2",
		"What imports these packages:\n\tapp.example\nWhat only tests bring in:\n\tapp.example/internal\n",
		"run replacestd",
		"git add -f go.mod ./third_party/golang.org/x/net",
		"-undo",
	} {
		if !strings.Contains(output, said) {
			t.Errorf("it didn't say %q, but:\n%s", said, output)
		}
	}
}

func TestGoModGetsTheDirectiveAndGoSumStays(t *testing.T) {
	app := newApp(t, nil)
	before := snapshot(t, app)
	succeed(t, app, "-o", "other/net")
	after := snapshot(t, app)
	want := string(before["go.mod"]) + "\nreplace golang.org/x/net => ./other/net\n"
	if got := string(after["go.mod"]); got != want {
		t.Errorf("go.mod is:\n%s\nwant:\n%s", got, want)
	}
	if string(after["go.sum"]) != string(before["go.sum"]) {
		t.Error("go.sum changed")
	}
}

func TestLicensesStandBesideTheFilesThatTheyAreFor(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	for name, want := range map[string]string{
		"LICENSE":              "upstream's license\n",
		"PATENTS":              "upstream's patents\n",
		"http2/LICENSE.h2fork": "the fork's license\n",
	} {
		got, err := os.ReadFile(filepath.Join(app, defaultOutput, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

func TestRunningItAgainChangesNothing(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	before := snapshot(t, app)
	output := succeed(t, app)
	if !strings.Contains(output, "is up to date") {
		t.Errorf("it said:\n%s", output)
	}
	if changed := snapshot(t, app).Difference(before.Hashes()); changed != nil {
		t.Errorf("changed: %q", changed)
	}
}

func TestNothingIsLeftBesideTheTree(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	entries, err := os.ReadDir(filepath.Join(app, "third_party", "golang.org", "x"))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the tree: %v, %v", entries, err)
	}
}

func TestAModuleThatDoesNotUseHTTP2IsToldSo(t *testing.T) {
	app := newApp(t, tree{
		"main.go":            []byte("package main\n\nimport _ \"golang.org/x/net/http/httpguts\"\n\nfunc main() {}\n"),
		"internal/a_test.go": []byte("package internal\n"),
	})
	if output := succeed(t, app); !strings.Contains(output, "Nothing in its build imports these packages") {
		t.Errorf("it said:\n%s", output)
	}
}

func TestEachStepIsALineOfTheOutput(t *testing.T) {
	const building = "Reading golang.org/x/net v0.1.0 … S s\nBuilding golang.org/x/net with this project's HTTP/2 … S s\nBuilding app.example … S s\n"
	seconds := regexp.MustCompile(`[0-9.]+ s\n`)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, building + "Vetting 2 of its packages … S s\n"},
		{[]string{"-fast"}, building},
	} {
		output := succeed(t, newApp(t, nil), tt.args...)
		steps, rest, _ := strings.Cut(output, "app.example now")
		if got := seconds.ReplaceAllString(steps, "S s\n"); got != tt.want {
			t.Errorf("%v: got:\n%s\nwant:\n%s", tt.args, got, tt.want)
		}
		if vetted := strings.Contains(rest, "Built and vetted."); vetted != (tt.args == nil) {
			t.Errorf("%v: it said:\n%s", tt.args, rest)
		}
	}
}

func TestTheFirstBuildAfterwardsCompilesNothing(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	if compiled := goCommand(t, app, "build", "-v", "./..."); compiled != "" {
		t.Errorf("it compiled:\n%s", compiled)
	}
}

func TestVetFindingsThatTheModuleHasAnywayDoNotMatter(t *testing.T) {
	app := newApp(t, tree{"vet.go": []byte("package main\n\nimport \"fmt\"\n\nfunc init() { fmt.Printf(\"%d\", \"\") }\n")})
	if output := succeed(t, app); !strings.Contains(output, "go vet fails with and without it") {
		t.Errorf("it said:\n%s", output)
	}
}

func TestATreeThatWasDeletedIsMadeAnew(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	before := snapshot(t, app)
	if err := os.RemoveAll(filepath.Join(app, "third_party")); err != nil {
		t.Fatal(err)
	}
	succeed(t, app)
	delete(before, filepath.Join(app, "third_party")+"/")
	if changed := snapshot(t, app).Difference(before.Hashes()); len(changed) != 1 {
		t.Errorf("changed: %q", changed)
	}
}

func TestANewerUpstreamIsMergedOverAnOlderTree(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app)
	goCommand(t, app, "mod", "edit", "-require=golang.org/x/net@v0.2.0")
	output := succeed(t, app)
	if !strings.Contains(output, "golang.org/x/net v0.2.0") {
		t.Errorf("it said:\n%s", output)
	}
	if !toolkit.Exists(filepath.Join(app, defaultOutput, "html", "html.go")) {
		t.Error("v0.2.0's files aren't there")
	}
	if got := goCommand(t, app, "run", "."); got != "fork!!!" {
		t.Errorf("http2 is %q", got)
	}
}

func TestATreeElsewhereIsFoundThroughItsDirective(t *testing.T) {
	app := newApp(t, nil)
	succeed(t, app, "-o", "net")
	for _, args := range [][]string{{}, {"-check"}, {"-undo"}} {
		succeed(t, app, args...)
	}
	if toolkit.Exists(filepath.Join(app, "net")) {
		t.Error("the tree is still there")
	}
}
