package processes

import (
	"os/exec"
	"runtime/debug"
	"strings"
)

// Versions says what the servers are, and what measures them.
func Versions(servers []Server) map[string]string {
	of := map[string]string{"grpc": moduleVersion("google.golang.org/grpc")}
	if H2loadMissing() == "" {
		of["h2load"] = firstLine("h2load", "--version")()
	}
	for _, s := range servers {
		if v := s.version(); v != "" {
			of[s.Name] = v
		}
	}
	return of
}

// firstLine returns what runs a program and returns the first line that it prints.
func firstLine(program string, args ...string) func() string {
	return func() string {
		out, _ := exec.Command(program, args...).CombinedOutput() // what it printed says enough
		line, _, _ := strings.Cut(string(out), "\n")
		return strings.TrimSpace(line)
	}
}

// goVersion returns what tells the version of a package that this program has been built with.
func goVersion(path string) func() string {
	return func() string {
		switch {
		case strings.HasPrefix(path, "golang.org/x/net/"):
			return "golang.org/x/net " + moduleVersion("golang.org/x/net")
		case !strings.Contains(path, "."): // the standard library has Go's
			return path
		}
		if commit := firstLine("git", "describe", "--always", "--dirty")(); !strings.Contains(commit, " ") {
			return "commit " + commit
		}
		return ""
	}
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}
