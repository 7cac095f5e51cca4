package session

import (
	"errors"
	"testing"
	"time"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

var errCause = errors.New("cause")

// P105. What was flushed is not taken back, and a response that was cut short never
// looks complete. END_STREAM of both sides needs no RST_STREAM.
func TestWhatWasFlushedIsSentBeforeAReset(t *testing.T) {
	lots := string(make([]byte, BufferSize))
	for _, test := range []struct {
		name string
		do   func(e *endpoint, st *testStream)
		want []string
	}{
		{"nothing was sent", func(*endpoint, *testStream) {}, []string{"RST_STREAM(1) CANCEL"}},
		{"the header waits", func(e *endpoint, st *testStream) { e.header(st) }, []string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"a response without a body waits", func(e *endpoint, st *testStream) { e.header(st); e.end(st) },
			[]string{"HEADERS(1) END_STREAM"}},
		{"informational and header wait", func(e *endpoint, st *testStream) { e.info(st); e.header(st) },
			[]string{"HEADERS(1)", "HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"only informational waits", func(e *endpoint, st *testStream) { e.info(st) }, []string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"header and data wait, and what is lent", func(e *endpoint, st *testStream) { e.header(st); e.data(st, "x"); e.lend(st, "y") },
			[]string{"HEADERS(1)", "DATA(1) 1", "RST_STREAM(1) CANCEL"}},
		{"the whole response waits", func(e *endpoint, st *testStream) { e.header(st); e.data(st, "x"); e.end(st) },
			[]string{"HEADERS(1)", "DATA(1) 1 END_STREAM"}},
		{"the whole response waits, with trailers", func(e *endpoint, st *testStream) { e.header(st); e.trailers(st) },
			[]string{"HEADERS(1)", "HEADERS(1) END_STREAM"}},
		{"the end waits for the last piece, which is lent", func(e *endpoint, st *testStream) { e.header(st); e.lend(st, "x"); e.end(st) },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"the header has been sent", func(e *endpoint, st *testStream) { e.header(st); e.emit(); e.data(st, "x") },
			[]string{"DATA(1) 1", "RST_STREAM(1) CANCEL"}},
		{"a promise waits", func(e *endpoint, st *testStream) { e.promise(st); e.header(st) },
			[]string{"HEADERS(1)", "RST_STREAM(1) CANCEL"}},
		{"more waits than the window allows", func(e *endpoint, st *testStream) {
			e.header(st)
			for range 17 {
				e.data(st, lots)
			}
			e.end(st)
		}, []string{"HEADERS(1)", "DATA(1) 16384", "DATA(1) 16384", "DATA(1) 16384", "DATA(1) 16383", "RST_STREAM(1) CANCEL"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, sch := range schedulers {
				t.Run(sch.name, func(t *testing.T) {
					e := newServer(t, sch.use)
					st := e.accept(1, true)
					test.do(e, st)
					e.Reset(&st.Stream, wire.Cancel, errCause)
					e.data(st, "dropped")
					e.end(st)
					e.Reset(&st.Stream, wire.InternalError, nil)
					if !st.Closed() || st.Err() != errCause || st.Lent() {
						t.Errorf("closed %v, %v, lent %v", st.Closed(), st.Err(), st.Lent())
					}
					e.want("what was flushed, then the end", test.want...)
				})
			}
		})
	}
}

// A client that goes on with its request has to be told, whatever it got.
func TestAWholeResponseIsFollowedByTheResetOfItsRequest(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.header(st)
	e.end(st)
	e.Reset(&st.Stream, wire.InternalError, errCause)
	e.want("both", "HEADERS(1) END_STREAM", "RST_STREAM(1) INTERNAL_ERROR")
}

// Nobody wants a request that is cancelled.
func TestWhatAClientHasQueuedIsNotSentBeforeAReset(t *testing.T) {
	e := newClient(t)
	st := e.request(false)
	e.emit()
	e.data(st, "x")
	e.Reset(&st.Stream, wire.Cancel, errCause)
	e.want("only the reset", "RST_STREAM(1) CANCEL")
}

func TestWhatWasFlushedIsSentBeforeAnErrorOfTheConnection(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			a, b := e.accept(1, true), e.accept(3, true)
			e.header(a)
			e.data(a, "x")
			e.GoAway(wire.ProtocolError, "")
			e.data(a, "too late")
			e.header(b)
			e.want("what was flushed, then GOAWAY", "HEADERS(1)", "DATA(1) 1", "GOAWAY 3 PROTOCOL_ERROR")
		})
	}
}

func TestWhatWasFlushedIsSentWhenThePeerHasEndedTheConnection(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "x")
			e.End(errCause)
			e.want("what was flushed", "HEADERS(1)", "DATA(1) 1")
			if !st.Closed() || st.Err() != errCause {
				t.Errorf("closed %v, %v", st.Closed(), st.Err())
			}
		})
	}
}

// A batch is full at some point, and the rest leaves with the next.
func TestWhatRemainsOfStreamsIsSentInBatches(t *testing.T) {
	const n = 8
	e := newServer(t)
	for i := range uint32(n) {
		st := e.accept(2*i+1, true)
		e.header(st)
		e.data(st, "x")
		e.Reset(&st.Stream, wire.Cancel, errCause)
	}
	b := new(Batch)
	for i := range n {
		if e.control.flushed == 0 {
			t.Fatalf("%d streams were taken for all", i)
		}
		b.Reset()
		e.Emit(b, 1)
	}
	if e.control.flushed != 0 || e.Pending() {
		t.Errorf("%d bytes remain, pending %t", e.control.flushed, e.Pending())
	}
}

// CVE-2019-9514 and its like: streams end, and their peer reads nothing.
func TestReadingStopsWhileTooMuchRemainsOfStreams(t *testing.T) {
	e := newServer(t, func(c *Config) { c.MaxConcurrentStreams = 1 })
	e.mustRecv(wire.AppendWindowUpdate(nil, 0, 1<<30))
	most := 0
	for i := uint32(1); !e.Backlogged(); i += 2 {
		st := e.accept(i, true)
		e.header(st)
		for range 15 {
			e.data(st, string(make([]byte, BufferSize)))
		}
		most = st.Queued()
		e.Reset(&st.Stream, wire.Cancel, errCause)
	}
	if e.control.flushed < maxFlushed || e.control.flushed > maxFlushed+most {
		t.Errorf("%d bytes remain", e.control.flushed)
	}
}

// A response whose request was malformed is sent as a whole, whenever that is.
func TestResetWhenSentLeavesTheResponseWhole(t *testing.T) {
	steps := []step{stepHeader, stepData, stepEnd}
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
			e.header(st)
			e.promise(st)
			e.ResetWhenSent(&st.Stream, wire.Cancel, errCause)
			e.want("all of it", "HEADERS(1)", "PUSH_PROMISE(1) 2", "RST_STREAM(1) CANCEL")
		})
	}
}

func TestAStreamThatHasNotBeenSentIsResetWithoutAFrame(t *testing.T) {
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
				e.header(st)
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
	e.header(st)
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
	e.header(st)
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
	e.ReturnLent(&b)
	if st.Lent() || b.Lent() || st.moved != moved+1 {
		t.Error("copied: back, and the owner is told")
	}
	e.ReturnLent(&b)
	if st.lentOut != 0 || st.moved != moved+1 {
		t.Error("closed twice")
	}
}

func TestLentBytesThatAreDroppedComeBackAtOnce(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.lend(st, "lent")
	moved := st.moved
	e.Reset(&st.Stream, wire.Cancel, nil)
	if st.Lent() || st.moved == moved {
		t.Error("the owner still waits")
	}
}

func TestLentBytesThatAreSentInPiecesComeBackWhenAllHaveBeenSent(t *testing.T) {
	e := newServer(t)
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 3}))
	st := e.accept(1, true)
	e.header(st)
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
	s := New(&Config{Role: Server, MaxConcurrentStreams: 10, InitialWindow: wire.DefaultWindow, ConnWindow: wire.DefaultWindow, Policy: sched.NewRoundRobin()}, time.Time{})
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
