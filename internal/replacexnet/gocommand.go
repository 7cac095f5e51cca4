package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A goError is a go command that failed, with what it had to say.
type goError struct {
	args   []string
	output string
	err    error
}

func (e *goError) Error() string {
	text := fmt.Sprintf("go %s: %v", strings.Join(e.args, " "), e.err)
	if e.output != "" {
		text += "\n" + indent(e.output)
	}
	return text
}

func (e *goError) Unwrap() error { return e.err }

// packages lists the packages that the go command found fault with.
func (e *goError) packages() []string {
	var paths []string
	for line := range strings.Lines(e.output) {
		if path, ok := strings.CutPrefix(line, "# "); ok && !strings.HasPrefix(path, "[") {
			path, _, _ = strings.Cut(strings.TrimSpace(path), " ")
			paths = append(paths, path)
		}
	}
	return paths
}

// maxErrorLines is how much of a failed build is worth reading.
const maxErrorLines = 25

func indent(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > maxErrorLines {
		more := len(lines) - maxErrorLines
		lines = append(lines[:maxErrorLines], fmt.Sprintf("… and %d lines more", more))
	}
	return "\t" + strings.Join(lines, "\n\t")
}

// goOutput runs a go command in dir and returns what it wrote to standard output.
func goOutput(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return goOutputEnv(ctx, dir, nil, args...)
}

func goOutputEnv(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return stdout.Bytes(), &goError{args: args, output: stderr.String(), err: err}
	}
	return stdout.Bytes(), nil
}

// goJSON runs a go command in dir and decodes its output.
func goJSON(ctx context.Context, dir string, v any, args ...string) error {
	out, err := goOutput(ctx, dir, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, v); err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// goModJSON is what go mod edit -json says about a go.mod file, as far as we care.
type goModJSON struct {
	Module struct{ Path string }
	Go     string

	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

func readGoMod(ctx context.Context, path string) (goModJSON, error) {
	var mod goModJSON
	err := goJSON(ctx, "", &mod, "mod", "edit", "-json", path)
	return mod, err
}

// moduleJSON is what go list -m -json and go mod download -json say about a module.
type moduleJSON struct {
	Path, Version, Dir string

	Main    bool
	Replace *moduleJSON
}
