package toolkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A GoError is a go command that failed, with what it had to say.
type GoError struct {
	Args   []string
	Output string
	Err    error
}

func (e *GoError) Error() string {
	text := fmt.Sprintf("go %s: %v", strings.Join(e.Args, " "), e.Err)
	if e.Output != "" {
		text += "\n" + Indent(e.Output)
	}
	return text
}

func (e *GoError) Unwrap() error { return e.Err }

// Packages lists the packages that the go command found fault with.
func (e *GoError) Packages() []string {
	var paths []string
	for line := range strings.Lines(e.Output) {
		if path, ok := strings.CutPrefix(line, "# "); ok && !strings.HasPrefix(path, "[") {
			path, _, _ = strings.Cut(strings.TrimSpace(path), " ")
			paths = append(paths, path)
		}
	}
	return paths
}

// maxErrorLines is how much of a failed build is worth reading.
const maxErrorLines = 25

// Indent indents a text, of which it keeps the beginning.
func Indent(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > maxErrorLines {
		more := len(lines) - maxErrorLines
		lines = append(lines[:maxErrorLines], fmt.Sprintf("… and %d lines more", more))
	}
	return "\t" + strings.Join(lines, "\n\t")
}

// IndentLines is Indent for a list.
func IndentLines(lines []string) string { return Indent(strings.Join(lines, "\n")) }

// Go runs a go command in dir and returns what it wrote to standard output.
func Go(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return GoWith(ctx, "go", dir, nil, args...)
}

// GoWith is Go for a go command elsewhere, with more in its environment.
func GoWith(ctx context.Context, command, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return stdout.Bytes(), &GoError{Args: args, Output: stderr.String(), Err: err}
	}
	return stdout.Bytes(), nil
}

// GoJSON runs a go command in dir and decodes its output.
func GoJSON(ctx context.Context, dir string, v any, args ...string) error {
	out, err := Go(ctx, dir, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, v); err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// A GoMod is what go mod edit -json says about a go.mod file, as far as we care.
type GoMod struct {
	Module struct{ Path string }
	Go     string

	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

// ReadGoMod reads a go.mod file.
func ReadGoMod(ctx context.Context, path string) (GoMod, error) {
	var mod GoMod
	err := GoJSON(ctx, "", &mod, "mod", "edit", "-json", path)
	return mod, err
}

// A Module is what go list -m -json and go mod download -json say about a module.
type Module struct {
	Path, Version, Dir string

	Main    bool
	Replace *Module
}
