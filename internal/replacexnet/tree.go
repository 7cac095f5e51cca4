package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A tree is the files of a folder: their contents by their slash-separated paths in it.
type tree map[string][]byte

func readTree(dir string) (tree, error) {
	files := make(tree)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder", name)
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(relative)], err = os.ReadFile(name)
		return err
	})
	return files, err
}

func (t tree) write(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, t[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

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
// of those that were replaced. Commands are left out: nobody's module imports them, and they need modules that the
// user's may never have downloaded.
func (t tree) suspects(overlay tree) []string {
	folders := make(map[string]bool)
	for name := range overlay {
		if isSource(name) {
			folders[path.Dir(name)] = true
		}
	}
	for name, content := range t {
		if folders[path.Dir(name)] || !isSource(name) || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		imports, err := importsOf(name, content)
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

// difference tells how the files on disk differ from those in want, one line a file.
func (t tree) difference(want map[string]string) []string {
	var lines []string
	for name, content := range t {
		switch hash, ok := want[name]; {
		case !ok:
			lines = append(lines, name+" is not of the tree")
		case hash != hashOf(content):
			lines = append(lines, name+" differs")
		}
	}
	for name := range want {
		if _, ok := t[name]; !ok {
			lines = append(lines, name+" is missing")
		}
	}
	slices.Sort(lines)
	return lines
}

// removeEmptyParents removes the folders above dir that are empty, up to root, which stays.
func removeEmptyParents(dir, root string) {
	for dir = filepath.Dir(dir); dir != root && strings.HasPrefix(dir, root+string(filepath.Separator)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
