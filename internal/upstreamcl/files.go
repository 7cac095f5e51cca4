package main

import (
	"errors"
	"os"
	"path/filepath"

	"h2fork.example/net/internal/toolkit"
)

// readFiles reads files below root: nil for those that do not exist.
func readFiles(root string, names []string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		files[name] = content
	}
	return files, nil
}

// writeFiles writes files below root, and removes those that are nil, with the folders that this leaves empty.
func writeFiles(root string, files map[string][]byte) error {
	var errs []error
	for name, content := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if content == nil {
			errs = append(errs, removeFile(root, at))
			continue
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, os.WriteFile(at, content, 0o644))
	}
	return errors.Join(errs...)
}

func removeFile(root, at string) error {
	if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	toolkit.RemoveEmptyParents(at, filepath.Clean(root))
	return nil
}
