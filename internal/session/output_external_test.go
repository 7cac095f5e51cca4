package session

import (
	"fmt"
	"strings"
	"testing"

	"h2fork.example/net/internal/wire"
)

func newExternal(t *testing.T) (*endpoint, *fakeExternal) {
	x := newFakeExternal()
	return newServer(t, func(c *Config) { c.Policy, c.External = nil, x }), x
}

// A user's scheduler is offered every frame but those that may not wait.
func TestAnExternalSchedulerSeesEveryFrame(t *testing.T) {
	e, x := newExternal(t)
	st, closed := e.accept(1, false), e.accept(3, false)
	e.info(st)
	e.header(st)
	e.data(st, "hello")
	e.lend(st, "lent")
	e.promise(st)
	e.mustRecv(wire.AppendPing(nil, false, [8]byte{}))
	e.Ping([8]byte{})
	e.Reset(&closed.Stream, wire.Cancel, nil)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.Consume(&st.Stream, 32768)
	e.trailers(st)
	var got []string
	for _, f := range x.control {
		got = append(got, fmt.Sprintf("%s(%d)", f.name, f.t.StreamID()))
	}
	for _, id := range x.ids {
		for _, f := range x.queues[id] {
			got = append(got, fmt.Sprintf("%s(%d) %d", f.name, f.t.StreamID(), f.size))
		}
	}
	want := "PING(0) PING(0) WINDOW_UPDATE(0) HEADERS(1) 0 HEADERS(1) 0 DATA(1) 5 DATA(1) 4 PUSH_PROMISE(1) 0 WINDOW_UPDATE(1) 0 HEADERS(1) 0 RST_STREAM(3) 0"
	if strings.Join(got, " ") != want {
		t.Errorf("pushed\n %q, want\n %q", strings.Join(got, " "), want)
	}
	e.want("in its order",
		"PING ACK \x00\x00\x00\x00\x00\x00\x00\x00", "PING \x00\x00\x00\x00\x00\x00\x00\x00", "WINDOW_UPDATE(0) 32768",
		"HEADERS(1)", "HEADERS(1)", "DATA(1) 5", "DATA(1) 4", "PUSH_PROMISE(1) 2", "WINDOW_UPDATE(1) 32768", "HEADERS(1) END_STREAM",
		"RST_STREAM(3) CANCEL")
	if e.Pending() {
		t.Error("nothing is left")
	}
}

func TestAnExternalSchedulerMayCutData(t *testing.T) {
	e, x := newExternal(t)
	x.most = 2
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "hello")
	e.end(st)
	e.want("pieces, the last of which ends", "HEADERS(1)", "DATA(1) 2", "DATA(1) 2", "DATA(1) 1 END_STREAM")
}

// A stream that ends with nothing queued takes a token of its own.
func TestAnExternalSchedulerDecidesWhenAnEmptyFrameEnds(t *testing.T) {
	e, x := newExternal(t)
	st := e.accept(1, true)
	e.header(st)
	e.want("the header", "HEADERS(1)")
	e.end(st)
	if len(x.ids) != 1 || len(x.queues[1]) != 1 {
		t.Fatalf("%v", x.queues)
	}
	e.want("the end", "DATA(1) 0 END_STREAM")
}

// What a scheduler keeps of a stream that has closed is ignored.
func TestTokensOfClosedStreamsAreIgnored(t *testing.T) {
	e, x := newExternal(t)
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "x")
	kept := x.queues[1]
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
	x.ids, x.queues[1] = []uint32{1}, kept
	e.Ping([8]byte{1})
	e.want("only the PING", "PING \x01\x00\x00\x00\x00\x00\x00\x00")
	x.control = append(x.control, fakeFrame{}) // the zero Token
	e.want("nothing")
}

// A WINDOW_UPDATE that the scheduler forgot with its stream is not pending for
// ever.
func TestCreditOfAClosedStreamIsNotPending(t *testing.T) {
	e, _ := newExternal(t)
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 1)))
	e.Consume(&st.Stream, 16385)
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
	e.want("the connection's", "WINDOW_UPDATE(0) 16385")
	if e.Pending() || len(e.control.credits) != 0 {
		t.Error("something is pending")
	}
}

// A window that grows is not forgotten because other frames filled the batch.
func TestAGrownWindowOutlastsAFullBatch(t *testing.T) {
	e, _ := newExternal(t)
	e.mustRecv(settings(window, 0))
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "x")
	e.end(st)
	e.emit()
	e.mustRecv(settings(window, 1))
	if got := describeAll(e.emitBytes(1)); len(got) != 1 {
		t.Fatalf("%q", got)
	}
	if !e.Pending() {
		t.Error("DATA is forgotten")
	}
	e.want("it is sent", "DATA(1) 1 END_STREAM")
}

// The wire is the same with a user's scheduler as with ours, where both have the
// same choices.
func TestAnExternalSchedulerChangesNothingButTheOrder(t *testing.T) {
	scripts := map[string]func(e *endpoint){
		"a response": func(e *endpoint) {
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "hello")
			e.end(st)
		},
		"with trailers": func(e *endpoint) {
			st := e.accept(1, false)
			e.info(st)
			e.header(st)
			e.lend(st, "hello")
			e.trailers(st)
			e.Done(&st.Stream)
		},
		"ended late": func(e *endpoint) {
			st := e.accept(1, false)
			e.header(st)
			e.emit()
			e.end(st)
		},
		"through a small window": func(e *endpoint) {
			e.mustRecv(settings(window, 3))
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "hello")
			e.end(st)
			e.emit()
			e.mustRecv(settings(window, 100))
		},
		"cut short": func(e *endpoint) {
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "hello")
			e.end(st)
			e.Reset(&st.Stream, wire.InternalError, nil)
		},
		"pushed": func(e *endpoint) {
			st := e.accept(1, true)
			_, pushed := e.promise(st)
			e.emit()
			e.header(pushed)
			e.data(pushed, "hello")
			e.trailers(pushed)
		},
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			var first []string
			for _, sch := range schedulers {
				e := newServer(t, sch.use)
				script(e)
				got := e.emit()
				if first == nil {
					first = got
				}
				if fmt.Sprint(got) != fmt.Sprint(first) {
					t.Errorf("%s: %q, want %q", sch.name, got, first)
				}
			}
		})
	}
}
