package main

import (
	"os"
	"strings"
	"testing"
)

// quickCalls is enough for the race to be lost about ten times or more where there is one.
const quickCalls = 2000

func TestMain(m *testing.M) {
	// Packages are then compiled once for all runs, wherever the folders are.
	os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath"))
	os.Exit(m.Run())
}

func rowsOf(t *testing.T, b build) []row {
	t.Helper()
	release, err := findToolchain(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.make(t.Context(), t.TempDir(), release)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := p.run(t.Context(), quickCalls)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("no calls were made")
	}
	return rows
}

func TestNoCallBreaksWithTheOverlay(t *testing.T) {
	for _, r := range rowsOf(t, allChanges) {
		if r.Broken > 0 {
			t.Errorf("%s, flush %s, %s, %d in flight: %d of %d calls are broken: %s", r.Mode, r.Flush, r.Method, r.InFlight, r.Broken, r.Calls, r.Text)
		}
	}
}

// The same calls break without the overlay, so that their success with it means something.
func TestEveryCallBreaksWithoutTheOverlayIfTheFlushWins(t *testing.T) {
	for _, r := range rowsOf(t, asItIs) {
		if r.Flush == "wins" && r.Broken != r.Calls {
			t.Errorf("%s, %s: %d of %d calls are broken: either net/http has changed or this test has gone blind", r.Mode, r.Method, r.Broken, r.Calls)
		}
		t.Logf("%s, flush %s, %s, %d in flight: %d of %d broken", r.Mode, r.Flush, r.Method, r.InFlight, r.Broken, r.Calls)
	}
}
