package toolkit

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"testing"
)

func TestEditsApplyInAnyOrder(t *testing.T) {
	got := Apply([]byte("one two three"), []Edit{{From: 8, To: 13, Text: "3"}, {From: 0, To: 3, Text: "1"}, {From: 4, To: 4, Text: "and "}})
	if want := "1 and two 3"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A package that the build has, too, is not one of the tests' alone, whatever variants of it they need.
func TestUsersAreThoseOfTheBuildAndThoseOfTestsAlone(t *testing.T) {
	const main, other = `"Module":{"Path":"m","Main":true}`, `"Module":{"Path":"o"}`
	build := `{"ImportPath":"m/a","Imports":["x"],` + main + `}
{"ImportPath":"o/a","Imports":["x"],` + other + `}
{"ImportPath":"o/none","Imports":["y"],` + other + `}
{"ImportPath":"x/self","Imports":["x"],"Module":{"Path":"x"}}
{"ImportPath":"std","Imports":["x"]}`
	tests := build + `
{"ImportPath":"m/a [m/a.test]","Imports":["x"],` + main + `}
{"ImportPath":"m/b_test [m/b.test]","Imports":["x"],` + main + `}
{"ImportPath":"o/t","Imports":["x"],` + other + `}`
	got, err := FindUsers([]byte(build), []byte(tests), "x", func(path string) bool { return path == "x" })
	want := &Users{Own: []string{"m/a"}, Others: []string{"o/a"}, OwnTests: []string{"m/b"}, OtherTests: []string{"o/t"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestAStepIsALineWithItsTimeOrFailed(t *testing.T) {
	var out bytes.Buffer
	steps := Steps{W: &out}
	mistake := errors.New("mistake")
	if err := steps.Do("One", func() error { return nil }); err != nil {
		t.Error(err)
	}
	if err := steps.Do("Another", func() error { return mistake }); err != mistake {
		t.Error(err)
	}
	if !regexp.MustCompile(`^One … [0-9.]+ s\nAnother … failed\n$`).Match(out.Bytes()) {
		t.Errorf("got %q", &out)
	}
}
