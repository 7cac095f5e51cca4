package toolkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ManifestName is a file at the root of each folder that a command makes.
const ManifestName = "h2fork.json"

// A Manifest tells a folder that a command made from any other, and what has been done to it since. Commands embed it
// in what else they have to remember.
type Manifest struct {
	About string            `json:"about"`
	Files map[string]string `json:"files"` // SHA-256 by path; all files but this one
}

func (m Manifest) files() map[string]string { return m.Files }

// EncodeManifest returns the file of a manifest.
func EncodeManifest(m any) ([]byte, error) {
	out, err := json.MarshalIndent(m, "", "\t")
	return append(out, '\n'), err
}

// A Made folder is one that a command made earlier. M embeds a Manifest.
type Made[M interface{ files() map[string]string }] struct {
	Manifest M
	Files    Tree // without the manifest
}

// ReadMade returns nil if there is nothing at dir. It fails if what is there isn't ours.
func ReadMade[M interface{ files() map[string]string }](dir string) (*Made[M], error) {
	name := filepath.Join(dir, ManifestName)
	encoded, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !Exists(dir) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s was not made by this program: it has no %s.\nMove it away, or choose another folder", dir, ManifestName)
	}
	var made Made[M]
	if err := json.Unmarshal(encoded, &made.Manifest); err != nil || made.Manifest.files() == nil {
		return nil, fmt.Errorf("%s is damaged: restore it, or move %s away", name, dir)
	}
	if made.Files, err = ReadTree(dir); err != nil {
		return nil, err
	}
	delete(made.Files, ManifestName)
	return &made, nil
}

// Changes lists what was done to the folder since it was made.
func (m *Made[M]) Changes() []string { return m.Files.Difference(m.Manifest.files()) }

// RefuseChanged fails for a folder with changes, which would be lost.
func (m *Made[M]) RefuseChanged(dir string) error {
	changes := m.Changes()
	if len(changes) == 0 {
		return nil
	}
	return fmt.Errorf("%s was changed since it was made:\n%s\nRestore it, or move the folder away", dir, IndentLines(changes))
}

// Stale returns the reasons why dir, which has m, is not what a command would make now: it was changed, it was made for
// something else, as madeFor says if it is not nil, or its files are not those in want, which are from source.
func (m *Made[M]) Stale(dir, source string, want Tree, madeFor error) []error {
	var reasons []error
	changes := m.Changes()
	if len(changes) > 0 {
		reasons = append(reasons, fmt.Errorf("%s was changed since it was made:\n%s", dir, IndentLines(changes)))
	}
	if madeFor != nil {
		return append(reasons, madeFor)
	}
	if len(changes) > 0 {
		return reasons // of course its files differ
	}
	if lines := m.Files.Difference(want.Hashes()); len(lines) > 0 {
		reasons = append(reasons, fmt.Errorf("%s is made from another version of %s:\n%s", dir, source, IndentLines(lines)))
	}
	return reasons
}
