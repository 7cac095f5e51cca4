package session

import (
	"fmt"
	"strings"
	"testing"

	"h2fork.example/net/internal/wire"
)

// A step is a call that a response is made of.
type step struct {
	name string
	do   func(e *endpoint, st *testStream)
}

var (
	stepInfo     = step{"info", func(e *endpoint, st *testStream) { e.info(st) }}
	stepHeader   = step{"header", func(e *endpoint, st *testStream) { e.header(st) }}
	stepCommit   = step{"committed header", func(e *endpoint, st *testStream) { e.commit(st) }}
	stepData     = step{"data", func(e *endpoint, st *testStream) { e.data(st, "hello") }}
	stepLent     = step{"lent data", func(e *endpoint, st *testStream) { e.lend(st, "hello") }}
	stepEnd      = step{"end", func(e *endpoint, st *testStream) { e.end(st) }}
	stepTrailers = step{"trailers", func(e *endpoint, st *testStream) { e.trailers(st) }}
)

// folded is the contract: END_STREAM is on the last frame that has not been sent yet, but
// not on a committed field section; DATA that waits together leaves together.
func folded(steps []step, emitAfter int) []string {
	var frames []string
	waiting := 0 // frames at the end of the list that have not been sent
	for i, s := range steps {
		last := len(frames) - 1
		switch s.name {
		case "info", "header":
			frames, waiting = append(frames, "HEADERS(1)"), waiting+1
		case "committed header":
			frames, waiting = append(frames, "HEADERS(1)"), 0
		case "data", "lent data":
			if waiting > 0 && strings.HasPrefix(frames[last], "DATA") {
				var n int
				fmt.Sscanf(frames[last], "DATA(1) %d", &n)
				frames[last] = fmt.Sprintf("DATA(1) %d", n+5)
			} else {
				frames, waiting = append(frames, "DATA(1) 5"), waiting+1
			}
		case "trailers":
			frames, waiting = append(frames, "HEADERS(1) END_STREAM"), waiting+1
		case "end":
			if waiting > 0 {
				frames[last] += " END_STREAM"
			} else {
				frames, waiting = append(frames, "DATA(1) 0 END_STREAM"), waiting+1
			}
		}
		if emitAfter&(1<<i) != 0 {
			waiting = 0
		}
	}
	return frames
}

// Every response of a few steps, with emission at every subset of the points in
// between, under every scheduler.
func TestEndStreamIsOnTheLastFrameThatHasNotBeenSent(t *testing.T) {
	responses := [][]step{
		{stepHeader, stepEnd},
		{stepHeader, stepTrailers},
		{stepHeader, stepData, stepEnd},
		{stepHeader, stepLent, stepEnd},
		{stepHeader, stepData, stepTrailers},
		{stepHeader, stepLent, stepTrailers},
		{stepHeader, stepData, stepLent, stepData, stepEnd},
		{stepCommit, stepEnd},
		{stepCommit, stepTrailers},
		{stepCommit, stepData, stepEnd},
		{stepCommit, stepLent, stepTrailers},
		{stepInfo, stepCommit, stepEnd},
		{stepInfo, stepHeader, stepEnd},
		{stepInfo, stepInfo, stepHeader, stepData, stepTrailers},
	}
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			for _, steps := range responses {
				for emitAfter := range 1 << len(steps) {
					e := newServer(t, sch.use)
					if x, ok := e.cfg.External.(*fakeExternal); ok && x != nil && countData(steps) > 1 {
						continue // a token a write: they are not sent in one frame
					}
					st := e.accept(1, true)
					var got []string
					var names []string
					for i, s := range steps {
						s.do(e, st)
						names = append(names, s.name)
						if emitAfter&(1<<i) != 0 {
							got = append(got, e.emit()...)
							names = append(names, "emit")
						}
					}
					got = append(got, e.emit()...)
					if want := folded(steps, emitAfter); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%v:\n got %q\nwant %q", names, got, want)
					}
					if !st.Closed() || st.Lent() || e.Pending() {
						t.Errorf("%v: closed %v, lent %v, pending %v", names, st.Closed(), st.Lent(), e.Pending())
					}
				}
			}
		})
	}
}

func countData(steps []step) int {
	n := 0
	for _, s := range steps {
		if strings.Contains(s.name, "data") {
			n++
		}
	}
	return n
}

// A promise may be queued before the committed field section or behind it. It is no frame of
// its stream, and a user's scheduler is to be told of the empty DATA frame once.
func TestPromisesDoNotChangeHowACommittedFieldSectionEnds(t *testing.T) {
	for _, sch := range schedulers {
		for _, promiseFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, promise first %t", sch.name, promiseFirst), func(t *testing.T) {
				e := newServer(t, sch.use)
				st := e.accept(1, true)
				want := []string{"HEADERS(1)", "PUSH_PROMISE(1) 2", "DATA(1) 0 END_STREAM"}
				if promiseFirst {
					e.promise(st)
					want[0], want[1] = want[1], want[0]
				}
				e.commit(st)
				if !promiseFirst {
					e.promise(st)
				}
				e.end(st)
				e.want("all of it", want...)
				if !st.Closed() || e.Pending() {
					t.Errorf("closed %v, pending %v", st.Closed(), e.Pending())
				}
				if x, ok := e.cfg.External.(*fakeExternal); ok && x.pushes != len(want) {
					t.Errorf("%d frames were pushed, want %d", x.pushes, len(want))
				}
			})
		}
	}
}

// What a stream that is reset has flushed is still sent, framed no differently.
func TestTheRemainsOfACommittedResponseEndWithDATA(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.commit(st)
			e.end(st)
			e.Reset(&st.Stream, wire.InternalError, nil)
			e.want("it is complete", "HEADERS(1)", "DATA(1) 0 END_STREAM")
		})
	}
}

// A window that closes in between does not change which frame ends the stream.
func TestEndStreamWaitsForTheWindow(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 4}))
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "hello")
			e.end(st)
			e.want("as much as there is room", "SETTINGS ACK", "HEADERS(1)", "DATA(1) 4")
			if e.Pending() {
				t.Error("nothing may be sent, and emission is asked for")
			}
			e.mustRecv(wire.AppendWindowUpdate(nil, 1, 1))
			if !e.Pending() {
				t.Fatal("the writer is not told of the window")
			}
			e.want("the rest", "DATA(1) 1 END_STREAM")
		})
	}
}

func TestTrailersNeedNoWindow(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 0}))
			st := e.accept(1, true)
			e.header(st)
			e.trailers(st)
			e.want("both are sent", "SETTINGS ACK", "HEADERS(1)", "HEADERS(1) END_STREAM")
			st = e.accept(3, true)
			e.header(st)
			e.emit()
			e.end(st)
			e.want("an empty DATA frame needs none either", "DATA(3) 0 END_STREAM")
		})
	}
}

// RFC 9113 §8.1: an informational response ends nothing.
func TestAnInformationalResponseNeverEndsAStream(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.info(st)
	e.end(st)
	e.want("it goes alone", "HEADERS(1)")
	if st.HeaderSent() || st.Closed() {
		t.Error("the stream has been answered")
	}
}

func TestNothingIsQueuedBehindTheEnd(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.header(st)
	e.trailers(st)
	e.data(st, "too late")
	e.lend(st, "too late")
	e.end(st)
	e.trailers(st)
	e.want("what was there when it ended", "HEADERS(1)", "HEADERS(1) END_STREAM")
	e.data(st, "too late")
	e.lend(st, "too late")
	e.want("nothing more")
	if st.Lent() || st.Queued() != 0 {
		t.Error("something is still queued")
	}
}

func TestNothingIsQueuedOnAClosedStream(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.Reset(&st.Stream, wire.Cancel, nil)
	e.header(st)
	e.data(st, "dropped")
	e.lend(st, "dropped")
	e.trailers(st)
	e.want("the reset", "RST_STREAM(1) CANCEL")
	if st.Lent() || st.Queued() != 0 {
		t.Error("something is queued")
	}
}
