package toolkit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Tree is the files of a folder: their contents by their slash-separated paths in it.
type Tree map[string][]byte

// ReadTree reads a folder, which may hold nothing but files and folders.
func ReadTree(dir string) (Tree, error) {
	files := make(Tree)
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

// Write writes the files below dir.
func (t Tree) Write(dir string) error {
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

// HashOf returns the SHA-256 of a file.
func HashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Hashes returns the SHA-256 of each file.
func (t Tree) Hashes() map[string]string {
	hashes := make(map[string]string, len(t))
	for name, content := range t {
		hashes[name] = HashOf(content)
	}
	return hashes
}

// Difference tells how the files on disk differ from those in want, one line a file.
func (t Tree) Difference(want map[string]string) []string {
	var lines []string
	for name, content := range t {
		switch hash, ok := want[name]; {
		case !ok:
			lines = append(lines, name+" is not of the tree")
		case hash != HashOf(content):
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

// RemoveEmptyParents removes the folders above dir that are empty, up to root, which stays.
func RemoveEmptyParents(dir, root string) {
	for dir = filepath.Dir(dir); dir != root && strings.HasPrefix(dir, root+string(filepath.Separator)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}

// RemoveTree moves a folder aside before it removes it, so that a half of it never passes for a whole one.
func RemoveTree(dir string) error {
	aside, err := os.MkdirTemp(filepath.Dir(dir), ".removed-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	return os.Rename(dir, filepath.Join(aside, "old"))
}

// Exists reports whether there is something of that name.
func Exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
