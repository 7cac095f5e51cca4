package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The server is this program again, so this test binary must be able to be it.
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

// TestAllTrafficGoesWell is a soak that is too short to tell anything about memory.
func TestAllTrafficGoesWell(t *testing.T) {
	r, err := soak(2*time.Second, time.Second, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + r.render())
	r.samples = r.samples[:2]
	if err := r.verdict(); err != nil {
		t.Error(err)
	}
}

func reportOf(heaps ...uint64) *report {
	r := &report{samples: make([]sample, 1)}
	for _, h := range heaps {
		r.samples = append(r.samples, sample{server: usage{Heap: h}})
	}
	return r
}

func TestMemoryThatGrowsIsFound(t *testing.T) {
	r := reportOf(10*mib, 11*mib, 12*mib, 13*mib, 14*mib, 15*mib, 16*mib, 17*mib, 18*mib, 19*mib)
	if err := r.verdict(); err == nil || !strings.Contains(err.Error(), "the server's heap and stacks grew") {
		t.Errorf("the verdict is %v", err)
	}
}

func TestMemoryThatIsUnsteadyDoesNotGrow(t *testing.T) {
	r := reportOf(10*mib, 14*mib, 11*mib, 19*mib, 11*mib, 15*mib, 10*mib, 12*mib, 11*mib, 18*mib)
	if err := r.verdict(); err != nil {
		t.Error(err)
	}
}

func TestFailuresThatNobodyAskedForAreToldApart(t *testing.T) {
	k := &kind{traffic: traffic{name: "calls"}, wrong: make(map[string]int)}
	k.count(nil)
	k.count(askedFor(errors.New("cancelled"), true))
	r := reportOf(1, 1, 1)
	r.kinds = []*kind{k}
	if err := r.verdict(); err != nil {
		t.Error(err)
	}
	k.count(askedFor(errors.New("lost"), false))
	k.count(askedFor(nil, true))
	if err := r.verdict(); err == nil || err.Error() != "calls: 1 × it did not fail, as it should have\ncalls: 1 × lost" {
		t.Errorf("the verdict is %v", err)
	}
}
