package session

import (
	"errors"
	"fmt"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// RFC 9113 §5.1.2: a stream beyond the limit is refused; it is an error only if
// the peer has acknowledged the limit.
func TestStreamsBeyondTheLimitAreRefused(t *testing.T) {
	for _, acked := range []bool{false, true} {
		t.Run(fmt.Sprint("limit acknowledged: ", acked), func(t *testing.T) {
			conf := serverConfig()
			conf.MaxConcurrentStreams = 2
			e := newEndpoint(t, conf)
			e.emit()
			want := "stream REFUSED_STREAM"
			if acked {
				e.mustRecv(wire.AppendSettingsAck(nil))
				want = streamProtocol
			}
			e.accept(1, false)
			e.accept(3, true)
			err := e.recv(headers(5, false))
			wantVerdict(t, err, want)
			e.handle(err)
			if got := len(e.emit()); got != 1 {
				t.Errorf("%d frames, want one RST_STREAM", got)
			}
			wantVerdict(t, e.recv(wire.AppendData(nil, 5, false, []byte("late"))), ok)
			e.mustRecv(wire.AppendRSTStream(nil, 3, wire.Cancel))
			e.accept(7, true)
		})
	}
}

// RFC 9113 §8.1.1: DATA adds up to content-length.
func TestDataIsHeldAgainstContentLength(t *testing.T) {
	for _, test := range []struct {
		name   string
		length string
		frames [][]byte
		want   string // of the last frame
	}{
		{"exact", "5", [][]byte{wire.AppendData(nil, 1, false, []byte("hel")), wire.AppendData(nil, 1, true, []byte("lo"))}, ok},
		{"exact, then an empty END_STREAM", "5", [][]byte{wire.AppendData(nil, 1, false, []byte("hello")), wire.AppendData(nil, 1, true, nil)}, ok},
		{"exact, then trailers", "5", [][]byte{wire.AppendData(nil, 1, false, []byte("hello")), headers(1, true)}, ok},
		{"padding does not count", "2", [][]byte{wire.AppendDataPadded(nil, 1, true, []byte("hi"), make([]byte, 100))}, ok},
		{"too much", "5", [][]byte{wire.AppendData(nil, 1, false, []byte("hello!"))}, streamProtocol},
		{"too little", "5", [][]byte{wire.AppendData(nil, 1, true, []byte("hell"))}, streamProtocol},
		{"too little, then trailers", "5", [][]byte{wire.AppendData(nil, 1, false, []byte("hell")), headers(1, true)}, streamProtocol},
		{"something for nothing", "0", [][]byte{wire.AppendData(nil, 1, false, []byte("x"))}, streamProtocol},
		{"no content-length", "", [][]byte{wire.AppendData(nil, 1, true, []byte("anything"))}, ok},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newServer(t)
			e.onOpen = func(id uint32, end bool, _ []hpack.HeaderField) error {
				var fields []hpack.HeaderField
				if test.length != "" {
					fields = append(fields, hpack.HeaderField{Name: "content-length", Value: test.length})
				}
				return e.acceptAny(id, end, fields)
			}
			e.accept(1, false)
			for _, f := range test.frames[:len(test.frames)-1] {
				e.mustRecv(f)
			}
			err := e.recv(test.frames[len(test.frames)-1])
			wantVerdict(t, err, test.want)
			if err != nil {
				e.handle(err)
				e.want("the stream is reset", "RST_STREAM(1) PROTOCOL_ERROR")
			}
		})
	}
}

// RFC 9113 §8.1: a request's second field section is its trailers, and ends it.
func TestTrailersEndARequest(t *testing.T) {
	e := newServer(t)
	e.accept(1, false)
	wantVerdict(t, e.recv(headers(1, false)), streamProtocol)
}

// The stream may close while its trailers are looked at without the lock.
func TestTrailersOfAStreamThatHasJustClosedAreNoError(t *testing.T) {
	e := newServer(t)
	e.onOpen = func(id uint32, end bool, _ []hpack.HeaderField) error {
		return e.acceptAny(id, end, []hpack.HeaderField{{Name: "content-length", Value: "5"}})
	}
	st := e.accept(1, false)
	e.onSection = func(*testStream, bool) error {
		e.Reset(&st.Stream, wire.Cancel, nil)
		return e.RecvEnd(&st.Stream)
	}
	wantVerdict(t, e.recv(headers(1, true)), ok)
}

func TestAMalformedRequestTakesItsIdentifier(t *testing.T) {
	e := newServer(t)
	e.onOpen = func(id uint32, _ bool, _ []hpack.HeaderField) error {
		if !e.Refuse(id) {
			return nil
		}
		return wire.StreamErrorf(id, wire.ProtocolError, "malformed", "malformed")
	}
	e.handle(e.recv(headers(3, false)))
	e.want("it is reset", "RST_STREAM(3) PROTOCOL_ERROR")
	if e.IsNew(3) || e.IsNew(1) || !e.IsNew(5) {
		t.Error("RFC 9113 §5.1.1: identifiers rise")
	}
	e.GoAway(wire.NoError, "")
	wantVerdict(t, e.recv(headers(5, false)), ok) // ignored, RFC 9113 §6.8
}

// RFC 9113 §5.1, closed: what was sent before our RST_STREAM arrived is ignored,
// and still counts for the connection's window.
func TestFramesThatCrossedOurResetAreIgnored(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 1000)))
	e.Reset(&st.Stream, wire.Cancel, nil)
	e.want("we reset", "RST_STREAM(1) CANCEL")
	for range 3 {
		e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	}
	e.mustRecv(headers(1, true))
	e.discard(st, 1000)
	e.want("the window comes back", "WINDOW_UPDATE(0) 50152")
}

// A peer that had many streams reset at once has frames for all of them on the
// way. Nor do streams that end meanwhile make us forget.
func TestFramesThatCrossedManyResetsAreIgnored(t *testing.T) {
	const streams = 1000
	t.Run("at a server", func(t *testing.T) {
		e := newServer(t, func(c *Config) { c.MaxConcurrentStreams = streams })
		for i := range uint32(streams) {
			e.accept(2*i+1, false)
		}
		for _, st := range e.all {
			e.Reset(&st.Stream, wire.Cancel, nil)
			e.emit()
		}
		for i := range uint32(streams) {
			e.mustRecv(wire.AppendData(nil, 2*i+1, false, []byte("x")))
			e.mustRecv(headers(2*i+1, true))
		}
		e.want("nothing is said")
	})
	t.Run("at a client", func(t *testing.T) {
		e := newClient(t)
		for range streams {
			st := e.request(true)
			e.emit()
			e.Reset(&st.Stream, wire.Cancel, nil)
			e.emit()
		}
		for i := range uint32(streams) {
			e.mustRecv(headers(2*i+1, false))
			e.mustRecv(wire.AppendData(nil, 2*i+1, true, []byte("x")))
		}
		e.want("nothing is said")
	})
	t.Run("after others have ended", func(t *testing.T) {
		e := newServer(t)
		first := e.accept(1, false)
		e.Reset(&first.Stream, wire.Cancel, nil)
		for i := range uint32(streams) {
			st := e.accept(2*i+3, true)
			e.header(st)
			e.end(st)
			e.emit()
		}
		e.mustRecv(wire.AppendData(nil, 1, false, []byte("x")))
		e.mustRecv(headers(1, true))
		e.want("nothing is said")
	})
}

// RFC 9113 §5.4.2: one RST_STREAM is enough, even if the peer was the first.
func TestAStreamIsResetOnceForFramesAfterThePeersReset(t *testing.T) {
	e := newServer(t)
	e.accept(1, false)
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
	err := e.recv(wire.AppendData(nil, 1, false, []byte("x")))
	wantVerdict(t, err, streamClosed)
	e.handle(err)
	wantVerdict(t, e.recv(wire.AppendData(nil, 1, false, []byte("x"))), ok)
	e.want("one RST_STREAM", "RST_STREAM(1) STREAM_CLOSED")
}

// RFC 9113 §6.4: RST_STREAM is never sent on an idle stream, so what would be a
// stream error ends the connection.
func TestAStreamErrorOnAnIdleStreamIsOneOfTheConnection(t *testing.T) {
	e := newServer(t)
	err := e.recv(wire.AppendPriority(nil, 5, wire.PriorityParam{StreamDep: 5}))
	wantVerdict(t, err, streamProtocol)
	e.handle(err)
	e.want("GOAWAY", "GOAWAY 0 PROTOCOL_ERROR")
}

// RFC 7540 §5.3.1.
func TestAStreamMayNotDependOnItself(t *testing.T) {
	e := newServer(t)
	e.accept(1, false)
	e.handle(e.recv(wire.AppendPriority(nil, 1, wire.PriorityParam{StreamDep: 1})))
	e.want("the stream is reset", "RST_STREAM(1) PROTOCOL_ERROR")
}

func TestAResetTellsWhy(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.header(st)
	e.data(st, "dropped")
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.ErrCode(77)))
	se, isReset := st.Err().(*wire.StreamError)
	if !isReset || se.Code != 77 || se.StreamID != 1 || !st.Closed() || st.Queued() != 0 || st.moved == 0 {
		t.Errorf("%v, %d queued", st.Err(), st.Queued())
	}
	e.want("nothing is sent")
}

// RFC 9113 §6.8: streams up to the one announced are finished, newer ones ignored.
func TestAGracefulGoAwayLetsStreamsFinish(t *testing.T) {
	e := newServer(t)
	st := e.accept(5, false)
	e.GoAway(wire.NoError, "bye")
	e.GoAway(wire.NoError, "bye") // once
	if queued, left, code := e.GoAwayState(); !queued || left || code != wire.NoError {
		t.Errorf("queued %v, left %v, %v", queued, left, code)
	}
	e.want("it announces the last stream", "GOAWAY 5 NO_ERROR")
	if _, left, _ := e.GoAwayState(); !left {
		t.Error("it has been sent")
	}
	e.mustRecv(headers(7, false))
	e.mustRecv(wire.AppendData(nil, 7, true, make([]byte, 16384)))
	e.mustRecv(wire.AppendRSTStream(nil, 7, wire.Cancel))
	e.mustRecv(wire.AppendData(nil, 5, true, []byte("x")))
	e.Consume(&st.Stream, 1)
	e.header(st)
	e.end(st)
	e.want("the connection's window is kept", "WINDOW_UPDATE(0) 16385", "HEADERS(5) END_STREAM")
	if e.OpenStreams() != 0 {
		t.Errorf("%d streams", e.OpenStreams())
	}
}

// RFC 9113 §6.8 and §6.4: what a GOAWAY has us ignore may be idle, and then must not be reset.
func TestAnErrorOnAStreamAboveAGoAwayIsNotAnswered(t *testing.T) {
	e := newServer(t)
	e.accept(5, false)
	e.GoAway(wire.NoError, "bye")
	e.want("it announces the last stream", "GOAWAY 5 NO_ERROR")
	e.handle(wire.StreamErrorf(7, wire.FrameSizeError, "priority_length", "PRIORITY of 0 octets"))
	e.want("nothing is said of it")
	e.handle(wire.StreamErrorf(5, wire.FrameSizeError, "priority_length", "PRIORITY of 0 octets"))
	e.want("but of those that are open", "RST_STREAM(5) FRAME_SIZE_ERROR")
}

// RFC 9113 §5.4.1: after a connection error nothing but GOAWAY leaves, and what was
// flushed before.
func TestAFatalGoAwayIsTheLastFrame(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.GoAway(wire.NoError, "")
			e.emit()
			e.header(st)
			e.Ping([8]byte{})
			e.mustRecv(wire.AppendSettings(nil))
			e.GoAway(wire.ProtocolError, "why")
			e.GoAway(wire.NoError, "not back")
			e.Reset(&st.Stream, wire.Cancel, nil)
			e.want("only GOAWAY", "HEADERS(1)", "GOAWAY 1 PROTOCOL_ERROR")
			if e.Pending() {
				t.Error("something is pending")
			}
		})
	}
}

func TestAnUpgradedRequestIsStreamOne(t *testing.T) {
	e := newEndpoint(t, serverConfig())
	if err := e.ApplySetting(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 3}); err != nil {
		t.Fatal(err)
	}
	e.peer.initial = 3
	st := newStream()
	e.all = append(e.all, st)
	e.AcceptUpgraded(&st.Stream, defaultPriority)
	e.peer.sentSection(1, true)
	e.header(st)
	e.data(st, "hello")
	e.end(st)
	e.want("the response, as far as the window goes", "SETTINGS", "HEADERS(1)", "DATA(1) 3")
	if st.State() != StateHalfClosedRemote || e.IsNew(1) {
		t.Errorf("stream 1 is %v", st.State())
	}
}

func TestAllStreamsEndWithTheConnection(t *testing.T) {
	e := newClient(t)
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1}))
	open, waiting := e.request(false), e.request(false)
	e.emit()
	cause := fmt.Errorf("gone")
	e.CloseAll(cause)
	n := 0
	for st := e.TakeClosed(); st != nil; st = st.NextClosed() {
		n++
	}
	var unsent *NotSentError
	if n != 2 || open.Err() != cause || !errors.As(waiting.Err(), &unsent) || unsent.Err != cause || e.OpenStreams() != 0 {
		t.Errorf("%d closed, %v, %v, %d open", n, open.Err(), waiting.Err(), e.OpenStreams())
	}
}
