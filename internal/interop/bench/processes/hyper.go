package processes

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// hyper is a library, so the server is ours: hyper/main.rs. It is built without a network from the crates that
// Debian has as packages.

//go:embed hyper
var hyperSource embed.FS

const (
	debianCrates = "/usr/share/cargo/registry"
	hyperPackage = "librust-hyper-dev librust-tokio-dev"
	hyperBinary  = "target/release/h2bench-hyper"

	hyperConfig = "[source.crates-io]\nreplace-with = \"debian\"\n[source.debian]\ndirectory = \"" + debianCrates + "\"\n"
)

// hyperCrate returns the name of the crate that Debian has, with its version, "" if there is none that fits.
func hyperCrate() string {
	found, _ := filepath.Glob(filepath.Join(debianCrates, "hyper-0.14.*")) // the pattern is well-formed
	if len(found) == 0 {
		return ""
	}
	return filepath.Base(found[0])
}

func hyperVersion() string { return hyperCrate() + " (Debian's crate)" }

// hyperDir is where the server is built, and kept: it takes half a minute.
func hyperDir() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "h2fork-bench", hyperCrate()), err
}

// buildHyper builds the server, and says why not where it cannot.
func buildHyper() string { return hyperBuilt() }

var hyperBuilt = sync.OnceValue(func() string {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "no cargo on this machine (Debian: apt-get install cargo " + hyperPackage + ")"
	}
	if hyperCrate() == "" {
		return "no crate hyper 0.14 in " + debianCrates + " (Debian 12: apt-get install " + hyperPackage + ")"
	}
	dir, err := hyperDir()
	if err != nil {
		return err.Error()
	}
	if err := writeHyper(dir); err != nil {
		return err.Error()
	}
	if _, err := os.Stat(filepath.Join(dir, hyperBinary)); err != nil {
		fmt.Fprintln(os.Stderr, "building a server with hyper in", dir)
	}
	cmd := exec.Command("cargo", "build", "--release", "--offline", "--quiet")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("cargo build in %s: %v\n%s", dir, err, out)
	}
	return ""
})

// writeHyper writes what cargo needs to dir. It leaves alone what is there already, by which cargo knows that it
// has been built.
func writeHyper(dir string) error {
	source := func(name string) []byte {
		text, err := hyperSource.ReadFile("hyper/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		return text
	}
	for name, text := range map[string][]byte{
		"Cargo.toml":         source("Cargo.toml"),
		"src/main.rs":        source("main.rs"),
		".cargo/config.toml": []byte(hyperConfig),
	} {
		name = filepath.Join(dir, name)
		if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func startHyper(_ *Machine, s Setting) (*Process, error) {
	dir, err := hyperDir()
	if err != nil {
		return nil, err
	}
	return startAndAsk(exec.Command(filepath.Join(dir, hyperBinary), fmt.Sprint(s.Streams)))
}
