package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// outcomes are pass, fail or skip by test: its package and its name.
type outcomes map[string]string

func split(test string) (pkg, name string) {
	pkg, name, _ = strings.Cut(test, " ")
	return pkg, name
}

// fail is what became of a test that did not pass, and of one that did not end.
const fail = "fail"

// parse reads what go test -json writes.
func parse(output []byte) (outcomes, error) {
	found := make(outcomes)
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var event struct{ Action, Package, Test string }
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("go test -json: %w", err)
		}
		test := event.Package + " " + event.Test
		switch {
		case event.Test == "":
		case event.Action == "run":
			found[test] = fail
		case event.Action == "pass" || event.Action == "skip" || event.Action == "fail":
			found[test] = event.Action
		}
	}
}

// different lists the tests that have another outcome than in other, without those of which a part does.
func (o outcomes) different(other outcomes) []string {
	all := maps.Clone(o)
	maps.Copy(all, other)
	var differ []string
	for _, test := range slices.Sorted(maps.Keys(all)) {
		if o[test] != other[test] {
			differ = append(differ, test)
		}
	}
	return slices.DeleteFunc(differ, func(test string) bool {
		return slices.ContainsFunc(differ, func(part string) bool { return strings.HasPrefix(part, test+"/") })
	})
}

// forgive gives a test, and what it is a part of, the outcome that it has in other.
func (o outcomes) forgive(test string, other outcomes) {
	pkg, name := split(test)
	for found := true; found; {
		o[pkg+" "+name] = other[pkg+" "+name]
		i := strings.LastIndexByte(name, '/')
		name, found = name[:max(i, 0)], i > 0
	}
}

// A verdict is what the comparison came to.
type verdict struct {
	version  string // of Go
	compared int
	known    []string // differences, each with the reason
	unknown  []string // with both outcomes
	unsteady []string // that passed when they ran again
	gone     []string // on the list, and not different
}

func (v *verdict) ok() bool { return v.unknown == nil && v.gone == nil }

// judge compares outcomes with the list.
func judge(version, release string, ours, theirs outcomes, known []difference) *verdict {
	v := &verdict{version: version, compared: len(theirs)}
	differ := ours.different(theirs)
	for _, test := range differ {
		i := slices.IndexFunc(known, func(d difference) bool { return d.is(test, release) })
		if i >= 0 {
			v.known = append(v.known, test+": "+known[i].why)
		} else {
			v.unknown = append(v.unknown, fmt.Sprintf("%s: %s, and with net/http's own %s", test, or(ours[test]), or(theirs[test])))
		}
	}
	for _, d := range known {
		switch {
		case d.mostly || d.release != "" && d.release != release || slices.ContainsFunc(differ, func(test string) bool { return d.is(test, release) }):
		default:
			v.gone = append(v.gone, d.test)
		}
	}
	return v
}

func or(outcome string) string {
	if outcome == "" {
		return "not run"
	}
	return outcome
}

func (v *verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d outcomes compared\n", v.version, v.compared)
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"known to differ", v.known},
		{"differ, and are not known to", v.unknown},
		{"passed when they ran again by themselves", v.unsteady},
		{"are known to differ and do not: they go from known.go", v.gone},
	} {
		if part.lines != nil {
			fmt.Fprintf(&b, "  %s:\n    %s\n", part.title, strings.Join(part.lines, "\n    "))
		}
	}
	return b.String()
}
