package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A build is a way to build this program: as it is, or with changes in an overlay.
type build struct {
	with    string
	changes string // what -cl gets: "" for an overlay with all that the release can have
	overlay bool
	engine  bool // this project's HTTP/2, from replacestd
	// holds tells that the header waits, so that no call may break.
	holds bool
}

var (
	asItIs     = build{with: "as it is"}
	allChanges = build{with: "all changes", overlay: true, holds: true}
	// builds are what the command compares. Each of the three changes is also there by itself.
	builds = []build{
		asItIs,
		{with: "reverseproxy", changes: "reverseproxy", overlay: true},
		{with: "status", changes: "status", overlay: true},
		{with: "trailersonly", changes: "trailersonly", overlay: true, holds: true},
		allChanges,
		{with: "replacestd", engine: true, holds: true},
	}
)

// A program is what a build has made.
type program struct {
	build
	release string // of Go
	path    string
}

// A toolchain is a Go release to build with.
type toolchain struct {
	env     []string
	version string
}

// findToolchain returns a release that GOTOOLCHAIN knows: the one in use, if it has no name.
func findToolchain(ctx context.Context, name string) (toolchain, error) {
	t := toolchain{env: os.Environ()}
	if name != "" {
		t.env = append(t.env, "GOTOOLCHAIN="+name)
	}
	version, err := output(ctx, t.env, "go", "env", "GOVERSION")
	t.version = strings.TrimSpace(version)
	return t, err
}

// fits reports whether a release can have a build's changes. Go 1.26's client does not tell ReverseProxy that a
// response has no body.
func (t toolchain) fits(b build) bool {
	return b.changes != "reverseproxy" || !strings.HasPrefix(t.version, "go1.26")
}

func (b build) make(ctx context.Context, dir string, t toolchain) (program, error) {
	p := program{b, t.version, filepath.Join(dir, t.version+" "+b.with)}
	command, env, args := "go", t.env, []string{"build", "-trimpath", "-o", p.path}
	switch {
	case b.engine: // in a copy of the release: one that was downloaded takes no overlay
		goroot := p.path + " goroot"
		if _, err := output(ctx, t.env, "go", "run", "h2fork.example/net/internal/replacestd", "-goroot", goroot); err != nil {
			return p, err
		}
		command = filepath.Join(goroot, "bin", "go")
		env = append(env, "GOROOT=", "GOTOOLCHAIN=local")
	case b.overlay:
		overlay := p.path + " overlay"
		tool := []string{"run", "h2fork.example/net/internal/upstreamcl", "-overlay", overlay, "-cl", b.changes}
		if _, err := output(ctx, t.env, "go", tool...); err != nil {
			return p, err
		}
		args = append(args, "-overlay", filepath.Join(overlay, "overlay.json"))
		// The overlay of a toolchain that the go command has downloaded is for one behind a link.
		if goroot := filepath.Join(overlay, "goroot"); exists(goroot) {
			command = filepath.Join(goroot, "bin", "go")
			env = append(env, "GOROOT="+goroot, "GOTOOLCHAIN=local")
		}
	}
	_, err := output(ctx, env, command, append(args, "h2fork.example/net/internal/interop/upstreamcl")...)
	return p, err
}

// run runs the program and returns its rows.
func (p program) run(ctx context.Context, n int) ([]row, error) {
	out, err := output(ctx, append(os.Environ(), fmt.Sprintf("%s=%d", childVariable, n)), p.path)
	if err != nil {
		return nil, err
	}
	var rows []row
	return rows, json.Unmarshal([]byte(out), &rows)
}

func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
