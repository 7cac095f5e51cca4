package main

import (
	"bytes"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

type tree = toolkit.Tree

// replaced are the folders of packages that a merged tree has from the fork.
var replaced = []string{"http2", "http2/h2c", "http2/hpack"}

// merge returns upstream's tree with the overlay's packages instead of its own. Other packages below http2 stay.
func merge(upstream, overlay tree) (tree, error) {
	merged := make(tree, len(upstream)+len(overlay))
	for name, content := range upstream {
		if !slices.Contains(replaced, packageFolder(name)) {
			merged[name] = content
		}
	}
	for name, content := range overlay {
		if _, ok := merged[name]; ok {
			return nil, fmt.Errorf("%s has a file %s of its own", xnet, name)
		}
		merged[name] = content
	}
	return merged, nil
}

// packageFolder returns the folder of the package that a file belongs to, as source, test or test data.
func packageFolder(name string) string {
	folder, _, _ := strings.Cut(path.Dir(name)+"/", "/testdata/")
	return strings.TrimSuffix(folder, "/")
}

// suspects lists the packages of a merged tree that may not build: the overlay's, and the libraries that import one
// of those that were replaced. Commands are left out: no module imports them, and they need modules that the
// user's may never have downloaded.
func suspects(t, overlay tree) []string {
	folders := make(map[string]bool)
	for name := range overlay {
		if toolkit.IsSource(name) {
			folders[path.Dir(name)] = true
		}
	}
	for name, content := range t {
		if folders[path.Dir(name)] || !toolkit.IsSource(name) || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		imports, err := toolkit.ImportsOf(name, content)
		if err == nil && slices.ContainsFunc(imports, isReplaced) && isLibraryHere(name, content) {
			folders[path.Dir(name)] = true
		}
	}
	var paths []string
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		paths = append(paths, xnet+"/"+folder)
	}
	return paths
}

// isLibraryHere reports whether a file is built on this system with this Go release, and not into a command.
func isLibraryHere(name string, content []byte) bool {
	here := build.Default
	here.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	match, err := here.MatchFile("", path.Base(name))
	if err != nil || !match {
		return false
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.PackageClauseOnly)
	return err == nil && file.Name.Name != "main"
}

// isReplaced reports whether a package is one of those that a merged tree has from the fork.
func isReplaced(importPath string) bool {
	folder, ok := strings.CutPrefix(importPath, xnet+"/")
	return ok && slices.Contains(replaced, folder)
}
