package conformance

import (
	"errors"
	"strings"
	"testing"
)

// What the index is checked for, each with an index that fails.
func TestAFaultyIndexIsRefused(t *testing.T) {
	counts := []sectionCount{{"1.2", 2}}
	exists := func(n testName) error {
		if n == (testName{"p", "TestA", ""}) || n == (testName{"p", "TestA", "a case"}) {
			return nil
		}
		return errors.New("no such test")
	}
	const first = "1.2/1 client: one\n\tp.TestA\n"
	const second = "1.2/2 server: two\n\tnot ours: the reason is that it binds others\n"
	for _, test := range []struct{ name, text, want string }{
		{"nothing is wrong", "# comment\n\n" + first + "\n" + second, ""},
		{"nor with a case", "1.2/1 client: one\n\tp.TestA: a case\n" + second, ""},
		{"an entry is missing", first, "§1.2: has 1 entries, and the RFC 2 key words"},
		{"a section is missing", "", "§1.2: has 0 entries"},
		{"an entry is there twice", first + first + second, "§1.2/1: is entry 2 of its section"},
		{"ordinals have a gap", first + strings.Replace(second, "/2", "/3", 1), "§1.2/3: is entry 2"},
		{"a section is unknown", first + second + "1.3/1 all: three\n\tp.TestA\n", "§1.3/1: that section has no key words"},
		{"an entry has neither test nor reason", "1.2/1 all: one\n" + second, "§1.2/1: has neither"},
		{"a test does not exist", "1.2/1 all: one\n\tp.TestB\n" + second, "§1.2/1: no such test"},
		{"a case does not exist", "1.2/1 all: one\n\tp.TestA: another\n" + second, "§1.2/1: no such test"},
		{"a test is there twice", "1.2/1 all: one\n\tp.TestA\n\tp.TestA\n" + second, "§1.2/1: names p.TestA twice"},
		{"a reason says nothing", "1.2/1 all: one\n\tnot ours: no\n" + second, "neither an entry, nor a test"},
		{"a reason is of no kind", "1.2/1 all: one\n\tI did not have the time to do it\n" + second, "neither an entry"},
		{"nobody is bound", "1.2/1 nobody: one\n\tp.TestA\n" + second, `nobody is called "nobody"`},
		{"a test is nobody's", "\tp.TestA\n", "not an entry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			entries, err := parseIndex(test.text)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = strings.Join(checkIndex(entries, counts, exists), "\n")
			}
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTestsAreFoundByPackageNameAndCase(t *testing.T) {
	all := findTests(t, ".")
	for _, test := range []struct {
		name testName
		want string
	}{
		{testName{"conformance", "TestTestsAreFoundByPackageNameAndCase", ""}, ""},
		{testName{"conformance", "TestTestsAreFoundByPackageNameAndCase", "a case that only this line has"}, ""},
		{testName{"conformance", "TestNothing", ""}, "there is no conformance.TestNothing"},
		{testName{"nowhere", "TestNothing", ""}, "there is no package nowhere with tests"},
		{testName{"conformance", "TestTestsAreFoundByPackageNameAndCase", strings.Repeat("x", 40)}, "conformance has no case"},
	} {
		got := ""
		if err := all.check(test.name); err != nil {
			got = err.Error()
		}
		if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.name, got, test.want)
		}
	}
}
