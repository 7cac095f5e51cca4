package h2test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A recorder is a testing.TB that remembers what a test that should fail said.
type recorder struct {
	testing.TB
	failed   bool
	said     strings.Builder
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Failed() bool     { return r.failed }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Logf(format string, args ...any) {
	fmt.Fprintf(&r.said, format+"\n", args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = true
	r.Logf(format, args...)
	runtime.Goexit()
}

// failure runs a test, and returns what it said if it failed.
func failure(f func(t testing.TB)) string {
	var r recorder
	done := make(chan bool)
	go func() {
		defer close(done)
		defer func() {
			for _, f := range r.cleanups {
				f()
			}
		}()
		f(&r)
	}()
	<-done
	if !r.failed {
		return ""
	}
	return r.said.String()
}

func wantFailure(t *testing.T, f func(t testing.TB), want ...string) {
	t.Helper()
	said := failure(f)
	if said == "" {
		t.Fatal("the test did not fail")
	}
	for _, w := range want {
		if !strings.Contains(said, w) {
			t.Errorf("the test did not say %q, but\n%s", w, said)
		}
	}
}

// frames returns a connection from which these bytes can be read.
func frames(parts ...[]byte) *Conn {
	client, server := Pipe()
	for _, b := range parts {
		server.Write(b)
	}
	return client
}

// section returns a HEADERS frame with the fields given as names and values in turn.
func section(id uint32, endStream bool, namesAndValues ...string) []byte {
	var b strings.Builder
	enc := hpack.NewEncoder(&b)
	enc.SetMaxDynamicTableSize(0)
	for _, f := range Fields(namesAndValues...) {
		enc.WriteField(f)
	}
	return wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndStream: endStream, EndHeaders: true, Fragment: []byte(b.String())})
}

func TestGreetingsExchangeSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		client, server := NewPeer(t, a), NewPeer(t, b)
		go client.Greet(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 7})
		server.Accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 8})
		synctest.Wait()
		if v, ok := server.Setting(wire.SettingInitialWindowSize); v != 7 || !ok {
			t.Errorf("the server got INITIAL_WINDOW_SIZE %d, %v; want 7", v, ok)
		}
		if v, ok := client.Setting(wire.SettingMaxConcurrentStreams); v != 8 || !ok {
			t.Errorf("the client got MAX_CONCURRENT_STREAMS %d, %v; want 8", v, ok)
		}
	})
}

func TestRequestsSentBeforeTheAcknowledgementAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		client, server := NewPeer(t, a), NewPeer(t, b)
		client.Raw([]byte(wire.Preface))
		client.Settings()
		client.Request(1, EndStream, ":path", "/early", "te", "trailers")
		client.SettingsAck()
		server.Accept()
		server.Want("an early request is a request",
			HeadersFrame(1, EndStream, ":method", "GET", ":scheme", "https", ":authority", "example.com", ":path", "/early", "te", "trailers"))
	})
}

func TestGreetRefusesAFirstFrameOtherThanSettings(t *testing.T) {
	wantFailure(t, func(t testing.TB) {
		NewPeer(t, frames(wire.AppendPing(nil, false, [8]byte{}))).Greet()
	}, "the first frame is SETTINGS", "PING")
}

func TestWantMatchesFramesInOrder(t *testing.T) {
	p := NewPeer(t, frames(
		section(1, KeepOpen, ":status", "200", "b", "2", "a", "1", "date", "now"),
		wire.AppendData(nil, 1, false, []byte("x")),
		section(1, EndStream, "grpc-status", "0", "grpc-message", "fine"),
		wire.AppendRSTStream(nil, 3, wire.Cancel),
		wire.AppendWindowUpdate(nil, 3, 5),
		wire.AppendSettings(nil, wire.Setting{ID: wire.SettingEnablePush, Val: 1}),
		wire.AppendSettingsAck(nil),
		wire.AppendPing(nil, true, [8]byte{1}),
		wire.AppendPushPromise(nil, wire.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, Fragment: []byte{0x82}}),
		wire.AppendPriorityUpdate(nil, 1, "u=1"),
		wire.AppendGoAway(nil, 3, wire.NoError, []byte("bye")),
	))
	p.IgnoreFields("date")
	p.Want("all kinds of frames can be wanted",
		HeadersFrame(1, KeepOpen, ":status", "200", "a", "1", "b", "2"),
		DataFrame(1, "x", KeepOpen),
		HeadersWith(1, EndStream, "grpc-status", "0"),
		RSTStreamFrame(3, wire.Cancel),
		WindowUpdateFrame(3, 5),
		SettingsFrame(wire.Setting{ID: wire.SettingEnablePush, Val: 1}),
		SettingsAckFrame(),
		PingFrame(true, [8]byte{1}),
		PushPromiseFrame(1, 2, ":method", "GET"),
		FrameOfType(wire.PriorityUpdate, 0),
		GoAwayFrame(3, wire.NoError),
	)
}

func TestWantSaysWhatDiffers(t *testing.T) {
	data := wire.AppendData(nil, 1, false, []byte("x"))
	for _, test := range []struct {
		frame  []byte
		want   Expectation
		reason string
	}{
		{data, DataFrame(1, "x", EndStream), "flags are 0x0 instead of 0x1"},
		{data, DataFrame(1, "y", KeepOpen), "the payload differs"},
		{data, DataFrame(3, "x", KeepOpen), "another stream"},
		{data, RSTStreamFrame(1, wire.Cancel), "another type"},
		{section(1, KeepOpen, ":status", "200"), HeadersFrame(1, KeepOpen, ":status", "204"), "the fields differ"},
		{section(1, KeepOpen, ":status", "200"), HeadersFrame(1, EndStream, ":status", "200"), "flags are"},
		{section(1, KeepOpen, ":status", "200"), HeadersWith(1, KeepOpen, "a", "b"), `a="b" is missing`},
		{section(1, KeepOpen, "a", "b", ":status", "200"), HeadersFrame(1, KeepOpen, ":status", "200", "a", "b"), "after a regular one"},
		{wire.AppendGoAway(nil, 1, wire.NoError, nil), GoAwayFrame(3, wire.NoError), "another last stream"},
		{wire.AppendGoAway(nil, 1, wire.NoError, nil), GoAwayFrame(1, wire.Cancel), "another code"},
	} {
		wantFailure(t, func(t testing.TB) {
			NewPeer(t, frames(test.frame)).Want("the sentence", test.want)
		}, "the sentence", test.reason, "want "+test.want.String())
	}
}

func TestFailurePrintsTheConversation(t *testing.T) {
	wantFailure(t, func(t testing.TB) {
		p := NewPeer(t, frames(section(1, KeepOpen, ":status", "200"), wire.AppendData(nil, 1, true, []byte("body"))))
		p.Request(1, EndStream)
		p.Want("the response has no content", HeadersFrame(1, KeepOpen, ":status", "200"), HeadersFrame(1, EndStream))
	},
		`→ HEADERS stream=1 END_STREAM END_HEADERS :method="GET"`,
		`← HEADERS stream=1 END_HEADERS :status="200"`,
		`← DATA stream=1 END_STREAM len=4 "body"`)
}

func TestTraceKeepsTheBeginningAndTheEnd(t *testing.T) {
	tr := trace{start: time.Now()}
	for i := range 1000 {
		tr.note(true, "line %d;", i)
	}
	s := tr.String()
	for _, want := range []string{"line 0;", "line 39;", "… 800 more …", "line 840;", "line 999;"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is missing from\n%s", want, s)
		}
	}
	if strings.Contains(s, "line 40;") || strings.Contains(s, "line 839;") {
		t.Errorf("the middle was not left out:\n%s", s)
	}
}

func TestIgnoredFramesArePassedOver(t *testing.T) {
	p := NewPeer(t, frames(
		wire.AppendWindowUpdate(nil, 0, 1),
		wire.AppendSettings(nil),
		wire.AppendPing(nil, true, [8]byte{}),
		wire.AppendData(nil, 1, true, nil),
	))
	p.Ignore(WindowUpdates, AnySettings, PingAcks)
	p.Want("only DATA counts", DataFrame(1, "", EndStream))
}

func TestContinuationFramesAreMergedIntoTheirSection(t *testing.T) {
	whole := section(1, EndStream, ":status", "200", "a", "b")
	block := whole[wire.HeaderLen:]
	p := NewPeer(t, frames(
		wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndStream: true, Fragment: block[:2]}),
		wire.AppendContinuation(nil, 1, false, block[2:3]),
		wire.AppendContinuation(nil, 1, true, block[3:]),
	))
	f := p.Next()
	if f.Continuations != 2 || formatFields(f.Fields) != `:status="200" a="b"` {
		t.Errorf("got %d CONTINUATION frames and %v", f.Continuations, f.Fields)
	}
}

func TestLargeSectionIsSentInContinuationFrames(t *testing.T) {
	a, b := Pipe()
	long := strings.Repeat("~", 50000)
	NewPeer(t, a).Headers(1, EndStream, ":status", "200", "long", long)
	p := NewPeer(t, b)
	f := p.Next()
	if f.Continuations < 2 || f.Fields[1].Value != long {
		t.Errorf("got %d CONTINUATION frames and %d bytes", f.Continuations, len(f.Fields[1].Value))
	}
}

func TestPeerRefusesWhatIsWrongWhateverTheTestIsAbout(t *testing.T) {
	open := wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1})
	for _, test := range []struct {
		name   string
		stream [][]byte
		reason string
	}{
		{"bad HPACK", [][]byte{wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndHeaders: true, Fragment: []byte{0xff, 0xff}})}, "HPACK"},
		{"interrupted section", [][]byte{open, wire.AppendPing(nil, false, [8]byte{})}, "interrupts the field section"},
		{"continued on another stream", [][]byte{open, wire.AppendContinuation(nil, 3, true, nil)}, "interrupts the field section"},
		{"CONTINUATION alone", [][]byte{wire.AppendContinuation(nil, 1, true, nil)}, "without a field section"},
		{"large frame", [][]byte{wire.AppendData(nil, 1, true, make([]byte, 16385))}, "SETTINGS_MAX_FRAME_SIZE is 16384"},
		{"bad setting", [][]byte{wire.AppendSettings(nil, wire.Setting{ID: wire.SettingMaxFrameSize})}, "MAX_FRAME_SIZE is 0"},
		{"DATA on stream 0", [][]byte{wire.AppendData(nil, 0, true, nil)}, "stream ID 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantFailure(t, func(t testing.TB) { NewPeer(t, frames(test.stream...)).Next() }, test.reason)
		})
	}
}

func TestPeerKeepsCountOfItsWindows(t *testing.T) {
	full := wire.AppendData(nil, 1, false, make([]byte, 16000))
	five := [][]byte{full, full, full, full, full} // 80,000 bytes
	read5 := func(t testing.TB, grant func(*Peer)) {
		p := NewPeer(t, frames(five...))
		grant(p)
		for range five {
			p.Next()
		}
	}
	wantFailure(t, func(t testing.TB) { read5(t, func(*Peer) {}) }, "the connection's flow-control window by 14465 bytes")
	wantFailure(t, func(t testing.TB) { read5(t, func(p *Peer) { p.WindowUpdate(0, 20000) }) }, "stream 1's flow-control window by 14465 bytes")
	read5(t, func(p *Peer) {
		p.WindowUpdate(0, 20000)
		p.WindowUpdate(1, 14465)
	})
	read5(t, func(p *Peer) {
		p.WindowUpdate(0, 20000)
		p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 80000})
	})
}

func TestWantContentTakesAnyNumberOfFrames(t *testing.T) {
	stream := [][]byte{
		wire.AppendData(nil, 1, false, []byte("he")),
		wire.AppendData(nil, 1, false, []byte("llo")),
		wire.AppendData(nil, 1, true, nil),
	}
	NewPeer(t, frames(stream...)).WantContent("content is what is in the frames", 1, "hello")
	wantFailure(t, func(t testing.TB) {
		NewPeer(t, frames(stream...)).WantContent("the sentence", 1, "hullo")
	}, "the sentence", `"hello"`, `"hullo"`)
}

func TestWantNothingFailsForAFrameThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		p := NewPeer(t, a)
		p.WantNothing("nobody has said anything")
		go func() {
			time.Sleep(time.Second)
			NewPeer(t, b).Ping(false, [8]byte{})
		}()
		p.WantNothing("the ping comes later")
		time.Sleep(time.Second)
		wantFailure(t, func(t testing.TB) {
			p.t = t
			p.WantNothing("the sentence")
		}, "the sentence", "want nothing, got PING")
	})
}

func TestWantNowDoesNotLetTimePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		p := NewPeer(t, a)
		go func() {
			time.Sleep(time.Millisecond)
			NewPeer(t, b).Ping(false, [8]byte{})
		}()
		wantFailure(t, func(t testing.TB) {
			p.t = t
			p.WantNow("the ping is late", PingFrame(false, [8]byte{}))
		}, "nothing came")
		p.t = t
		p.Want("but it comes", PingFrame(false, [8]byte{}))
	})
}

func TestWantClosedWantsNoFrameBefore(t *testing.T) {
	a, b := Pipe()
	p := NewPeer(t, a)
	q := NewPeer(t, b)
	q.Ping(false, [8]byte{})
	q.Close()
	wantFailure(t, func(t testing.TB) {
		p.t = t
		p.WantClosed("the sentence")
	}, "the sentence", "got PING")
	p.t = t
	p.WantClosed("the connection is closed")
	wantFailure(t, func(t testing.TB) {
		p.t = t
		p.Want("a closed connection has no frames", SettingsAckFrame())
	}, "the connection was closed")
}
