package conformance

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testTopics begin the names of test files that are about no single source file, in any package.
var testTopics = []string{
	"alloc", "attack", "backpressure", "bench", "compression", "example", "faults", "fuzz", "helpers", "interop",
	"invariants", "malformed", "pair", "patches", "reference", "refuse", "rfc7541", "upstream",
}

// What x.go or a file x_y.go does is tested in x_test.go, or in x_topic_test.go.
func TestTestFilesAreNamedAfterWhatTheyTest(t *testing.T) {
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".git") || d.Name() == "interop" || d.Name() == "conformance" || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		first, _, _ := strings.Cut(d.Name(), "_")
		if !slices.Contains(testTopics, first) && !hasSource(filepath.Dir(path), first) {
			t.Errorf("%s: there is no %s.go or %[2]s_*.go, and %[2]s is no topic", path, first)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hasSource reports whether a file that is no test has the name, or a name that begins with it.
func hasSource(folder, first string) bool {
	for _, pattern := range []string{first + ".go", first + "_*.go"} {
		found, _ := filepath.Glob(filepath.Join(folder, pattern))
		for _, name := range found {
			if !strings.HasSuffix(name, "_test.go") {
				return true
			}
		}
	}
	return false
}
