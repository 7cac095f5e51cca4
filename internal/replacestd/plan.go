package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"h2fork.example/net/internal/toolkit"
)

// thisCommand is this program's place in its module.
const thisCommand = "/internal/replacestd"

// overlayName is the file that go build -overlay is to be given.
const overlayName = "overlay.json"

// overlayMod keeps the folder out of the ./... of a module that it is in.
const overlayMod = "// Files for go build -overlay: no module's packages.\nmodule overlay\n"

// licenseName is this project's license, beside its files.
const licenseName = "LICENSE.h2fork"

// A manifest is what a folder that we made says about itself.
type manifest struct {
	toolkit.Manifest
	Go     string `json:"go"`     // the version
	GOROOT string `json:"goroot"` // where it was
}

type made = toolkit.Made[manifest]

// A job is what all three actions begin with: where the folder is, and what is there.
type job struct {
	target string // absolute
	kind   kind
	made   *made
}

// A kind is an overlay or a copy of GOROOT.
type kind struct {
	what   string
	folder func(target string) string // of the files that we made, and of the manifest
}

var (
	overlay = kind{"overlay", func(target string) string { return target }}
	copied  = kind{"copy of GOROOT", netHTTPFolder}
)

func newJob(o options) (*job, error) {
	j := &job{kind: overlay, target: absolute(o.out)}
	if o.goroot != "" {
		j.kind, j.target = copied, absolute(o.goroot)
	}
	if toolkit.Exists(j.target) && !toolkit.Exists(filepath.Join(j.folder(), toolkit.ManifestName)) {
		return nil, fmt.Errorf("%s is there, and is no %s that this program has made.\nMove it away, or choose another folder", j.target, j.kind.what)
	}
	var err error
	j.made, err = toolkit.ReadMade[manifest](j.folder())
	return j, err
}

func (j *job) folder() string { return j.kind.folder(j.target) }

// A plan is what the folder should be now.
type plan struct {
	golang *golang
	fork   *toolkit.Fork
	ours   toolkit.Tree // files of net/http's folder
	files  toolkit.Tree // all that is in the folder
}

func (j *job) plan(ctx context.Context, o options, steps toolkit.Steps) (*plan, error) {
	g, err := findGo(ctx, o.dir)
	if err != nil {
		return nil, err
	}
	if err := j.refusePlace(g); err != nil {
		return nil, err
	}
	f, err := toolkit.FindFork(ctx, o.fork, o.dir, thisCommand)
	if err != nil {
		return nil, err
	}
	p := &plan{golang: g, fork: f}
	err = steps.Do(fmt.Sprintf("Making package net/http of %s and %s", f.Path, g.version), func() error {
		p.ours, err = merge(ctx, f, g, o.tests)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.files, err = j.layout(p)
	return p, err
}

// refusePlace fails for a folder that would get in the way where it is.
func (j *job) refusePlace(g *golang) error {
	if inside(real(g.goroot), real(j.target)) {
		return fmt.Errorf("%s is inside the Go installation: choose another folder", j.target)
	}
	if j.kind.what == overlay.what {
		return g.takesOverlays()
	}
	for dir := filepath.Dir(j.target); ; dir = filepath.Dir(dir) {
		if toolkit.Exists(filepath.Join(dir, "go.mod")) {
			return fmt.Errorf("%s is inside the module in %s, whose ./... would take it for packages: choose another folder", j.target, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// real is a name without links, as far as there is something of that name.
func real(name string) string {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		return resolved
	}
	if dir := filepath.Dir(name); dir != name {
		return filepath.Join(real(dir), filepath.Base(name))
	}
	return name
}

// merge returns the files that net/http gets: changed ones of its own, ours, and what connects them.
func merge(ctx context.Context, f *toolkit.Fork, g *golang, tests bool) (toolkit.Tree, error) {
	n, err := readNetHTTP(g, tests)
	if err != nil {
		return nil, err
	}
	if err := n.hook(); err != nil {
		return nil, err
	}
	if tests {
		if err := n.hookTests(); err != nil {
			return nil, err
		}
	}
	files, err := n.edited()
	if err != nil {
		return nil, err
	}
	flat, err := flatten(ctx, f, g.release)
	if err != nil {
		return nil, err
	}
	connecting, err := glueFiles(tests)
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(filepath.Join(f.Dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	flat[licenseName] = license
	for _, more := range []toolkit.Tree{flat, connecting} {
		for name := range more {
			if toolkit.Exists(filepath.Join(netHTTPFolder(g.goroot), name)) {
				return nil, fmt.Errorf("net/http of %s has a file %s of its own: this program has made it, or a newer one", g.version, name)
			}
		}
		maps.Copy(files, more)
	}
	return files, nil
}

// layout is what is in the folder, the manifest aside.
func (j *job) layout(p *plan) (toolkit.Tree, error) {
	if j.kind.what == overlay.what {
		files := maps.Clone(p.ours)
		files["go.mod"] = []byte(overlayMod)
		var err error
		files[overlayName], err = p.overlay(j.target)
		return files, err
	}
	files, err := toolkit.ReadTree(netHTTPFolder(p.golang.goroot))
	if err != nil {
		return nil, err
	}
	maps.Copy(files, p.ours)
	return files, nil
}

// overlay is the file that tells the go command what is where.
func (p *plan) overlay(dir string) ([]byte, error) {
	replace := make(map[string]string)
	for name := range p.ours {
		if filepath.Ext(name) == ".go" {
			replace[filepath.Join(netHTTPFolder(p.golang.goroot), name)] = filepath.Join(dir, name)
		}
	}
	out, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	return append(out, '\n'), err
}

func (p *plan) manifest() ([]byte, error) {
	return toolkit.EncodeManifest(manifest{
		Manifest: toolkit.Manifest{
			About: fmt.Sprintf("Made by %s%s: net/http of %s with HTTP/2 from %s. Not to be edited: run it again, or with -undo.",
				p.fork.Path, thisCommand, p.golang.version, p.fork.Path),
			Files: p.files.Hashes(),
		},
		Go:     p.golang.version,
		GOROOT: p.golang.goroot,
	})
}
