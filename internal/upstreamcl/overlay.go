package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

const (
	overlayName = "overlay.json"
	// linkName is a link to GOROOT where the go command refuses to replace GOROOT's own files.
	linkName = "goroot"
	aboutUs  = "Made by upstreamcl of h2fork.example/net, for go build -overlay. Run it again rather than edit."
)

// A manifest is overlay.json. The go command reads Replace, and leaves the rest alone.
type manifest struct {
	About   string
	Go      string            // the release that the files are of
	Changes []string          // their names
	Files   map[string]string // SHA-256 by name in the folder
	Replace map[string]string // absolute paths: upstream's to ours
}

// A overlay is what belongs into a folder.
type overlay struct {
	dir      string // absolute
	env      goEnv
	link     bool              // whether GOROOT is reached through linkName
	files    map[string][]byte // by name in dir; overlay.json, too
	left     []string          // the changes that this release cannot have, with the reason
	manifest manifest
}

func makeOverlay(ctx context.Context, o options, stdout io.Writer) error {
	v, err := newOverlay(ctx, o)
	if err != nil {
		return err
	}
	there, err := readManifest(v.dir)
	if err != nil {
		return err
	}
	if there != nil {
		if there.Go != v.env.GOVERSION {
			return fmt.Errorf("%s is for %s, and this is %s: remove it, or choose another folder", v.dir, there.Go, v.env.GOVERSION)
		}
		if err := there.unchanged(v.dir); err != nil {
			return err
		}
	}
	current := there != nil && v.isCurrent()
	switch {
	case current:
		fmt.Fprintf(stdout, "%s is up to date: %s with %s.\n", v.dir, v.env.GOVERSION, strings.Join(v.manifest.Changes, ", "))
	case o.check && there != nil:
		return fmt.Errorf("%s is not what this would make now", v.dir)
	case o.check:
		fmt.Fprintf(stdout, "%s applies to %s. It would change\n%s", strings.Join(v.manifest.Changes, ", "), v.env.GOVERSION, list(v.replaced()))
		return nil
	default:
		if err := v.write(there); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s has %s with %s:\n%s", v.dir, v.env.GOVERSION, strings.Join(v.manifest.Changes, ", "), list(v.replaced()))
	}
	v.tell(stdout)
	return nil
}

func newOverlay(ctx context.Context, o options) (*overlay, error) {
	env, err := readGoEnv(ctx, o.dir)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.overlay)
	if err != nil {
		return nil, err
	}
	t, err := identify(env.GOROOT)
	if err != nil || t.isXNet() {
		return nil, fmt.Errorf("GOROOT is %s, which is not Go's source", env.GOROOT)
	}
	v := &overlay{dir: dir, env: env, files: make(map[string][]byte), manifest: manifest{
		About: aboutUs, Go: env.GOVERSION, Files: make(map[string]string), Replace: make(map[string]string),
	}}
	chosen, err := v.choose(t, o.changes)
	if err != nil {
		return nil, err
	}
	v.link = isBelow(env.GOROOT, env.GOMODCACHE)
	for _, where := range []place{inHTTP2, inHTTPUtil} {
		if err := v.add(t, where, chosen); err != nil {
			return nil, err
		}
	}
	encoded, err := json.MarshalIndent(v.manifest, "", "\t")
	if err != nil {
		return nil, err
	}
	v.files[overlayName] = append(encoded, '\n')
	return v, nil
}

// choose returns the changes that were asked for, or those of all that the release can have.
func (v *overlay) choose(t *tree, asked []*change) ([]*change, error) {
	var chosen []*change
	for _, c := range changes {
		reason := t.refuses(c)
		switch {
		case asked == nil && reason != nil && t.minor >= firstMinor:
			v.left = append(v.left, reason.Error())
		case asked != nil && !slices.Contains(asked, c):
		case reason != nil:
			return nil, reason
		default:
			chosen = append(chosen, c)
			v.manifest.Changes = append(v.manifest.Changes, c.name)
		}
	}
	return chosen, nil
}

// add makes the changed file of one package, if there is one.
func (v *overlay) add(t *tree, where place, chosen []*change) error {
	here := slices.Clone(chosen)
	here = slices.DeleteFunc(here, func(c *change) bool { return c.where != where })
	if len(here) == 0 {
		return nil
	}
	s, err := t.source(where)
	if err != nil {
		return err
	}
	content, err := s.splice(here)
	if err != nil {
		return err
	}
	// A name that ends in .go would make a package of it for ./..., if the folder is a module's.
	name := strings.TrimPrefix(s.path, "src/") + ".txt"
	v.files[name] = content
	v.manifest.Files[name] = toolkit.HashOf(content)
	v.manifest.Replace[filepath.Join(v.goroot(), filepath.FromSlash(s.path))] = filepath.Join(v.dir, filepath.FromSlash(name))
	return nil
}

// goroot is GOROOT as the go command is to see it. It refuses overlays of files in the module cache, where toolchains
// are that it has downloaded; it does not look through links.
func (v *overlay) goroot() string {
	if v.link {
		return filepath.Join(v.dir, linkName)
	}
	return v.env.GOROOT
}

func (v *overlay) replaced() []string {
	return slices.Sorted(maps.Keys(v.manifest.Replace))
}

// isCurrent reports whether the folder has all this already.
func (v *overlay) isCurrent() bool {
	there, err := readFiles(v.dir, slices.Sorted(maps.Keys(v.files)))
	if err != nil || !maps.EqualFunc(there, v.files, slices.Equal[[]byte]) {
		return false
	}
	to, err := os.Readlink(filepath.Join(v.dir, linkName))
	return !v.link || err == nil && to == v.env.GOROOT
}

// write fills the folder. overlay.json comes last: without it, the folder is nothing that could be built with.
func (v *overlay) write(there *manifest) error {
	files := maps.Clone(v.files)
	delete(files, overlayName)
	if there != nil {
		for name := range there.Files {
			if _, ok := files[name]; !ok {
				files[name] = nil
			}
		}
		if err := os.Remove(filepath.Join(v.dir, overlayName)); err != nil {
			return err
		}
	}
	if err := writeFiles(v.dir, files); err != nil {
		return err
	}
	if v.link {
		link := filepath.Join(v.dir, linkName)
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(v.env.GOROOT, link); err != nil {
			return err
		}
	}
	return writeFiles(v.dir, map[string][]byte{overlayName: v.files[overlayName]})
}

// tell says how to build with the folder, and how to be rid of it.
func (v *overlay) tell(stdout io.Writer) {
	for _, reason := range v.left {
		fmt.Fprintf(stdout, "Left out: %s.\n", reason)
	}
	at := filepath.Join(v.dir, overlayName)
	if v.link {
		fmt.Fprintf(stdout, "This release is in the module cache, whose files the go command does not replace. Through a link it does:\n"+
			"\tGOROOT=%s GOTOOLCHAIN=local %s build -overlay %s ./...\n", v.goroot(), filepath.Join(v.goroot(), "bin", "go"), at)
	} else {
		fmt.Fprintf(stdout, "Build with it:\n\tgo build -overlay %s ./...\n", at)
	}
	fmt.Fprintf(stdout, "Nothing else has changed. To undo it, build without it, and remove %s.\n", v.dir)
}

// readManifest returns nil if there is nothing at dir.
func readManifest(dir string) (*manifest, error) {
	encoded, err := os.ReadFile(filepath.Join(dir, overlayName))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		if err == nil && len(entries) > 0 {
			return nil, fmt.Errorf("%s has files, and none of them is an %s of this program's: choose another folder", dir, overlayName)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(encoded, &m); err != nil || m.About != aboutUs {
		return nil, fmt.Errorf("%s was not made by this program: choose another folder", filepath.Join(dir, overlayName))
	}
	return &m, nil
}

// unchanged refuses a folder whose files were edited: the edits would be lost.
func (m *manifest) unchanged(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && toolkit.HashOf(content) != m.Files[name] {
			return fmt.Errorf("%s was changed since it was made: restore it, or remove %s", filepath.Join(dir, name), dir)
		}
	}
	return nil
}

func isBelow(name, dir string) bool {
	relative, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(relative)
}
