package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// manifestName is a file at the root of each tree that we make.
const manifestName = "h2fork.json"

// A manifest tells a tree that we made from any other folder, and what has been done to it since.
type manifest struct {
	About string `json:"about"`
	XNet  string `json:"golang.org/x/net"` // the version

	// GoModBefore is the user's go.mod without the directive; GoModAfter is the SHA-256 of what we made of it. As
	// long as nobody has changed the file since, it can be put back as it was, to the byte.
	GoModBefore string `json:"goModBefore"`
	GoModAfter  string `json:"goModAfter"`

	Files map[string]string `json:"files"` // SHA-256 by path; all files but this one
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func (t tree) hashes() map[string]string {
	hashes := make(map[string]string, len(t))
	for name, content := range t {
		hashes[name] = hashOf(content)
	}
	return hashes
}

func (m *manifest) encode() ([]byte, error) {
	out, err := json.MarshalIndent(m, "", "\t")
	return append(out, '\n'), err
}

// An installed tree is one that we made earlier.
type installed struct {
	manifest manifest
	files    tree // without the manifest
}

// readInstalled returns nil if there is nothing at dir. It fails if what is there isn't ours.
func readInstalled(dir string) (*installed, error) {
	encoded, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) && !exists(dir) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s was not made by this program: it has no %s.\nMove it away, or choose another folder with -o", dir, manifestName)
	}
	var i installed
	if err := json.Unmarshal(encoded, &i.manifest); err != nil || i.manifest.Files == nil {
		return nil, fmt.Errorf("%s is damaged: restore it, or move %s away", filepath.Join(dir, manifestName), dir)
	}
	if i.files, err = readTree(dir); err != nil {
		return nil, err
	}
	delete(i.files, manifestName)
	return &i, nil
}

// changes lists what was done to the tree since it was made.
func (i *installed) changes() []string { return i.files.difference(i.manifest.Files) }

// refuseChanged fails for a tree with changes, which would be lost.
func (i *installed) refuseChanged(dir string) error {
	changes := i.changes()
	if len(changes) == 0 {
		return nil
	}
	return fmt.Errorf("%s was changed since it was made:\n%s\nRestore it, or move the folder away", dir, indentLines(changes))
}
