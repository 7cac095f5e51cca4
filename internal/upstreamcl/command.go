package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// git runs git in dir and returns what it wrote to standard output.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	return gitInput(ctx, dir, "", args...)
}

func gitInput(ctx context.Context, dir, input string, args ...string) (string, error) {
	return command(ctx, dir, input, "git", args...)
}

// command's error has what the command had to say.
func command(ctx context.Context, dir, input, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("there is no %s command", name)
	case err != nil:
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// A goEnv is what go env says about the release in use.
type goEnv struct{ GOROOT, GOVERSION, GOMODCACHE string }

// readGoEnv asks the go command in dir, whose go.mod may choose a release.
func readGoEnv(ctx context.Context, dir string) (goEnv, error) {
	var env goEnv
	out, err := command(ctx, dir, "", "go", "env", "-json", "GOROOT", "GOVERSION", "GOMODCACHE")
	if err != nil {
		return env, err
	}
	return env, json.Unmarshal([]byte(out), &env)
}
