package toolkit

import (
	"reflect"
	"testing"
)

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
