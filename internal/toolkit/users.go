package toolkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// Users are the packages of a module's build that import certain others.
type Users struct {
	Own, Others          []string // of the module, and of those that it depends on
	OwnTests, OtherTests []string // those of either that only tests bring in
}

// All lists all of them but those that only tests bring in.
func (u *Users) All() []string { return slices.Concat(u.Own, u.Others) }

// FindUsers returns the packages in the output of go list -deps, and in that of go list -deps -test, for which imports
// holds. Packages of the module except are left out. Both were made with -json=ImportPath,Imports,Module.
func FindUsers(build, tests []byte, except string, imports func(string) bool) (*Users, error) {
	own, others, err := importers(build, except, imports)
	if err != nil {
		return nil, err
	}
	ownTests, otherTests, err := importers(tests, except, imports)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Concat(sorted(own), sorted(others)) {
		delete(ownTests, path)
		delete(otherTests, path)
	}
	return &Users{Own: sorted(own), Others: sorted(others), OwnTests: sorted(ownTests), OtherTests: sorted(otherTests)}, nil
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func importers(list []byte, except string, imports func(string) bool) (own, others map[string]bool, err error) {
	own, others = make(map[string]bool), make(map[string]bool)
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Module     *Module
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return own, others, nil
		} else if err != nil {
			return nil, nil, err
		}
		switch {
		case p.Module == nil || p.Module.Path == except || !slices.ContainsFunc(p.Imports, imports):
		case p.Module.Main:
			own[packageUnderTest(p.ImportPath)] = true
		default:
			others[packageUnderTest(p.ImportPath)] = true
		}
	}
}

// packageUnderTest returns the package that a variant such as "p_test [p.test]" is built for.
func packageUnderTest(importPath string) string {
	path, test, ok := strings.Cut(importPath, " [")
	if !ok {
		return path
	}
	if tested := strings.TrimSuffix(test, ".test]"); path == tested+"_test" {
		return tested
	}
	return path
}
