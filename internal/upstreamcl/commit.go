package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A commit is what a change makes of a checkout.
type commit struct {
	files   map[string][]byte // by path in the checkout, with slashes
	message string
}

func makeCommit(ctx context.Context, o options, stdout io.Writer) error {
	c := o.changes[0]
	t, err := openCheckout(ctx, o.dir)
	if err != nil {
		return err
	}
	if err := t.refusesCommit(c); err != nil {
		return err
	}
	made, err := t.commit(c, o.issue)
	if err != nil {
		return err
	}
	if o.check {
		fmt.Fprintf(stdout, "The change %s applies to %s. It would change\n%s", c.name, t.root, list(made.names()))
		return nil
	}
	if !t.isXNet() && o.issue == 0 {
		return errors.New("give the number of an issue with -issue: a release note of Go's is named after one (golang/go#56317 is frozen)")
	}
	if err := made.write(ctx, t.root); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Committed the change %s in %s:\n%s", c.name, t.root, list(made.names()))
	t.tellTests(stdout, c)
	fmt.Fprintf(stdout, "To undo it: git -C %s reset --keep HEAD~1\n", t.root)
	return nil
}

// openCheckout finds the root of the checkout that dir is in, and refuses one with changes of its own.
func openCheckout(ctx context.Context, dir string) (*tree, error) {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%s is not in a git checkout of golang.org/x/net or of Go: %w", dir, err)
	}
	t, err := identify(filepath.FromSlash(strings.TrimSpace(top)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	status, err := git(ctx, t.root, "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if status != "" {
		return nil, fmt.Errorf("%s has changes that are not committed:\n%sCommit them, or stash them away", t.root, status)
	}
	return t, nil
}

// commit makes the change in memory.
func (t *tree) commit(c *change, issue int) (*commit, error) {
	code, err := t.source(c.where)
	if err != nil {
		return nil, err
	}
	tests, err := t.tests(c.where)
	if err != nil {
		return nil, err
	}
	w := t.words(c, issue)
	changed, err := code.splice([]*change{c})
	if err != nil {
		return nil, err
	}
	tested, err := tests.appendTests(c, w)
	if err != nil {
		return nil, err
	}
	made := &commit{
		files:   map[string][]byte{code.path: changed, tests.path: tested},
		message: c.text("message.txt", w) + "\n",
	}
	if !t.isXNet() {
		name, note, err := t.releaseNote(c, w)
		if err != nil {
			return nil, err
		}
		made.files[name] = note
	}
	return made, nil
}

// releaseNote returns the file of Go's release notes for an issue with what the change has to say in it.
func (t *tree) releaseNote(c *change, w words) (name string, note []byte, err error) {
	number := "NNNNN"
	if w.issue != 0 {
		number = fmt.Sprint(w.issue)
	}
	name = "doc/next/6-stdlib/99-minor/net/http/" + number + ".md"
	if c.where == inHTTPUtil {
		name = "doc/next/6-stdlib/99-minor/net/http/httputil/" + number + ".md"
	}
	before, err := os.ReadFile(filepath.Join(t.root, filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, err
	}
	if len(before) > 0 { // of another change for the same issue
		before = append(bytes.TrimRight(before, "\n"), "\n\n"...)
	}
	return name, append(before, c.text("release.txt", w)+"\n"...), nil
}

func (m *commit) names() []string { return slices.Sorted(maps.Keys(m.files)) }

// write writes the files and commits them. If that fails, they are as they were.
func (m *commit) write(ctx context.Context, root string) (err error) {
	for _, who := range []string{"GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"} {
		if _, err := git(ctx, root, "var", who); err != nil {
			return fmt.Errorf("git does not know whose commit this is: %w", err)
		}
	}
	before, err := readFiles(root, m.names())
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// ctx may be what has ended.
			undone := writeFiles(root, before)
			_, unstaged := git(context.WithoutCancel(ctx), root, append([]string{"reset", "-q", "--"}, m.names()...)...)
			err = errors.Join(err, undone, unstaged)
		}
	}()
	if err := writeFiles(root, m.files); err != nil {
		return err
	}
	if _, err := git(ctx, root, append([]string{"add", "--"}, m.names()...)...); err != nil {
		return err
	}
	_, err = gitInput(ctx, root, m.message, "commit", "-q", "-F", "-")
	return err
}

// tellTests says how to run what was added.
func (t *tree) tellTests(stdout io.Writer, c *change) {
	folder, pkg := t.folder(c.where)
	pattern := strings.Join(slices.Concat(c.tests, c.guards), "|")
	if t.isXNet() {
		fmt.Fprintf(stdout, "Its tests:\n\tgo test -C %s ./%s -run '%s'\n", t.root, folder, pattern)
		fmt.Fprintln(stdout, "With Go 1.27 and later, where this package calls net/http's, add -tags http2legacy.")
	} else {
		fmt.Fprintf(stdout, "Its tests, with the go command that is built from this checkout:\n\tgo test %s -run '%s'\n", pkg, pattern)
	}
}

func list(names []string) string {
	var out strings.Builder
	for _, n := range names {
		out.WriteString("\t" + n + "\n")
	}
	return out.String()
}
