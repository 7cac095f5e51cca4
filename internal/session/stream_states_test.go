package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

// frameKinds are frames for an arbitrary stream.
var frameKinds = []struct {
	name string
	make func(id uint32) []byte
}{
	{"HEADERS", func(id uint32) []byte { return headers(id, true) }},
	{"DATA", func(id uint32) []byte { return wire.AppendData(nil, id, false, []byte("x")) }},
	{"RST_STREAM", func(id uint32) []byte { return wire.AppendRSTStream(nil, id, wire.Cancel) }},
	{"WINDOW_UPDATE", func(id uint32) []byte { return wire.AppendWindowUpdate(nil, id, 1) }},
	{"PRIORITY", func(id uint32) []byte { return wire.AppendPriority(nil, id, wire.PriorityParam{StreamDep: 99}) }},
}

// judge tells what e says to each kind of frame on stream id. reach brings a
// fresh endpoint into the state in question.
func judge(t *testing.T, reach func(t *testing.T) (*endpoint, uint32), want [5]string) {
	for i, kind := range frameKinds {
		t.Run(kind.name, func(t *testing.T) {
			e, id := reach(t)
			wantVerdict(t, e.recv(kind.make(id)), want[i])
		})
	}
}

const (
	ok             = "ok"
	connProtocol   = "connection PROTOCOL_ERROR"
	connClosed     = "connection STREAM_CLOSED"
	streamClosed   = "stream STREAM_CLOSED"
	streamProtocol = "stream PROTOCOL_ERROR"
)

// RFC 9113 §5.1, §5.1.1 and §8.1: what a server says to frames in each state.
func TestAServerJudgesFramesByTheStreamsState(t *testing.T) {
	answer := func(e *endpoint, st *testStream) {
		e.header(st)
		e.end(st)
		e.emit()
	}
	states := []struct {
		name  string
		reach func(t *testing.T) (*endpoint, uint32)
		want  [5]string // HEADERS, DATA, RST_STREAM, WINDOW_UPDATE, PRIORITY
	}{
		{"idle", func(t *testing.T) (*endpoint, uint32) { return newServer(t), 1 },
			[5]string{ok, connProtocol, connProtocol, connProtocol, ok}},
		{"idle, of the server's", func(t *testing.T) (*endpoint, uint32) { return newServer(t), 2 },
			[5]string{connProtocol, connProtocol, connProtocol, connProtocol, ok}},
		{"open", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(1, false)
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"half-closed (remote)", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(1, true)
			return e, 1
		}, [5]string{streamClosed, streamClosed, ok, ok, ok}},
		{"half-closed (local)", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			answer(e, e.accept(1, false))
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"closed, by END_STREAM both ways", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			answer(e, e.accept(1, true))
			return e, 1
		}, [5]string{connClosed, streamClosed, ok, ok, ok}},
		{"closed, by our RST_STREAM", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.Reset(&e.accept(1, false).Stream, wire.Cancel, nil)
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"closed, by the peer's RST_STREAM", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(1, false)
			e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
			return e, 1
		}, [5]string{streamClosed, streamClosed, ok, ok, ok}},
		{"closed, because a higher one was opened", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(7, false)
			return e, 5
		}, [5]string{connProtocol, streamClosed, ok, ok, ok}},
		{"reserved (local)", func(t *testing.T) (*endpoint, uint32) { // P85
			e := newServer(t)
			e.promise(e.accept(1, false))
			e.emit()
			return e, 2
		}, [5]string{connProtocol, connProtocol, ok, ok, ok}},
		{"promised, half-closed (remote)", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			_, st := e.promise(e.accept(1, false))
			e.emit()
			e.header(st)
			e.emit()
			return e, 2
		}, [5]string{streamClosed, streamClosed, ok, ok, ok}},
		{"above our graceful GOAWAY", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(1, false)
			e.GoAway(wire.NoError, "")
			e.mustRecv(headers(3, false)) // sent before it arrived
			return e, 3
		}, [5]string{ok, ok, ok, ok, ok}},
		{"idle, after our fatal GOAWAY", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.GoAway(wire.InternalError, "")
			return e, 3
		}, [5]string{ok, ok, ok, ok, ok}},
		{"closed, after our fatal GOAWAY", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			answer(e, e.accept(1, true))
			e.GoAway(wire.InternalError, "")
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"below our graceful GOAWAY", func(t *testing.T) (*endpoint, uint32) {
			e := newServer(t)
			e.accept(1, false)
			e.GoAway(wire.NoError, "")
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
	}
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) { judge(t, s.reach, s.want) })
	}
}

// RFC 9113 §5.1: what a client says to frames in each state.
func TestAClientJudgesFramesByTheStreamsState(t *testing.T) {
	open := func(t *testing.T, end bool) (*endpoint, *testStream) {
		e := newClient(t)
		st := e.request(end)
		e.emit()
		return e, st
	}
	states := []struct {
		name  string
		reach func(t *testing.T) (*endpoint, uint32)
		want  [5]string
	}{
		{"idle", func(t *testing.T) (*endpoint, uint32) { return newClient(t), 1 },
			[5]string{connProtocol, connProtocol, connProtocol, connProtocol, ok}},
		{"idle, of the server's", func(t *testing.T) (*endpoint, uint32) { return newClient(t), 2 },
			[5]string{connProtocol, connProtocol, connProtocol, connProtocol, ok}},
		{"queued, and still idle", func(t *testing.T) (*endpoint, uint32) {
			e := newClient(t)
			e.request(true)
			return e, 1
		}, [5]string{connProtocol, connProtocol, connProtocol, connProtocol, ok}},
		{"open", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, false)
			return e, 1
		}, [5]string{ok, streamProtocol, ok, ok, ok}},
		{"open, after the field section", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, false)
			e.mustRecv(headers(1, false))
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"half-closed (local)", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, true)
			return e, 1
		}, [5]string{ok, streamProtocol, ok, ok, ok}},
		{"half-closed (remote)", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, false)
			e.mustRecv(headers(1, true))
			return e, 1
		}, [5]string{streamClosed, streamClosed, ok, ok, ok}},
		{"closed, by END_STREAM both ways", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, true)
			e.mustRecv(headers(1, true))
			return e, 1
		}, [5]string{connClosed, streamClosed, ok, ok, ok}},
		{"closed, by our RST_STREAM", func(t *testing.T) (*endpoint, uint32) {
			e, st := open(t, true)
			e.Reset(&st.Stream, wire.Cancel, nil)
			return e, 1
		}, [5]string{ok, ok, ok, ok, ok}},
		{"closed, by the peer's RST_STREAM", func(t *testing.T) (*endpoint, uint32) {
			e, _ := open(t, true)
			e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
			return e, 1
		}, [5]string{streamClosed, streamClosed, ok, ok, ok}},
	}
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) { judge(t, s.reach, s.want) })
	}
}

// RFC 9113 §5.1: the states that a stream goes through.
func TestStreamStatesFollowTheDiagram(t *testing.T) {
	wantState := func(t *testing.T, st *testStream, want State) {
		t.Helper()
		if st.State() != want {
			t.Errorf("stream %d is %v, want %v", st.ID(), st.State(), want)
		}
	}
	t.Run("the peer ends first", func(t *testing.T) {
		e := newServer(t)
		st := e.accept(1, false)
		wantState(t, st, StateOpen)
		e.mustRecv(wire.AppendData(nil, 1, true, nil))
		wantState(t, st, StateHalfClosedRemote)
		e.header(st)
		e.end(st)
		wantState(t, st, StateHalfClosedRemote) // it has not been sent
		e.emit()
		wantState(t, st, StateClosed)
		if st.Err() != nil || e.OpenStreams() != 0 || e.TakeClosed() != &st.Stream || e.TakeClosed() != nil {
			t.Error("a clean end is not reported once, as such")
		}
	})
	t.Run("we end first", func(t *testing.T) {
		e := newServer(t)
		st := e.accept(1, false)
		e.header(st)
		e.end(st)
		e.emit()
		wantState(t, st, StateHalfClosedLocal)
		e.mustRecv(headers(1, true)) // trailers
		wantState(t, st, StateClosed)
	})
	t.Run("a request that is all there", func(t *testing.T) {
		e := newServer(t)
		wantState(t, e.accept(1, true), StateHalfClosedRemote)
	})
	t.Run("a client's", func(t *testing.T) {
		e := newClient(t)
		st := e.request(true)
		wantState(t, st, StateIdle)
		e.emit()
		wantState(t, st, StateHalfClosedLocal)
		e.mustRecv(headers(1, false))
		wantState(t, st, StateHalfClosedLocal)
		e.mustRecv(wire.AppendData(nil, 1, true, []byte("x")))
		wantState(t, st, StateClosed)
		e.Consume(&st.Stream, 1)
		e.check()
	})
}
