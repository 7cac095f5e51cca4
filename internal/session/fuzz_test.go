package session

import (
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/wire"
)

// A frame of one of these types, which RFC 9113 has us ignore, makes our side do
// something: its stream identifier says to which stream, its payload how much.
const (
	localHeader wire.FrameType = 0xf0 + iota
	localInfo                  // Abandon, at a client
	localData
	localLend
	localEnd
	localTrailers
	localReset
	localOver // the peer has ended the connection
	localResetWhenSent
	localDone
	localConsume
	localDiscard
	localPromise
	localOpen
	localEmit
	localLater
)

// FuzzSession feeds a session whatever a peer may send, while our side does
// whatever it may do. It must not panic, its books must balance after each
// frame, and what it sends must be what RFC 9113 lets it send.
func FuzzSession(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		for setup := range byte(2 * len(schedulers)) {
			f.Add(setup, seed)
			f.Add(64+setup, seed)
		}
	}
	f.Fuzz(func(t *testing.T, setup byte, frames []byte) {
		if len(frames) > 1<<14 {
			return
		}
		e := newFuzzed(t, setup)
		for len(frames) >= wire.HeaderLen && !e.control.goAway.fatal() {
			h := wire.ParseHeader(frames)
			frames = frames[wire.HeaderLen:]
			h.Length = min(h.Length, uint32(len(frames)))
			p := frames[:h.Length]
			frames = frames[h.Length:]
			if h.Type >= localHeader {
				e.act(h, p)
				e.check()
				continue
			}
			if err := e.recv(wire.AppendHeader(nil, h), p); err != nil {
				e.handle(err)
			}
		}
		e.emit()
		e.CloseAll(errCause)
		if e.OpenStreams() != 0 {
			t.Error("streams are left")
		}
		for _, st := range e.all {
			if st.Lent() || st.id != 0 && !st.Closed() {
				t.Errorf("stream %d: lent %v, %v", st.id, st.Lent(), st.State())
			}
		}
	})
}

// fuzzed is an endpoint whose side of things the fuzzer has a say in.
type fuzzed struct{ *endpoint }

func newFuzzed(t *testing.T, setup byte) fuzzed {
	conf := serverConfig()
	schedulers[int(setup/2)%len(schedulers)].use(&conf)
	conf.MaxConcurrentStreams = 5
	if setup%2 == 1 {
		conf.Role = Client
	}
	if setup >= 128 {
		conf.InitialWindow = 100
	} else if setup >= 64 {
		conf.Growth = Growth{MaxStream: 1 << 19, MaxConn: 1 << 18, Unread: 1 << 17, Free: 1 << 17, Budget: NewBudget(1 << 18)}
	}
	e := newEndpoint(t, conf)
	return fuzzed{e}
}

func (e fuzzed) recv(header, payload []byte) error {
	return e.endpoint.recv(append(header, payload...))
}

// act is what our side does, as its owner may do it.
func (e fuzzed) act(h wire.Header, p []byte) {
	n := int(h.Length)
	switch h.Type {
	case localEmit:
		e.emitBytes(1 + n)
		return
	case localOpen:
		if e.cfg.Role == Client && len(e.all) < 100 {
			e.request(n%2 == 0)
		}
		return
	case localLater:
		e.now = e.now.Add(time.Duration(n) * time.Millisecond)
		return
	}
	if len(e.all) == 0 {
		return
	}
	st := e.all[int(h.StreamID)%len(e.all)]
	switch h.Type {
	case localConsume:
		e.Consume(&st.Stream, min(n, int(st.unread)))
	case localDiscard:
		e.discard(st, min(n, int(st.unread)))
	case localPromise:
		if e.cfg.Role == Server && st.id != 0 && !st.Pushed() {
			e.promise(st)
		}
	default:
		if st.id != 0 || e.waits(st) {
			e.write(h.Type, st, n)
		}
	}
}

// waits reports whether st has been given to Open.
func (e fuzzed) waits(st *testStream) bool {
	return e.cfg.Role == Client && !st.Closed()
}

// write queues output, in an order in which a message may have it.
func (e fuzzed) write(t wire.FrameType, st *testStream, n int) {
	started := st.headerSent || e.cfg.Role == Client
	for it := st.q.first(); it != nil; it = it.next {
		started = started || it.kind == itemHeader
	}
	switch t {
	case localInfo:
		if e.cfg.Role == Client {
			e.Abandon(&st.Stream)
		} else if !started {
			e.info(st)
		}
	case localHeader:
		if !started {
			e.header(st)
		}
	case localData:
		if started {
			e.data(st, strings.Repeat("d", n*10))
		}
	case localLend:
		if started && !st.Lent() {
			e.lend(st, strings.Repeat("l", n*10))
		}
	case localEnd:
		if started {
			e.end(st)
		}
	case localTrailers:
		if started {
			e.trailers(st)
		}
	case localReset:
		e.Reset(&st.Stream, wire.ErrCode(n), errCause)
	case localOver:
		e.End(errCause)
	case localResetWhenSent:
		e.ResetWhenSent(&st.Stream, wire.ErrCode(n), errCause)
	case localDone:
		e.Done(&st.Stream)
	}
}

// fuzzSeeds are conversations to start from.
func fuzzSeeds() [][]byte {
	greet := append(wire.AppendSettings(nil), wire.AppendSettingsAck(nil)...)
	local := func(t wire.FrameType, st uint32, n int) []byte {
		return append(wire.AppendHeader(nil, wire.Header{Type: t, StreamID: st, Length: uint32(n)}), make([]byte, n)...)
	}
	join := func(frames ...[]byte) []byte {
		all := append([]byte(nil), greet...)
		for _, f := range frames {
			all = append(all, f...)
		}
		return all
	}
	emit := local(localEmit, 0, 100)
	return [][]byte{
		join(headers(1, true), local(localHeader, 0, 0), local(localData, 0, 9), local(localEnd, 0, 0), emit),
		join(headers(1, false), local(localHeader, 0, 0), emit, wire.AppendData(nil, 1, true, make([]byte, 99)), local(localConsume, 0, 50), local(localTrailers, 0, 0), emit),
		join(local(localOpen, 0, 1), emit, local(localLend, 0, 200), emit, headers(1, false), wire.AppendData(nil, 1, true, []byte("x")), local(localDone, 0, 0), emit),
		join(headers(1, false), local(localPromise, 0, 0), emit, local(localHeader, 1, 0), local(localEnd, 1, 0), local(localReset, 0, 2), emit),
		join(settings(window, 0), headers(1, true), local(localHeader, 0, 0), local(localLend, 0, 9), local(localEnd, 0, 0), emit, settings(window, 20), emit, wire.AppendWindowUpdate(nil, 1, 1000), emit),
		join(headers(1, true), headers(3, false), wire.AppendRSTStream(nil, 1, wire.Cancel), wire.AppendPriority(nil, 3, wire.PriorityParam{StreamDep: 1, Weight: 3}), wire.AppendGoAway(nil, 1, wire.NoError, nil), wire.AppendPing(nil, false, [8]byte{}), emit),
		join(headers(3, false), wire.AppendDataPadded(nil, 3, false, []byte("pad"), make([]byte, 40)), local(localReset, 0, 8), wire.AppendData(nil, 3, false, []byte("late")), local(localDiscard, 0, 3), wire.AppendData(nil, 1, false, nil), emit),
		join(headers(1, false), local(localHeader, 0, 0), local(localEnd, 0, 0), local(localResetWhenSent, 0, 1), local(localLater, 0, 100), emit, headers(1, true), emit),
	}
}
