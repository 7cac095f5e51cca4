package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// thisPackage is where the proxies' modules are.
const thisPackage = "h2fork.example/net/internal/interop/proxies"

// asItIs is a proxy as it is published.
const asItIs = "as it is"

// A program is a proxy that has been built in one way.
type program struct {
	proxy
	version string // of the proxy
	with    string // asItIs, or the tool that put this project's HTTP/2 there
	path    string
}

// fetch makes a module that builds the proxy, and returns its folder and the proxy's version.
func (p proxy) fetch(ctx context.Context, dir string) (module, version string, err error) {
	if module, err = p.copyModule(ctx, dir); err != nil {
		return "", "", err
	}
	out, err := toolkit.Go(ctx, module, "list", "-m", "-f", "{{.Version}}", p.module)
	return module, strings.TrimSpace(string(out)), err
}

func (p program) String() string { return fmt.Sprintf("%s %s, %s", p.title, p.version, p.with) }

// copyModule makes a copy of the module that builds the proxy: the tools may write to it.
func (p proxy) copyModule(ctx context.Context, dir string) (string, error) {
	here, err := toolkit.Go(ctx, ".", "list", "-f", "{{.Dir}}", thisPackage)
	if err != nil {
		return "", err
	}
	module := filepath.Join(dir, p.name)
	if err := os.CopyFS(module, os.DirFS(filepath.Join(strings.TrimSpace(string(here)), p.name))); err != nil {
		return "", err
	}
	if p.prepare != nil {
		err = p.prepare(ctx, module)
	}
	return module, err
}

// make builds the program in module.
func (p program) make(ctx context.Context, module string) error {
	args := []string{"build", "-o", p.path}
	switch p.with {
	case "replacestd":
		overlay := p.path + "-overlay"
		if err := useTool(ctx, p.with, "-C", module, "-out", overlay); err != nil {
			return err
		}
		args = append(args, "-overlay", filepath.Join(overlay, "overlay.json"))
	case "replacexnet":
		if err := useTool(ctx, p.with, "-C", module, "-fast"); err != nil {
			return err
		}
	}
	_, err := toolkit.Go(ctx, module, append(args, p.main)...)
	return err
}

func useTool(ctx context.Context, name string, args ...string) error {
	_, err := toolkit.Go(ctx, ".", append([]string{"run", "h2fork.example/net/internal/" + name}, args...)...)
	return err
}
