package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// selectedXNet returns the version of x/net in m's build list, as it is without the tree that we may have made:
// the tree's go.mod is that of an earlier version.
func (m *module) selectedXNet(ctx context.Context) (string, error) {
	s, err := m.scratch(ctx, "")
	if err != nil {
		return "", err
	}
	defer s.remove()
	out, err := s.run(ctx, "mod", "list -m", "-json", xnet)
	if failed, ok := errors.AsType[*toolkit.GoError](err); ok && strings.Contains(failed.Output, "not a known dependency") {
		return "", fmt.Errorf("%s doesn't depend on %s: there is nothing to replace", m.path, xnet)
	}
	if err != nil {
		return "", err
	}
	var selected toolkit.Module
	if err := json.Unmarshal(out, &selected); err != nil {
		return "", err
	}
	return selected.Version, nil
}

// downloadXNet returns the folder of the module cache that has a version of x/net. The version is checked against
// m's go.sum, where it is listed.
func (m *module) downloadXNet(ctx context.Context, version string) (string, error) {
	dir, err := os.MkdirTemp("", "replacexnet-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	// Not in m: a replaced module isn't downloaded.
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module download\n"), 0o644); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), m.goSum, 0o644); err != nil {
		return "", err
	}
	out, err := toolkit.GoWith(ctx, "go", dir, []string{"GOWORK=off"}, "mod", "download", "-json", xnet+"@"+version)
	var downloaded struct {
		toolkit.Module
		Error string
	}
	if json.Unmarshal(out, &downloaded) == nil && downloaded.Error != "" {
		return "", fmt.Errorf("downloading %s %s: %s", xnet, version, downloaded.Error)
	}
	if err != nil {
		return "", err
	}
	return downloaded.Dir, nil
}
