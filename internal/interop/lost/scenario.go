package main

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// A size is how much is done.
type size struct {
	posts    int           // requests that each meet a GOAWAY
	rolling  time.Duration // for which a proxy's backend is replaced again and again
	patience time.Duration // after which a dead connection is taken to be used for ever
}

func (s size) check() error {
	switch {
	case s.posts < 1:
		return errors.New("-n: there must be at least one request")
	case s.rolling < replaceEvery:
		return fmt.Errorf("-t: a backend lives for %v, and %v is less", replaceEvery, s.rolling)
	case s.patience < deadGoal.took:
		return fmt.Errorf("-patience: a connection may be used for %v after it goes dead, and %v is less", deadGoal.took, s.patience)
	}
	return nil
}

// A scenario is a way to lose requests.
type scenario struct {
	name  string
	goal  goal
	steps int // about how many times run calls step
	run   func(s stack.Stack, step func()) (*outcome, error)
}

// A goal is what our stack may lose.
type goal struct {
	lost int
	took time.Duration // until a request succeeded, 0 where that is not counted
}

// deadGoal is how soon a dead connection is to be left: after a few requests that find out.
var deadGoal = goal{lost: 3, took: time.Second}

func (g goal) met(o *outcome) bool {
	return o.lost <= g.lost && (g.took == 0 || o.recovered && o.took < g.took)
}

func (g goal) String() string {
	if g.took > 0 {
		return fmt.Sprintf("≤ %d, < %v", g.lost, g.took)
	}
	return fmt.Sprint(g.lost)
}

// An outcome is what was lost on one stack.
type outcome struct {
	dead      bool          // a connection went dead, and the requests went one after the other
	recovered bool          // one of them succeeded
	took      time.Duration // until then

	mu    sync.Mutex
	lost  int            // guarded by mu
	sent  int            // guarded by mu
	texts map[string]int // guarded by mu; how often each error was reported
}

// count adds a request that ended with err.
func (o *outcome) count(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent++
	if err == nil {
		return
	}
	o.lost++
	if o.texts == nil {
		o.texts = make(map[string]int)
	}
	o.texts[steady(err)]++
}

func (o *outcome) String() string {
	switch took := o.took.Round(10 * time.Millisecond); {
	case o.dead && o.recovered:
		return fmt.Sprintf("%d in a row, %v", o.lost, took)
	case o.dead:
		return fmt.Sprintf("all %d in %v", o.lost, took)
	}
	return fmt.Sprintf("%d of %d", o.lost, o.sent)
}

func (o *outcome) reasons() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.texts)
}

// scenarios lists them.
func scenarios(s size) []scenario {
	ticks := int(s.rolling / replaceEvery)
	return []scenario{
		{
			name: "a POST without GetBody meets GOAWAY(0)", steps: s.posts,
			run: func(st stack.Stack, step func()) (*outcome, error) { return refusedPosts(st, s.posts, step) },
		},
		{
			name: "a proxy's backend is replaced every 100 ms", steps: ticks,
			run: func(st stack.Stack, step func()) (*outcome, error) { return replaceBackends(st, 0, ticks, step) },
		},
		{
			name: "the same, over 10 ms of link each way", steps: ticks,
			run: func(st stack.Stack, step func()) (*outcome, error) {
				return replaceBackends(st, linkDelay, ticks, step)
			},
		},
		{
			name: "a connection goes dead", goal: deadGoal, steps: int(s.patience / deadTimeout),
			run: func(st stack.Stack, step func()) (*outcome, error) {
				return deadConnection(st, false, s.patience, step)
			},
		},
		{
			name: "the same, after a cancelled request", goal: deadGoal, steps: int(s.patience / deadTimeout),
			run: func(st stack.Stack, step func()) (*outcome, error) { return deadConnection(st, true, s.patience, step) },
		},
	}
}
