package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

// What is to be said about the connection comes first, in an order that does not
// depend on which was asked for first.
func TestControlFramesAreSentInOrder(t *testing.T) {
	e := newServer(t)
	st, closed := e.accept(1, false), e.accept(3, false)
	e.header(st)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.Consume(&st.Stream, 32768)
	e.Reset(&closed.Stream, wire.Cancel, nil)
	e.Ping([8]byte([]byte("our ping")))
	e.mustRecv(wire.AppendPing(nil, false, [8]byte([]byte("itsping1"))))
	e.mustRecv(wire.AppendPing(nil, false, [8]byte([]byte("itsping2"))))
	e.mustRecv(settings(frameSize, 16384))
	e.GoAway(wire.NoError, "")
	e.want("control, then streams",
		"GOAWAY 3 NO_ERROR",
		"SETTINGS ACK",
		"PING ACK itsping1", "PING ACK itsping2",
		"RST_STREAM(3) CANCEL",
		"PING our ping",
		"WINDOW_UPDATE(0) 32768", "WINDOW_UPDATE(1) 32768",
		"HEADERS(1)")
}

// RST_STREAM follows what had been sent before it, never overtakes it.
func TestAResetFollowsWhatHasBeenSent(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "x")
			got := describeAll(e.emitBytes(1))
			e.Reset(&st.Stream, wire.Cancel, nil)
			got = append(got, e.emit()...)
			if n := len(got); got[0] != "HEADERS(1)" || got[n-1] != "RST_STREAM(1) CANCEL" {
				t.Errorf("%q", got)
			}
		})
	}
}

// Replies that pile up stop the reading, which is what bounds them.
// P32.
func TestFloodsThatWantRepliesCongest(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit int
		frame func(e *endpoint, i int)
	}{
		{"PING (CVE-2019-9512)", maxPingAcks, func(e *endpoint, _ int) { e.mustRecv(wire.AppendPing(nil, false, [8]byte{})) }},
		{"SETTINGS (CVE-2019-9515)", maxSettingsAcks, func(e *endpoint, _ int) { e.mustRecv(settings()) }},
		{"frames that are answered with RST_STREAM (CVE-2019-9514)", maxPendingResets, func(e *endpoint, i int) {
			e.handle(e.recv(wire.AppendData(nil, uint32(2*i+1), false, []byte("x"))))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, sch := range schedulers {
				t.Run(sch.name, func(t *testing.T) {
					e := newServer(t, sch.use)
					e.accept(100001, false)
					for i := range test.limit {
						if e.Backlogged() {
							t.Fatalf("after %d", i)
						}
						test.frame(e, i)
					}
					if !e.Backlogged() || !e.Pending() {
						t.Fatal("still reading")
					}
					if n := len(e.emit()); n < test.limit {
						t.Errorf("%d replies", n)
					}
					if e.Backlogged() || e.Pending() {
						t.Error("replies have been sent")
					}
				})
			}
		})
	}
}

// Budgets bound what one batch holds; the rest follows.
func TestABatchStopsAtItsBudget(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			for i := range uint32(10) {
				st := e.accept(2*i+1, true)
				e.header(st)
				e.data(st, "hello")
				e.end(st)
			}
			batches, frames := 0, 0
			for p := e.emitBytes(100); len(p) > 0; p = e.emitBytes(100) {
				if len(p) > 200 {
					t.Errorf("%d bytes", len(p))
				}
				batches++
				frames += len(describeAll(p))
				if !e.Pending() != (e.OpenStreams() == 0) {
					t.Error("pending is wrong")
				}
			}
			if batches < 5 || frames != 20 {
				t.Errorf("%d frames in %d batches", frames, batches)
			}
		})
	}
}
