package conformance

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An entry is one key word of an RFC.
type entry struct {
	section string
	ordinal int
	bound   string
	says    string
	tests   []testName
	reasons []string
	line    int
}

func (e *entry) String() string { return fmt.Sprintf("§%s/%d", e.section, e.ordinal) }

// A testName is a test of ours, and perhaps a case of it.
type testName struct{ pkg, test, item string }

func (n testName) String() string {
	if n.item == "" {
		return n.pkg + "." + n.test
	}
	return fmt.Sprintf("%s.%s: %s", n.pkg, n.test, n.item)
}

var (
	head   = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)*)/([0-9]+) ([a-z]+): (\S.*)$`)
	named  = regexp.MustCompile(`^\s+([a-z][a-z0-9]*)\.((?:Test|Fuzz)\w+)(?:: (.*))?$`)
	reason = regexp.MustCompile(`^\s+(not ours|cannot arise|deviates): (\S.{20,})$`)
)

// bound is who an RFC may bind.
var bound = []string{"all", "client", "server", "sender", "receiver", "encoder", "decoder",
	"intermediary", "deployment", "application", "extension"}

// parseIndex reads one of the data files.
func parseIndex(text string) ([]*entry, error) {
	var all []*entry
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fail := func(format string, args ...any) ([]*entry, error) {
			return nil, fmt.Errorf("line %d: %s: %q", i+1, fmt.Sprintf(format, args...), line)
		}
		if m := head.FindStringSubmatch(line); m != nil {
			e := &entry{section: m[1], bound: m[3], says: m[4], line: i + 1}
			fmt.Sscan(m[2], &e.ordinal)
			if !slices.Contains(bound, e.bound) {
				return fail("nobody is called %q", e.bound)
			}
			all = append(all, e)
			continue
		}
		if len(all) == 0 {
			return fail("not an entry")
		}
		last := all[len(all)-1]
		if m := named.FindStringSubmatch(line); m != nil {
			last.tests = append(last.tests, testName{m[1], m[2], m[3]})
		} else if m := reason.FindStringSubmatch(line); m != nil {
			last.reasons = append(last.reasons, m[1])
		} else {
			return fail("neither an entry, nor a test, nor a reason")
		}
	}
	return all, nil
}

// checkIndex holds entries to the counts of key words, and to the tests there are.
func checkIndex(entries []*entry, counts []sectionCount, exists func(testName) error) (problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	want := make(map[string]int)
	for _, c := range counts {
		want[c.section] = c.keywords
	}
	have := make(map[string]int)
	for _, e := range entries {
		switch have[e.section]++; {
		case want[e.section] == 0:
			complain("%v: that section has no key words", e)
		case e.ordinal != have[e.section]:
			complain("%v: is entry %d of its section", e, have[e.section])
		}
		if len(e.tests) == 0 && len(e.reasons) == 0 {
			complain("%v: has neither a test nor a reason", e)
		}
		for i, n := range e.tests {
			if slices.Contains(e.tests[:i], n) {
				complain("%v: names %v twice", e, n)
			}
			if err := exists(n); err != nil {
				complain("%v: %v", e, err)
			}
		}
	}
	for _, c := range counts {
		if have[c.section] != c.keywords {
			complain("§%s: has %d entries, and the RFC %d key words", c.section, have[c.section], c.keywords)
		}
	}
	return problems
}

func TestEveryMUSTHasATestOrAReason(t *testing.T) {
	tests := findTests(t, "../..")
	for _, rfc := range []struct {
		file   string
		counts []sectionCount
	}{
		{"rfc7541.txt", rfc7541},
		{"rfc9113.txt", rfc9113},
	} {
		t.Run(rfc.file, func(t *testing.T) {
			text, err := os.ReadFile(rfc.file)
			if err != nil {
				t.Fatal(err)
			}
			entries, err := parseIndex(string(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range checkIndex(entries, rfc.counts, tests.check) {
				t.Error(problem)
			}
			tested, reasons := 0, make(map[string]int)
			for _, e := range entries {
				if len(e.tests) > 0 {
					tested++
				}
				for _, r := range e.reasons {
					reasons[r]++
				}
			}
			t.Logf("%d key words, %d of them with tests; reasons: %v", len(entries), tested, reasons)
		})
	}
}
