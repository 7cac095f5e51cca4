package session

import (
	"testing"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// answerThree queues the bodies of responses on streams 1, 3 and 5.
func answerThree(e *endpoint) {
	for id := uint32(1); id <= 5; id += 2 {
		e.header(e.accept(id, true))
	}
	e.emit()
	for _, st := range e.all {
		e.data(st, "x")
		e.end(st)
	}
}

// RFC 9218 §7.1.
func TestPriorityUpdateChangesWhoIsNext(t *testing.T) {
	e := newServer(t, func(c *Config) { c.Policy, c.NoRFC7540Priorities = sched.NewRFC9218(), true })
	answerThree(e)
	e.RecvPriorityUpdate(5, sched.Priority{Urgency: 0})
	e.RecvPriorityUpdate(1, sched.Priority{Urgency: 7})
	e.want("the urgent one first", "DATA(5) 1 END_STREAM", "DATA(3) 1 END_STREAM", "DATA(1) 1 END_STREAM")
}

// RFC 7540 §5.3: a parent goes before its children.
func TestPriorityFramesChangeWhoIsNext(t *testing.T) {
	depend := func(e *endpoint) {
		e.mustRecv(wire.AppendPriority(nil, 1, wire.PriorityParam{StreamDep: 3}))
		e.mustRecv(wire.AppendPriority(nil, 3, wire.PriorityParam{StreamDep: 5}))
	}
	e := newServer(t, func(c *Config) { c.Policy = sched.NewRFC7540(sched.RFC7540Config{}) })
	answerThree(e)
	depend(e)
	e.want("parents first", "DATA(5) 1 END_STREAM", "DATA(3) 1 END_STREAM", "DATA(1) 1 END_STREAM")

	// RFC 9218 §2.1: whoever has announced that it does not follow them ignores them.
	e = newServer(t, func(c *Config) {
		c.Policy, c.NoRFC7540Priorities = sched.NewRFC7540(sched.RFC7540Config{}), true
	})
	answerThree(e)
	depend(e)
	frames := e.emit()
	if len(frames) != 3 || frames[0] == "DATA(5) 1 END_STREAM" {
		t.Errorf("%q", frames)
	}
}
