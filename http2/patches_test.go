package http2_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	patchRow   = regexp.MustCompile(`(?m)^\| (P[0-9]+) \|`)
	patchWords = regexp.MustCompile(`(?:^|[^.\w])(P[1-9][0-9]*)\b`) // not elliptic.P256
)

// TestEveryPatchIsHeldByATest wants PATCHES.md and the tests, both modules', to know the same ids.
func TestEveryPatchIsHeldByATest(t *testing.T) {
	ledger, err := os.ReadFile("../PATCHES.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	for _, row := range patchRow.FindAllStringSubmatch(string(ledger), -1) {
		if listed[row[1]] {
			t.Errorf("PATCHES.md has two rows for %s", row[1])
		}
		listed[row[1]] = true
	}
	named := patchesNamedByTests(t, "..")
	for _, id := range slices.Sorted(maps.Keys(listed)) {
		if named[id] == "" {
			t.Errorf("no test names %s", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(named)) {
		if !listed[id] {
			t.Errorf("%s names %s, which PATCHES.md does not have", named[id], id)
		}
	}
}

// patchesNamedByTests has a test file for each id that one under root names.
func patchesNamedByTests(t *testing.T, root string) map[string]string {
	named := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "third_party"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, word := range patchWords.FindAllStringSubmatch(string(source), -1) {
			named[word[1]] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}
