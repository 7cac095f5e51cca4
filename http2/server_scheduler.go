package http2

import (
	"math"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
)

// chooseScheduler decides which scheduler orders the streams: a user's, or one of
// ours, which needs no FrameWriteRequest values.
func (sc *serverConn) chooseScheduler(conf *session.Config) {
	if sc.srv.NewWriteScheduler == nil {
		sc.priority.followed = !clientPriorityDisabled(sc.hs)
		conf.NoRFC7540Priorities = true
		if sc.priority.followed {
			conf.Policy = sched.NewRFC9218()
		} else {
			conf.Policy = sched.NewRoundRobin()
		}
		return
	}
	ws := sc.srv.NewWriteScheduler()
	if policy, ok := nativePolicy(ws); ok {
		conf.Policy = policy
		conf.NoRFC7540Priorities = !sched.FollowsDependencies(policy)
		return
	}
	conf.External = &externalScheduler{ws: ws, sc: sc, flows: make(map[uint32]*externalFlow)}
}

// externalScheduler lets a user's WriteScheduler decide. It implements
// session.External. Everything in it is guarded by the connection's lock, which is
// held whenever a WriteScheduler runs.
type externalScheduler struct {
	ws    WriteScheduler
	sc    *serverConn
	flows map[uint32]*externalFlow

	// stash has DATA that the scheduler popped without charging flow control, and that
	// the windows did not allow; and what it popped of the same streams since.
	stash []FrameWriteRequest
}

// externalFlow is a stream's flow control. It implements streamFlow.
type externalFlow struct {
	e  *externalScheduler
	st *session.Stream
}

func (f *externalFlow) StreamID() uint32 { return f.st.ID() }
func (f *externalFlow) MayCarry() int32  { return int32(f.e.sc.c.MayCarryLocked(f.st)) }
func (f *externalFlow) Charge(n int32)   { f.e.sc.c.ChargeWindowsLocked(f.st, int(n)) }

// Open implements session.External.
func (e *externalScheduler) Open(st *session.Stream, o sched.OpenOptions) {
	e.flows[st.ID()] = &externalFlow{e: e, st: st}
	e.ws.OpenStream(st.ID(), OpenStreamOptions{PusherID: o.PusherID, priority: priorityParam(o.Priority)})
}

// Close implements session.External.
func (e *externalScheduler) Close(id uint32) {
	delete(e.flows, id)
	e.ws.CloseStream(id)
}

// Adjust implements session.External.
func (e *externalScheduler) Adjust(id uint32, p sched.Priority) {
	e.ws.AdjustStream(id, priorityParam(p))
}

// priorityParam is p as write schedulers get it.
func priorityParam(p sched.Priority) PriorityParam {
	out := PriorityParam{StreamDep: p.StreamDep, Exclusive: p.Exclusive, Weight: p.Weight, urgency: p.Urgency}
	if p.Incremental {
		out.incremental = 1
	}
	return out
}

// Push implements session.External.
func (e *externalScheduler) Push(st *session.Stream, name string, size int, t session.Token) {
	if size == 0 {
		e.ws.Push(newStreamRequest(name, st.ID(), t))
		return
	}
	wr := newDataRequest(e.flows[st.ID()], size)
	wr.payload = t
	e.ws.Push(wr)
}

// PushControl implements session.External.
func (e *externalScheduler) PushControl(name string, t session.Token) {
	if name == "WINDOW_UPDATE" && t.StreamID() != 0 {
		e.ws.Push(newStreamRequest(name, t.StreamID(), t))
		return
	}
	e.ws.Push(newControlRequest(name, t.StreamID(), t))
}

// Pop implements session.External. Everything that the scheduler pops is written in
// the end, even if the scheduler did not charge flow control for it; but never more
// than flow control allows.
func (e *externalScheduler) Pop() (session.Token, int, bool) {
	for i := 0; i < len(e.stash); i++ {
		if e.stashedBefore(i) {
			continue
		}
		if wr, ok := e.charge(i, e.stash[i]); ok {
			return e.token(wr)
		}
	}
	for {
		wr, ok := e.ws.Pop()
		if !ok {
			return session.Token{}, 0, false
		}
		if wr.payload == nil {
			continue // the zero FrameWriteRequest
		}
		if e.stashed(wr.StreamID(), len(e.stash)) && !wr.control {
			e.stash = append(e.stash, wr)
			continue
		}
		if wr, ok = e.charge(-1, wr); ok {
			return e.token(wr)
		}
	}
}

func (e *externalScheduler) token(wr FrameWriteRequest) (session.Token, int, bool) {
	return wr.payload.(session.Token), wr.size, true
}

// charge charges wr to flow control if its scheduler did not. What the windows do
// not allow stays in the stash, at i, or is added to it if i is -1.
func (e *externalScheduler) charge(i int, wr FrameWriteRequest) (FrameWriteRequest, bool) {
	first, rest, n := wr, FrameWriteRequest{}, 1
	if wr.size > 0 && !wr.paid {
		if e.flows[wr.streamID] == nil {
			n, rest = 1, FrameWriteRequest{} // closed: the session drops it
		} else if first, rest, n = wr.Consume(math.MaxInt32); n == 0 {
			rest = wr
		}
	}
	switch {
	case n == 1 && i >= 0:
		e.stash = append(e.stash[:i], e.stash[i+1:]...)
	case n != 1 && i >= 0:
		e.stash[i] = rest
	case n != 1:
		e.stash = append(e.stash, rest)
	}
	return first, n > 0
}

// stashed reports whether one of the first n stashed requests is of stream id.
func (e *externalScheduler) stashed(id uint32, n int) bool {
	for i := range n {
		if e.stash[i].streamID == id {
			return true
		}
	}
	return false
}

func (e *externalScheduler) stashedBefore(i int) bool { return e.stashed(e.stash[i].streamID, i) }
