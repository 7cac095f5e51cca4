package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFolders is how deep folders may be nested: distributions link some of a Go installation's to elsewhere, and a link to
// a folder above would have no end.
const maxFolders = 30

// copyFolder copies a Go installation. What links point to is copied too: a link that led back would have us change the
// original.
func copyFolder(ctx context.Context, to, from string) error { return copyEntries(ctx, to, from, 0) }

func copyEntries(ctx context.Context, to, from string, depth int) error {
	if depth > maxFolders {
		return fmt.Errorf("%s: too many folders in folders", from)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		source, target := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		info, err := os.Stat(source)
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git":
		case info.IsDir():
			err = copyEntries(ctx, target, source, depth+1)
		case info.Mode().IsRegular():
			err = copyFile(target, source, info.Mode().Perm()|0o200)
		default:
			err = fmt.Errorf("%s is neither a file nor a folder", source)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}
