package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// releases are those whose net/http this program has been tried with. In another one every anchor might be there and
// mean something else.
var releases = []string{"1.26", "1.27"}

// A golang is a Go installation.
type golang struct {
	goroot   string
	version  string // such as go1.26.8
	release  string // such as 1.26
	modCache string
}

// findGo asks the go command which installation it uses in dir.
func findGo(ctx context.Context, dir string) (*golang, error) {
	var env struct{ GOROOT, GOVERSION, GOMODCACHE string }
	if err := toolkit.GoJSON(ctx, dir, &env, "env", "-json", "GOROOT", "GOVERSION", "GOMODCACHE"); err != nil {
		return nil, err
	}
	g := &golang{goroot: env.GOROOT, version: env.GOVERSION, modCache: env.GOMODCACHE}
	g.release = releaseOf(g.version)
	if !slices.Contains(releases, g.release) {
		return nil, fmt.Errorf("%s uses %s, and this program knows the net/http of Go %s", absolute(dir), g.version, strings.Join(releases, " and "))
	}
	return g, nil
}

var ofRelease = regexp.MustCompile(`^go(1\.[0-9]+)`)

// releaseOf is the release that a version such as go1.27.2, go1.27rc1 or go1.27 is of; empty for what is no release.
func releaseOf(version string) string {
	if m := ofRelease.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return ""
}

// takesOverlays fails for an installation whose files Go lets no overlay replace.
func (g *golang) takesOverlays() error {
	if !inside(g.modCache, g.goroot) {
		return nil
	}
	return fmt.Errorf("%s is in the module cache (%s), and Go takes no overlay for what is there.\n"+
		"Name a folder with -goroot instead of -out: that makes a copy of it. Or install %s", g.version, g.goroot, g.version)
}

func inside(folder, name string) bool {
	relative, err := filepath.Rel(folder, name)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// netHTTPFolder is where an installation has package net/http.
func netHTTPFolder(goroot string) string { return filepath.Join(goroot, "src", "net", "http") }
