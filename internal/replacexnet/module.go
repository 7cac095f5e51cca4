package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// xnet is the module that we replace.
const xnet = "golang.org/x/net"

// A module is the one to change.
type module struct {
	root  string // where go.mod is
	path  string
	goMod []byte
	goSum []byte // nil if there is none

	missing []string // replace directives for folders that aren't there

	replacement string // the folder that go.mod replaces every version of x/net with, absolute; empty if none
}

// openModule finds the module of a directory. It fails for a module that a replace directive in go.mod would not
// be enough for, or not right.
func openModule(ctx context.Context, dir string) (*module, error) {
	out, err := toolkit.Go(ctx, dir, "env", "GOMOD", "GOWORK")
	if err != nil {
		return nil, err
	}
	gomod, gowork, _ := strings.Cut(string(out), "\n")
	gowork = strings.TrimSpace(gowork)
	if gomod == "" || gomod == os.DevNull {
		return nil, fmt.Errorf("%s isn't in a module: there is no go.mod", dir)
	}
	if gowork != "" && gowork != "off" {
		return nil, fmt.Errorf("%s is part of a workspace, %s, whose modules would all get this golang.org/x/net.\n"+
			"Set GOWORK=off to build and change this module alone", dir, gowork)
	}
	m := &module{root: filepath.Dir(gomod)}
	if m.goMod, err = os.ReadFile(gomod); err != nil {
		return nil, err
	}
	if m.goSum, err = os.ReadFile(filepath.Join(m.root, "go.sum")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	parsed, err := toolkit.ReadGoMod(ctx, gomod)
	if err != nil {
		return nil, err
	}
	m.path = parsed.Module.Path
	if m.path == xnet {
		return nil, fmt.Errorf("%s is golang.org/x/net itself", m.root)
	}
	for _, r := range parsed.Replace {
		if r.Old.Path != xnet {
			m.noteMissing(r.Old.Path, r.New.Path, r.New.Version)
			continue
		}
		if r.Old.Version != "" || r.New.Version != "" {
			return nil, fmt.Errorf("go.mod replaces %s already, with %s: remove that directive first",
				strings.TrimSpace(xnet+" "+r.Old.Version), strings.TrimSpace(r.New.Path+" "+r.New.Version))
		}
		m.replacement = absolute(m.root, r.New.Path)
	}
	return m, nil
}

func absolute(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// noteMissing notes a directive that replaces a module with a folder that isn't there.
func (m *module) noteMissing(path, replacement, version string) {
	if version == "" && !toolkit.Exists(filepath.Join(absolute(m.root, replacement), "go.mod")) {
		m.missing = append(m.missing, path+" => "+replacement)
	}
}

// explainMissing adds to what the go command finds fault with what may be behind it.
func (m *module) explainMissing(err error) error {
	_, failed := errors.AsType[*toolkit.GoError](err)
	_, fails := errors.AsType[*failsAnyway](err)
	if m.missing == nil || !failed && !fails {
		return err
	}
	return fmt.Errorf("go.mod replaces modules with folders that are not there:\n%s\n"+
		"%s seems to be a part of a larger repository: run this in a checkout of the whole of it.\n%w",
		toolkit.IndentLines(m.missing), m.path, err)
}

// vendored reports whether the module is built from its vendor folder.
func (m *module) vendored() bool {
	return toolkit.Exists(filepath.Join(m.root, "vendor", "modules.txt"))
}

func (m *module) refuseVendored() error {
	if !m.vendored() {
		return nil
	}
	return fmt.Errorf("%s has a vendor/modules.txt, so the go command builds from vendor, which a replace directive alone does\n"+
		"not change. Remove vendor, and run this again. If the module is to be vendored, run go mod vendor then, which copies\n"+
		"from the new tree; if vendor was left over, that is all", m.path)
}

// directive returns the path that a replace directive for the folder target has.
func (m *module) directive(target string) (string, error) {
	relative, err := filepath.Rel(m.root, target)
	if err != nil {
		return "", err
	}
	relative = filepath.ToSlash(relative)
	if !strings.HasPrefix(relative, "../") {
		relative = "./" + relative
	}
	return relative, nil
}

// withReplacement returns go.mod with x/net replaced by path, or with x/net not replaced if path is empty.
func (m *module) withReplacement(ctx context.Context, path string) ([]byte, error) {
	s, err := m.scratch(ctx, path)
	if err != nil {
		return nil, err
	}
	defer s.remove()
	return os.ReadFile(s.goMod())
}

// writeGoMod replaces go.mod as a whole.
func (m *module) writeGoMod(content []byte) error {
	if bytes.Equal(content, m.goMod) {
		return nil
	}
	path := filepath.Join(m.root, "go.mod")
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary := path + ".replacexnet"
	if err := os.WriteFile(temporary, content, info.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		os.Remove(temporary)
		return err
	}
	return nil
}

// A scratch is a copy of a module's go.mod and go.sum in a folder of its own, for go commands that are to see
// another x/net or that may change these files.
type scratch struct {
	dir    string
	module *module
}

// scratch copies m's files, with x/net replaced by path, or not replaced if path is empty.
func (m *module) scratch(ctx context.Context, path string) (*scratch, error) {
	dir, err := os.MkdirTemp("", "replacexnet-")
	if err != nil {
		return nil, err
	}
	s := &scratch{dir: dir, module: m}
	if err := s.fill(ctx, path); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *scratch) fill(ctx context.Context, path string) error {
	if err := os.WriteFile(s.goMod(), s.module.goMod, 0o644); err != nil {
		return err
	}
	if s.module.goSum != nil {
		if err := os.WriteFile(filepath.Join(s.dir, "go.sum"), s.module.goSum, 0o644); err != nil {
			return err
		}
	}
	edit := "-replace=" + xnet + "=" + path
	if path == "" {
		if s.module.replacement == "" {
			return nil
		}
		edit = "-dropreplace=" + xnet
	}
	_, err := toolkit.Go(ctx, "", "mod", "edit", edit, s.goMod())
	return err
}

func (s *scratch) goMod() string { return filepath.Join(s.dir, "go.mod") }

func (s *scratch) remove() { os.RemoveAll(s.dir) }

// run runs a go command on the module with the scratch's go.mod, in one of the go command's -mod modes.
func (s *scratch) run(ctx context.Context, mod, command string, args ...string) ([]byte, error) {
	args = append([]string{"-modfile=" + s.goMod(), "-mod=" + mod}, args...)
	return toolkit.Go(ctx, s.module.root, append(strings.Fields(command), args...)...)
}
