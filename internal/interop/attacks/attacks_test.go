package main

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// The servers are this program again, so this test binary must be able to be one.
func TestMain(m *testing.M) {
	if isChild() {
		if err := serveChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// testTime is how long floods go on that nobody ends.
const testTime = 300 * time.Millisecond

// leftOver is what the runtime may still hold of an attack that is over.
const leftOver = 3 * mib

// TestOursHoldsLittleWhateverIsSent has golang.org/x/net's server attacked beside ours, and says how it fared. Only
// ours has to live up to anything.
func TestOursHoldsLittleWhateverIsSent(t *testing.T) {
	results, err := compare([]string{"ours", "xnet"}, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + render(results))
	for _, r := range results {
		if r.server == "ours" {
			t.Run(r.attack.name, r.check)
		}
	}
}

func (r result) check(t *testing.T) {
	if !r.endsAsItShould() {
		t.Errorf("it ends with %q, want %q", r.end, r.attack.end)
	}
	if n := r.held(); n > r.attack.live {
		t.Errorf("%d KiB are held at its height, want at most %d", n/kib, r.attack.live/kib)
	}
	if n := r.height.PeakGoroutines - r.before.Goroutines; n > streams+20 {
		t.Errorf("%d goroutines run", n)
	}
	if n := r.left(); n > leftOver {
		t.Errorf("%d KiB are held when it is over", n/kib)
	}
	if n := r.after.Goroutines - r.before.Goroutines; n > 0 {
		t.Errorf("%d goroutines are left when it is over", n)
	}
	if r.failed > 0 || r.asked < 2 {
		t.Errorf("%d of the bystander's %d requests failed", r.failed, r.asked)
	}
}

// endsAsItShould allows for what an attacker who reads nothing may find besides: it depends on what the kernel takes
// whether the server still reads; and a connection that the server has closed while he went on has lost the GOAWAY.
func (r result) endsAsItShould() bool {
	switch {
	case r.end == r.attack.end:
		return true
	case !r.attack.deaf:
		return false
	}
	return r.end == stalled || r.end == closed && r.attack.end == sentAway
}
