package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// A fork is this project's source, and how it is written in x/net's tree.
type fork struct{ *toolkit.Fork }

// thisCommand is this program's place in its module.
const thisCommand = "/internal/replacexnet"

// private is where x/net's tree gets the packages that ours are made of, which upstream's aren't. Its name shows in
// stack traces and profiles whose code it is.
const private = "http2/internal/h2fork"

// place returns the folder of x/net's tree for a package of the fork, or false for one that has none.
func (f *fork) place(importPath string) (string, bool) {
	name, ok := strings.CutPrefix(importPath, f.Path+"/")
	if !ok {
		return "", false
	}
	switch name {
	case "http2":
		return "http2", true
	case "hpack", "h2c":
		return "http2/" + name, true
	}
	if name, ok := strings.CutPrefix(name, "internal/"); ok {
		return private + "/" + name, true
	}
	return "", false
}

// overlay returns the files that the fork puts into x/net's tree: those of the public packages and of all that they
// import, with other import paths, and the license.
func (f *fork) overlay() (tree, error) {
	files := make(tree)
	pending := []string{f.Path + "/http2", f.Path + "/hpack", f.Path + "/h2c"}
	seen := make(map[string]bool)
	for len(pending) > 0 {
		importPath := pending[0]
		pending = pending[1:]
		if seen[importPath] {
			continue
		}
		seen[importPath] = true
		imports, err := f.addPackage(files, importPath)
		if err != nil {
			return nil, err
		}
		pending = append(pending, imports...)
	}
	license, err := os.ReadFile(filepath.Join(f.Dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	files["http2/LICENSE.h2fork"] = license
	return files, nil
}

// addPackage adds the files of one package, whatever system or Go release they are for, and returns the packages of
// the fork that they import.
func (f *fork) addPackage(files tree, importPath string) (imports []string, err error) {
	place, ok := f.place(importPath)
	if !ok {
		return nil, fmt.Errorf("%s: don't know its place in %s", importPath, xnet)
	}
	dir := filepath.Join(f.Dir, filepath.FromSlash(strings.TrimPrefix(importPath, f.Path+"/")))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !toolkit.IsSource(entry.Name()) {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := toolkit.ImportsOf(name, source)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if strings.HasPrefix(p, f.Path+"/") {
				imports = append(imports, p)
			}
		}
		if files[path.Join(place, entry.Name())], err = f.rewrite(name, source); err != nil {
			return nil, err
		}
	}
	return imports, nil
}
