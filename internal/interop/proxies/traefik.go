package main

import (
	"context"
	"os"
	"path/filepath"

	"h2fork.example/net/internal/toolkit"
)

// A standIn is a copy of a module in which some packages are others: those in the folder traefik/instead.
type standIn struct {
	module, name string
	without      []string
}

// standIns are what Traefik is built with. Lego has clients for two hundred DNS services, and a dozen of them need modules that
// module proxies refuse. Kubernetes and ECS, which Traefik can take its configuration from, are two thirds of the time that
// it takes to compile. None of them has a part in what a request goes through.
var standIns = []standIn{
	{module: "github.com/go-acme/lego/v5", name: "lego", without: []string{"providers/dns"}},
	{module: "github.com/traefik/traefik/v3", name: "traefik", without: []string{"pkg/provider/ecs", "pkg/provider/kubernetes", "pkg/types/k8sdetector.go"}},
}

// prepareTraefik gives the module the stand-ins.
func prepareTraefik(ctx context.Context, module string) error {
	for _, s := range standIns {
		if err := s.use(ctx, module); err != nil {
			return err
		}
	}
	return nil
}

func (s standIn) use(ctx context.Context, module string) error {
	var found struct{ Dir string }
	if err := toolkit.GoJSON(ctx, module, &found, "mod", "download", "-json", s.module); err != nil {
		return err
	}
	tree := filepath.Join(module, s.name)
	if err := os.CopyFS(tree, os.DirFS(found.Dir)); err != nil {
		return err
	}
	for _, name := range s.without {
		if err := os.RemoveAll(filepath.Join(tree, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	if err := os.CopyFS(tree, os.DirFS(filepath.Join(module, "instead", s.name))); err != nil {
		return err
	}
	_, err := toolkit.Go(ctx, module, "mod", "edit", "-replace", s.module+"=./"+s.name)
	return err
}
