package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

// promise queues a PUSH_PROMISE on parent.
func (e *endpoint) promise(parent *testStream) (*Promise, *testStream) {
	st := newStream()
	e.all = append(e.all, st)
	p := &Promise{Stream: &st.Stream, Section: fieldSection(":method", "GET")}
	e.SendPromise(&parent.Stream, p)
	return p, st
}

// RFC 9113 §5.1.1, §6.6: identifiers rise in the order in which promises are sent.
func TestPromisedStreamsAreNumberedAsTheyAreSent(t *testing.T) {
	e := newServer(t)
	a, b := e.accept(1, true), e.accept(3, true)
	p1, st1 := e.promise(b)
	p2, st2 := e.promise(a)
	if p1.Done || p2.Done {
		t.Fatal("done before they have been sent")
	}
	e.want("promises are sent in turns", "PUSH_PROMISE(3) 2", "PUSH_PROMISE(1) 4")
	if !p1.Done || p1.Err != nil || st1.ID() != 2 || !st1.Pushed() || st2.ID() != 4 || a.moved == 0 {
		t.Errorf("promise %+v became stream %d", p1, st1.ID())
	}
	if st1.State() != StateHalfClosedRemote {
		t.Errorf("the promised stream is %v", st1.State())
	}
}

func TestAPromisedStreamIsAnsweredLikeOthers(t *testing.T) {
	e := newServer(t)
	parent := e.accept(1, true)
	_, st := e.promise(parent)
	e.emit()
	e.header(st)
	e.data(st, "pushed")
	e.end(st)
	e.want("the promised response", "HEADERS(2)", "DATA(2) 6 END_STREAM")
	if !st.Closed() || e.localOpen != 0 {
		t.Errorf("the promised stream is %v, %d count", st.State(), e.localOpen)
	}
}

func TestAPromiseFails(t *testing.T) {
	setting := func(id wire.SettingID, v uint32) []byte {
		return wire.AppendSettings(nil, wire.Setting{ID: id, Val: v})
	}
	for _, test := range []struct {
		name string
		err  error
		make func(e *endpoint, parent *testStream) *Promise
	}{
		{"while push is disabled (RFC 9113 §6.5.2)", ErrPushDisabled, func(e *endpoint, parent *testStream) *Promise {
			e.mustRecv(setting(wire.SettingEnablePush, 0))
			p, _ := e.promise(parent)
			return p
		}},
		{"if push is disabled before it is sent", ErrPushDisabled, func(e *endpoint, parent *testStream) *Promise {
			p, _ := e.promise(parent)
			e.mustRecv(setting(wire.SettingEnablePush, 0))
			return p
		}},
		{"after the peer's GOAWAY (RFC 9113 §6.8)", ErrPushDisabled, func(e *endpoint, parent *testStream) *Promise {
			e.mustRecv(wire.AppendGoAway(nil, 0, wire.NoError, nil))
			p, _ := e.promise(parent)
			return p
		}},
		{"beyond the peer's limit (RFC 9113 §5.1.2)", ErrPushLimit, func(e *endpoint, parent *testStream) *Promise {
			e.mustRecv(setting(wire.SettingMaxConcurrentStreams, 1))
			e.promise(parent)
			p, _ := e.promise(parent)
			return p
		}},
		{"when identifiers have run out (RFC 9113 §5.1.1)", ErrPushLimit, func(e *endpoint, parent *testStream) *Promise {
			e.localLast = maxStreamID - 1
			p, _ := e.promise(parent)
			return p
		}},
		{"on a stream that is closed", ErrStreamClosed, func(e *endpoint, parent *testStream) *Promise {
			e.Reset(&parent.Stream, wire.Cancel, nil)
			p, _ := e.promise(parent)
			return p
		}},
		{"on a stream that closes before it is sent", ErrStreamClosed, func(e *endpoint, parent *testStream) *Promise {
			p, _ := e.promise(parent)
			e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
			return p
		}},
		{"on a stream whose END_STREAM is queued (RFC 9113 §6.6)", ErrStreamClosed, func(e *endpoint, parent *testStream) *Promise {
			e.header(parent)
			e.trailers(parent)
			p, _ := e.promise(parent)
			return p
		}},
		{"on a stream whose END_STREAM has been sent (RFC 9113 §6.6)", ErrStreamClosed, func(e *endpoint, parent *testStream) *Promise {
			e.header(parent)
			e.end(parent)
			e.emit()
			p, _ := e.promise(parent)
			return p
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newServer(t)
			p := test.make(e, e.accept(1, false))
			e.emit()
			if !p.Done || p.Err != test.err {
				t.Errorf("done %v, %v; want %v", p.Done, p.Err, test.err)
			}
		})
	}
}

func TestAPromiseMayBeTheLastThingBeforeTheEnd(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.header(st)
			e.promise(st)
			e.end(st)
			e.want("PUSH_PROMISE cannot end a stream", "HEADERS(1)", "PUSH_PROMISE(1) 2", "DATA(1) 0 END_STREAM")
		})
	}
}

func TestAPushedStreamsLimitCountsUntilItCloses(t *testing.T) {
	e := newServer(t)
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1}))
	parent := e.accept(1, false)
	e.promise(parent)
	e.emit()
	e.mustRecv(wire.AppendRSTStream(nil, 2, wire.Cancel))
	if p, _ := e.promise(parent); p.Done {
		t.Fatal(p.Err)
	}
	e.want("the next is promised", "PUSH_PROMISE(1) 4")
}
