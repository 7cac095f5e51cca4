package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// Packages whose tests are run. From Go 1.27 on golang.org/x/net leaves HTTP/2 to net/http.
var (
	packages      = []string{"net/http", "net/http/httputil", "net/http/httptest"}
	wrappers      = []string{"golang.org/x/net/http2", "golang.org/x/net/http2/h2c"}
	wrappersSince = "1.27"
)

// timeout is for the tests of a package. Go's own fit in a minute, with one processor.
const timeout = "5m"

// again is how often a test that differs runs again by itself. Go's have time limits that a busy machine misses.
const again = 2

// A suite is a copy of a Go installation with ours under net/http, and its tests.
type suite struct {
	version string // of Go
	release string
	dir     string // a temporary folder
	goroot  string
	steps   toolkit.Steps
}

func newSuite(ctx context.Context, toolchain string) (*suite, error) {
	dir, err := os.MkdirTemp("", "std-")
	if err != nil {
		return nil, err
	}
	s := &suite{dir: dir, goroot: filepath.Join(dir, "go"), steps: toolkit.Steps{W: os.Stdout}}
	if err := s.prepare(ctx, toolchain); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *suite) packages() []string {
	if s.release == wrappersSince {
		return slices.Concat(packages, wrappers)
	}
	return packages
}

func (s *suite) remove() { os.RemoveAll(s.dir) }

func (s *suite) prepare(ctx context.Context, toolchain string) error {
	env := []string{"GOTOOLCHAIN=" + toolchain, "GOROOT="}
	version, err := toolkit.GoWith(ctx, "go", ".", env, "env", "GOVERSION")
	if err != nil {
		return err
	}
	s.version = strings.TrimSpace(string(version))
	s.release = regexp.MustCompile(`1\.[0-9]+`).FindString(s.version)
	return s.steps.Do("A copy of "+s.version+" with this project's HTTP/2 under net/http", func() error {
		_, err := toolkit.GoWith(ctx, "go", ".", env, "run", "h2fork.example/net/internal/replacestd", "-tests", "-goroot", s.goroot)
		return err
	})
}

// run runs the tests on both, and those that differ again.
func (s *suite) run(ctx context.Context) (*verdict, error) {
	var ours, theirs outcomes
	err := s.steps.Do("The tests on this project's HTTP/2", func() (err error) {
		ours, err = s.test(ctx, "1", s.packages())
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.steps.Do("The tests on net/http's own", func() (err error) {
		theirs, err = s.test(ctx, "0", s.packages())
		return err
	})
	if err != nil {
		return nil, err
	}
	var unsteady []string
	for _, test := range ours.different(theirs) {
		if s.isKnown(test) {
			continue
		}
		steady, err := s.isSteady(ctx, test, ours, theirs)
		if err != nil {
			return nil, err
		}
		if !steady {
			unsteady = append(unsteady, test)
			ours.forgive(test, theirs)
		}
	}
	v := judge(s.version, s.release, ours, theirs, known)
	v.unsteady = unsteady
	return v, nil
}

func (s *suite) isKnown(test string) bool {
	for _, d := range known {
		if d.is(test, s.release) {
			return true
		}
	}
	return false
}

// isSteady runs a test that differs by itself, and reports whether it still does.
func (s *suite) isSteady(ctx context.Context, test string, ours, theirs outcomes) (bool, error) {
	http2fork, want := "1", theirs[test]
	if theirs[test] == fail {
		http2fork, want = "0", ours[test] // it is net/http's own that failed
	}
	for range again {
		var alone outcomes
		err := s.steps.Do(test+" again", func() (err error) {
			pkg, name := split(test)
			alone, err = s.test(ctx, http2fork, []string{pkg}, "-run", exactly(name))
			return err
		})
		if err != nil {
			return false, err
		}
		if alone[test] == want {
			return false, nil
		}
	}
	return true, nil
}

// exactly is the pattern for one test.
func exactly(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// test runs the tests with a value of http2fork. Tests that fail are no error.
func (s *suite) test(ctx context.Context, http2fork string, packages []string, flags ...string) (outcomes, error) {
	skip := []string{"/^(h1|https1)$"}
	for _, d := range leftOut {
		skip = append(skip, exactly(d.test))
	}
	args := append([]string{"test", "-json", "-count=1", "-timeout", timeout, "-skip", strings.Join(skip, "|")}, flags...)
	env := []string{"GOTOOLCHAIN=local", "GOROOT=", "GOFLAGS=", "GODEBUG=http2fork=" + http2fork}
	out, err := toolkit.GoWith(ctx, filepath.Join(s.goroot, "bin", "go"), ".", env, append(args, packages...)...)
	if _, failed := errors.AsType[*toolkit.GoError](err); err != nil && !failed {
		return nil, err
	}
	found, parseErr := parse(out)
	if parseErr != nil {
		return nil, parseErr
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no test ran: %w", err)
	}
	return found, nil
}
