package load

import (
	"path"
	"slices"
	"testing"

	"h2fork.example/net/internal/interop/bench/processes"
)

func TestEveryServerThatIsForSomeScenariosTakesPartInOne(t *testing.T) {
	for _, srv := range processes.All() {
		for _, pattern := range srv.Only {
			if _, err := path.Match(pattern, ""); err != nil {
				t.Errorf("%s: %q: %v", srv.Name, pattern, err)
			}
		}
		if !slices.ContainsFunc(All(), func(sc Scenario) bool { return sc.Suits(srv) }) {
			t.Errorf("%s takes part in nothing", srv.Name)
		}
	}
}

func TestScenariosHaveDifferentNames(t *testing.T) {
	seen := make(map[string]bool)
	for _, sc := range All() {
		if seen[sc.Name] {
			t.Errorf("two scenarios are called %s", sc.Name)
		}
		seen[sc.Name] = true
	}
}
