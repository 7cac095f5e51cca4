package session

import (
	"errors"
	"testing"
	"time"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

var errCause = errors.New("cause")

// What was flushed is not taken back, and a response that was cut short never
// looks complete.
func TestResetAfterHead(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(e *endpoint, st *testStream)
		want []string
	}{
		{"nothing was sent", func(*endpoint, *testStream) {}, []string{"RST_STREAM(1) CANCEL"}},
		{"the head waits", func(e *endpoint, st *testStream) { e.head(st) }, []string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"a response without a body waits", func(e *endpoint, st *testStream) { e.head(st); e.end(st) },
			[]string{"HEADERS(1) END_STREAM", "RST_STREAM(1) CANCEL"}},
		{"informational and head wait", func(e *endpoint, st *testStream) { e.info(st); e.head(st) },
			[]string{"HEADERS(1)", "HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"only informational waits", func(e *endpoint, st *testStream) { e.info(st) }, []string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"head and data wait", func(e *endpoint, st *testStream) { e.head(st); e.data(st, "x"); e.lend(st, "y") },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"the whole response waits", func(e *endpoint, st *testStream) { e.head(st); e.data(st, "x"); e.end(st) },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"the whole response waits, with trailers", func(e *endpoint, st *testStream) { e.head(st); e.trailers(st) },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"the head has left", func(e *endpoint, st *testStream) { e.head(st); e.emit(); e.data(st, "x") },
			[]string{"RST_STREAM(1) CANCEL"}},
		{"a promise waits", func(e *endpoint, st *testStream) { e.promise(st); e.head(st) },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, sch := range schedulers {
				t.Run(sch.name, func(t *testing.T) {
					e := newServer(t, sch.use)
					st := e.accept(1, true)
					test.do(e, st)
					e.ResetAfterHead(&st.Stream, wire.Cancel, errCause)
					e.data(st, "dropped")
					e.end(st)
					e.ResetAfterHead(&st.Stream, wire.InternalError, nil)
					e.want("what was flushed, then RST_STREAM", test.want...)
					if st.Err() != errCause || st.Lent() {
						t.Errorf("%v, lent %v", st.Err(), st.Lent())
					}
				})
			}
		})
	}
}

// A response whose request was malformed leaves as a whole, whenever that is.
func TestResetWhenSentLeavesTheResponseWhole(t *testing.T) {
	steps := []step{stepHead, stepData, stepEnd}
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			for emitAfter := range 1 << len(steps) {
				e := newServer(t, sch.use)
				st := e.accept(1, false)
				var got []string
				for i, s := range steps {
					s.do(e, st)
					if i == len(steps)-1 {
						e.ResetWhenSent(&st.Stream, wire.ProtocolError, errCause)
					}
					if emitAfter&(1<<i) != 0 {
						got = append(got, e.emit()...)
					}
				}
				got = append(got, e.emit()...)
				n := len(got)
				if n < 3 || got[n-1] != "RST_STREAM(1) PROTOCOL_ERROR" || got[n-2] != "DATA(1) 0 END_STREAM" && got[n-2] != "DATA(1) 5 END_STREAM" {
					t.Errorf("emission at %03b: %q", emitAfter, got)
				}
				if st.Err() != errCause {
					t.Error(st.Err())
				}
			}
		})
	}
}

func TestResetWhenSentAfterAPromise(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.head(st)
			e.promise(st)
			e.ResetWhenSent(&st.Stream, wire.Cancel, errCause)
			e.want("all of it", "HEADERS(1)", "PUSH_PROMISE(1) 2", "RST_STREAM(1) CANCEL")
		})
	}
}

func TestAStreamThatHasNotLeftIsResetWithoutAFrame(t *testing.T) {
	e := newClient(t)
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 0}))
	a, b := e.request(true), e.request(true)
	e.Reset(&a.Stream, wire.Cancel, errCause)
	e.ResetWhenSent(&b.Stream, wire.Cancel, errCause)
	e.want("only the acknowledgement", "SETTINGS ACK")
	if a.Err() != errCause || b.Err() != errCause || e.OpenStreams() != 0 {
		t.Errorf("%v, %v, %d streams", a.Err(), b.Err(), e.OpenStreams())
	}
}

// RFC 9113 §8.1: a server that has sent its whole response asks the client to
// stop, without error.
func TestAFinishedHandlerStopsTheRequest(t *testing.T) {
	for _, doneFirst := range []bool{false, true} {
		for _, sch := range schedulers {
			t.Run(sch.name, func(t *testing.T) {
				e := newServer(t, sch.use)
				st := e.accept(1, false)
				e.head(st)
				e.end(st)
				if doneFirst {
					e.Done(&st.Stream)
				}
				got := e.emit()
				e.Done(&st.Stream)
				got = append(got, e.emit()...)
				if len(got) != 2 || got[0] != "HEADERS(1) END_STREAM" || got[1] != "RST_STREAM(1) NO_ERROR" {
					t.Errorf("%q", got)
				}
				if !st.Closed() || st.Err() != nil {
					t.Errorf("%v, %v", st.State(), st.Err())
				}
				e.mustRecv(wire.AppendData(nil, 1, false, []byte("on its way")))
			})
		}
	}
}

func TestAFinishedHandlerOfAWholeRequestResetsNothing(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.head(st)
	e.end(st)
	e.Done(&st.Stream)
	e.want("the response", "HEADERS(1) END_STREAM")
	e.Done(&st.Stream)
	e.want("nothing")
}

// The owner of lent bytes may touch them again once they have been copied, even
// if the stream closes meanwhile.
func TestLentBytesComeBackOnceCopied(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.head(st)
	e.lend(st, "lent")
	if !st.Lent() || st.LentOut() {
		t.Fatal("queued: lent, and not out")
	}
	var b Batch
	e.Emit(&b, 1<<16)
	if !st.LentOut() || !b.Lent() || st.Queued() != 0 {
		t.Fatal("emitted: out")
	}
	e.Reset(&st.Stream, wire.Cancel, nil)
	if !st.Lent() || !st.LentOut() {
		t.Fatal("a reset does not bring them back")
	}
	moved := st.moved
	e.Settle(&b)
	if st.Lent() || b.Lent() || st.moved != moved+1 {
		t.Error("copied: back, and the owner is told")
	}
	e.Settle(&b)
	if st.lentOut != 0 || st.moved != moved+1 {
		t.Error("settled twice")
	}
}

func TestLentBytesThatAreDroppedComeBackAtOnce(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.head(st)
	e.lend(st, "lent")
	moved := st.moved
	e.ResetAfterHead(&st.Stream, wire.Cancel, nil)
	if st.Lent() || st.moved == moved {
		t.Error("the owner still waits")
	}
}

func TestLentBytesThatLeaveInPiecesComeBackWhenAllHaveLeft(t *testing.T) {
	e := newServer(t)
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 3}))
	st := e.accept(1, true)
	e.head(st)
	e.lend(st, "hello")
	e.want("a piece", "SETTINGS ACK", "HEADERS(1)", "DATA(1) 3")
	if !st.Lent() || st.LentOut() {
		t.Fatal("the rest is still lent")
	}
	e.mustRecv(wire.AppendWindowUpdate(nil, 1, 2))
	e.want("the rest", "DATA(1) 2")
	if st.Lent() {
		t.Error("still lent")
	}
}

// RFC 9113 §5.1: after it has sent RST_STREAM an endpoint sends nothing more on
// the stream, whether or not ours has crossed it.
func TestHeadersAfterThePeersResetAreStreamClosedAlsoIfOursCrossedIt(t *testing.T) {
	s := New(Config{Role: Server, MaxConcurrentStreams: 10, InitialWindow: wire.DefaultWindow, ConnWindow: wire.DefaultWindow, Policy: sched.NewRoundRobin()}, time.Time{})
	st := &Stream{Owner: silentOwner{}}
	if ok, err := s.Accept(st, 1, false, -1, sched.Priority{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	s.Reset(st, wire.NoError, nil)
	if st, err := s.RecvFields(1, true); st != nil || err != nil {
		t.Errorf("HEADERS that crossed our RST_STREAM: %v, %v", st, err)
	}
	if err := s.RecvReset(1, wire.Cancel, time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, err := s.RecvFields(1, true)
	if e, ok := err.(*wire.StreamError); !ok || e.Code != wire.StreamClosed {
		t.Errorf("HEADERS after the peer's own RST_STREAM: %v", err)
	}
}

// silentOwner does not care.
type silentOwner struct{}

func (silentOwner) OutputMoved() {}
