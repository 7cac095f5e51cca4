package session

import (
	"testing"
	"time"

	"h2fork.example/net/internal/wire"
)

const enhanceYourCalm = "connection ENHANCE_YOUR_CALM"

func TestABucketRefillsWithTimeAndWork(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBucket(&budget{10, 2}, now)
	spendAll := func(want int) {
		t.Helper()
		n := 0
		for b.spend(now) {
			n++
		}
		if n != want {
			t.Errorf("%d tokens, want %d", n, want)
		}
	}
	spendAll(10)
	now = now.Add(400 * time.Millisecond)
	spendAll(0)
	now = now.Add(100 * time.Millisecond)
	spendAll(1)
	now = now.Add(3 * time.Second)
	spendAll(6)
	now = now.Add(time.Hour)
	spendAll(10) // never more than its size
	b.earn()
	spendAll(1)
	for range 100 {
		b.earn()
	}
	spendAll(10)
}

// A bucket that has been full for long holds no more than when it was new.
func TestTimeInWhichABucketWasFullDoesNotCount(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBucket(&budget{10, 2}, now)
	now = now.Add(time.Hour)
	for range 10 {
		b.spend(now)
	}
	if b.spend(now) {
		t.Error("an eleventh token")
	}
}

// CVE-2023-44487: streams opened and reset in a loop.
// P33.
func TestRapidResetRunsOutOfBudget(t *testing.T) {
	e := newServer(t)
	for i := range uint32(maxEarlyResets) {
		e.accept(2*i+1, true)
		e.mustRecv(wire.AppendRSTStream(nil, 2*i+1, wire.Cancel))
	}
	next := uint32(2*maxEarlyResets + 1)
	e.accept(next, true)
	wantVerdict(t, e.recv(wire.AppendRSTStream(nil, next, wire.Cancel)), enhanceYourCalm)
}

// CVE-2025-8671: frames that make us reset.
// P33.
func TestResetsThatThePeerProvokesRunOutOfBudget(t *testing.T) {
	for name, provoke := range map[string]func(id uint32) []byte{
		"WINDOW_UPDATE that overflows": func(id uint32) []byte { return wire.AppendWindowUpdate(nil, id, wire.MaxWindow) },
		"WINDOW_UPDATE of 0":           func(id uint32) []byte { return wire.AppendWindowUpdate(nil, id, 0) },
		"PRIORITY of bad length": func(id uint32) []byte {
			return wire.AppendHeader(nil, wire.Header{Type: wire.Priority, StreamID: id})
		},
		"DATA after END_STREAM":    func(id uint32) []byte { return wire.AppendData(nil, id, false, []byte("x")) },
		"HEADERS after END_STREAM": func(id uint32) []byte { return headers(id, true) },
	} {
		t.Run(name, func(t *testing.T) {
			e := newServer(t)
			for i := range uint32(maxEarlyResets + 1) {
				e.accept(2*i+1, true)
				err := e.recv(provoke(2*i + 1))
				e.handle(err)
				if e.emit(); e.control.goAway.fatal() {
					if i != maxEarlyResets || e.control.goAway.code != wire.EnhanceYourCalm {
						t.Errorf("%v after %d streams", e.control.goAway.code, i)
					}
					return
				}
			}
			t.Error("there is no end to it")
		})
	}
}

// Streams beyond the limit are refused, and refusals are resets.
func TestRefusedStreamsRunOutOfBudget(t *testing.T) {
	e := newServer(t, func(c *Config) { c.MaxConcurrentStreams = 1 })
	e.accept(1, false)
	for i := range uint32(maxEarlyResets) {
		e.handle(e.recv(headers(2*i+3, true)))
		e.emit()
	}
	e.handle(e.recv(headers(2*maxEarlyResets+3, true)))
	e.want("enough", "GOAWAY 2003 ENHANCE_YOUR_CALM")
}

// A client that cancels half of its calls for ever is fine.
func TestStreamsThatCompleteEarnResets(t *testing.T) {
	e := newServer(t)
	for i := range uint32(3 * maxEarlyResets) {
		e.accept(4*i+1, true)
		e.mustRecv(wire.AppendRSTStream(nil, 4*i+1, wire.Cancel))
		st := e.accept(4*i+3, true)
		e.header(st)
		e.end(st)
		e.emit()
		e.all = e.all[:0]
	}
}

// A reset of what is complete, or of what we pushed, costs nothing.
func TestLateResetsCostNothing(t *testing.T) {
	e := newServer(t)
	for i := range uint32(maxEarlyResets + 1) {
		st := e.accept(2*i+1, false)
		e.promise(st)
		e.header(st)
		e.end(st)
		e.emit()
		e.mustRecv(wire.AppendRSTStream(nil, 2*i+1, wire.NoError))
		e.mustRecv(wire.AppendRSTStream(nil, 2*i+2, wire.Cancel))
		e.all = e.all[:0]
	}
}

// CVE-2019-9518 and its kin: frames that move nothing.
// P34.
func TestFramesThatMoveNothingRunOutOfBudget(t *testing.T) {
	for name, frame := range map[string][]byte{
		"empty DATA":           wire.AppendData(nil, 1, false, nil),
		"DATA of padding only": wire.AppendDataPadded(nil, 1, false, nil, []byte{}),
		"unknown types":        wire.AppendHeader(nil, wire.Header{Type: 0xee}),
	} {
		t.Run(name, func(t *testing.T) {
			e := newServer(t)
			e.accept(1, false)
			for i := range maxUselessFrames + uselessFramesPerSecond {
				if i == maxUselessFrames {
					e.now = e.now.Add(time.Second)
				}
				if err := e.recv(frame); err != nil {
					t.Fatalf("%v after %d", err, i)
				}
				e.emit()
			}
			wantVerdict(t, e.recv(frame), enhanceYourCalm)
		})
	}
}

func TestStreamsThatCompleteEarnUselessFrames(t *testing.T) {
	e := newServer(t)
	for i := range uint32(2 * maxUselessFrames) {
		e.mustRecv(wire.AppendHeader(nil, wire.Header{Type: 0xee}))
		st := e.accept(2*i+1, true)
		e.header(st)
		e.end(st)
		e.emit()
		e.all = e.all[:0]
	}
}

func TestDataWithContentEarnsIdleFrames(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	for range 2 * maxUselessFrames {
		e.mustRecv(wire.AppendData(nil, 1, false, nil))
		e.mustRecv(wire.AppendData(nil, 1, false, []byte("x")))
		e.Consume(&st.Stream, 1)
		e.emit()
	}
}

// What answers our own frames costs nothing, however fast it comes.
func TestEchoesOfOurFramesCostNothing(t *testing.T) {
	reset := func(id uint32) []byte { return wire.AppendRSTStream(nil, id, wire.Cancel) }
	for name, play := range map[string]func(e *endpoint){
		"responses to requests that we cancel": func(e *endpoint) {
			st := e.request(true)
			e.emit()
			e.Reset(&st.Stream, wire.Cancel, ErrStreamClosed)
			e.emit()
			for _, late := range [][]byte{headers(st.ID(), false), headers(st.ID(), false), headers(st.ID(), true), reset(st.ID())} {
				e.mustRecv(late)
			}
		},
		"a reset that crosses the end": func(e *endpoint) {
			st := e.request(true)
			e.emit()
			e.mustRecv(headers(st.ID(), true))
			e.mustRecv(reset(st.ID()))
		},
		"acknowledgements": func(e *endpoint) {
			e.Ping([8]byte{1})
			e.emit()
			e.mustRecv(wire.AppendPing(nil, true, [8]byte{1}))
		},
		"window for every piece of a body": func(e *endpoint) {
			st := e.request(false)
			e.data(st, string(make([]byte, 1024)))
			e.emit()
			for range 1024 / 128 {
				e.mustRecv(wire.AppendWindowUpdate(nil, 0, 128))
				e.mustRecv(wire.AppendWindowUpdate(nil, st.ID(), 128))
			}
			e.end(st)
			e.emit()
			e.mustRecv(headers(st.ID(), true))
			e.mustRecv(wire.AppendWindowUpdate(nil, st.ID(), 128))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newClient(t)
			e.useless = newBucket(new(budget), e.now)
			for range 1000 {
				play(e)
				e.all = e.all[:0]
			}
		})
	}
}

// Frames that could be echoes of nothing cost as much as those that move nothing.
func TestEchoesOfNothingRunOutOfBudget(t *testing.T) {
	for name, frame := range map[string][]byte{
		"PING acknowledgements":       wire.AppendPing(nil, true, [8]byte{}),
		"WINDOW_UPDATE":               wire.AppendWindowUpdate(nil, 0, 1),
		"WINDOW_UPDATE of the closed": wire.AppendWindowUpdate(nil, 1, 1),
		"RST_STREAM of the closed":    wire.AppendRSTStream(nil, 1, wire.Cancel),
		"HEADERS on what we reset":    headers(3, true),
	} {
		t.Run(name, func(t *testing.T) {
			e := newServer(t)
			e.accept(1, true)
			e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
			e.Reset(&e.accept(3, true).Stream, wire.Cancel, ErrStreamClosed)
			for range maxUselessFrames + echoesPerReset {
				e.mustRecv(frame)
			}
			wantVerdict(t, e.recv(frame), enhanceYourCalm)
		})
	}
}
