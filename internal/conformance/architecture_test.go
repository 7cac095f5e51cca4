package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	inBackquotes = regexp.MustCompile("`([^`\\s]+)`")
	aTest        = regexp.MustCompile(`^(?:Test|Fuzz)\w+$`)
	aFile        = regexp.MustCompile(`^(?:(?:http2|h2c|hpack|internal|\.github|\.ci)/.*|\w\w+\.go)$`)
)

// A document that leads to files and tests leads to some that exist.
func TestArchitectureNamesWhatThereIs(t *testing.T) {
	const root = "../.."
	tests := make(map[string]bool)
	for _, p := range findTests(t, root) {
		for name := range p.tests {
			tests[name] = true
		}
	}
	for _, document := range []string{"internal/ARCHITECTURE.md", ".github/CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inBackquotes.FindAllStringSubmatch(string(text), -1) {
			name := m[1]
			if aTest.MatchString(name) && !tests[name] || aFile.MatchString(name) && !isThere(root, name) {
				t.Errorf("%s: there is no %s", document, name)
			}
		}
	}
}

// isThere reports whether a pattern is that of a file or folder of this module. One without a folder may be in any.
func isThere(root, pattern string) bool {
	for _, folder := range []string{"", "http2", "internal/*", "internal/interop/*"} {
		if found, err := filepath.Glob(filepath.Join(root, folder, pattern)); err == nil && len(found) > 0 {
			return true
		}
		if strings.Contains(pattern, "/") {
			break
		}
	}
	return false
}
