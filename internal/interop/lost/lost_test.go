package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// small is enough for upstream to lose something in every scenario.
var small = size{posts: 5, rolling: 500 * time.Millisecond, patience: deadGoal.took}

func TestNothingIsLostOnOurs(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		for _, sc := range scenarios(small) {
			t.Run(fmt.Sprintf("GOMAXPROCS=%d/%s", procs, sc.name), func(t *testing.T) {
				setProcs(t, procs)
				out, err := sc.run(stack.Ours(), func() {})
				if err != nil {
					t.Fatal(err)
				}
				if !sc.goal.met(out) {
					t.Errorf("lost %v, want %v: %v", out, sc.goal, out.reasons())
				}
				if out.sent == out.lost {
					t.Errorf("none of %d requests succeeded", out.sent)
				}
			})
		}
	}
}

// The same harness sees requests lost on upstream, so that its silence about ours means something.
func TestUpstreamLosesRequestsInTheSameHarness(t *testing.T) {
	for _, sc := range scenarios(small) {
		t.Run(sc.name, func(t *testing.T) {
			out, err := sc.run(stack.XNet(), func() {})
			if err != nil {
				t.Fatal(err)
			}
			if sc.goal.met(out) {
				t.Errorf("lost %v: either upstream has changed or this harness has gone blind", out)
			}
		})
	}
}

func TestTheVerdictIsThatOfTheLastStack(t *testing.T) {
	lost, none := &outcome{sent: 2, lost: 1}, &outcome{sent: 2}
	some := scenario{name: "some"}
	if err := verdict([]row{{some, []*outcome{lost, none}}}); err != nil {
		t.Errorf("the other stack lost a request: %v", err)
	}
	err := verdict([]row{{some, []*outcome{none, lost}}})
	if err == nil || !strings.Contains(err.Error(), "some: 1 of 2 on h2fork.example/net/http2") {
		t.Errorf("ours lost a request: %v", err)
	}
}

func TestADeadConnectionMustBeLeftInTime(t *testing.T) {
	for _, c := range []struct {
		out  *outcome
		want bool
	}{
		{&outcome{lost: 3, recovered: true, took: time.Second / 2}, true},
		{&outcome{lost: 4, recovered: true, took: time.Second / 2}, false},
		{&outcome{lost: 1, recovered: true, took: time.Second}, false},
		{&outcome{lost: 1, took: time.Second / 2}, false},
	} {
		if got := deadGoal.met(c.out); got != c.want {
			t.Errorf("%d lost, recovered %v in %v: met is %v", c.out.lost, c.out.recovered, c.out.took, got)
		}
	}
}

func TestSizesWithoutARequestAreRefused(t *testing.T) {
	for _, change := range []func(*size){
		func(s *size) { s.posts = 0 },
		func(s *size) { s.rolling = replaceEvery - 1 },
		func(s *size) { s.patience = deadGoal.took - 1 },
	} {
		s := small
		change(&s)
		if s.check() == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

func TestErrorsAreCountedWithoutTheirNumbers(t *testing.T) {
	const want = "dial 127.0.0.1:…: stream … refused"
	for _, text := range []string{"dial 127.0.0.1:40000: stream 5 refused", "dial 127.0.0.1:999: stream 77 refused"} {
		if got := steady(errorText(text)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

func setProcs(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}
