package session

import (
	"testing"

	"h2fork.example/net/internal/wire"
)

func settings(pairs ...uint32) []byte {
	var all []wire.Setting
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, wire.Setting{ID: wire.SettingID(pairs[i]), Val: pairs[i+1]})
	}
	return wire.AppendSettings(nil, all...)
}

const (
	tableSize   = uint32(wire.SettingHeaderTableSize)
	enablePush  = uint32(wire.SettingEnablePush)
	maxStreams  = uint32(wire.SettingMaxConcurrentStreams)
	window      = uint32(wire.SettingInitialWindowSize)
	frameSize   = uint32(wire.SettingMaxFrameSize)
	listSize    = uint32(wire.SettingMaxHeaderListSize)
	extended    = uint32(wire.SettingEnableConnectProtocol)
	noPriority  = uint32(wire.SettingNoRFC7540Priorities)
	unknownName = uint32(0xabcd)
)

// RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1.
func TestSettingsAreJudgedByTheirValues(t *testing.T) {
	many := make([]uint32, 2*(maxSettings+1))
	for _, test := range []struct {
		name string
		role Role
		recv []byte
		want string
	}{
		{"none", Server, settings(), ok},
		{"unknown", Server, settings(unknownName, 7), ok},
		{"every one", Server, settings(tableSize, 0, enablePush, 0, maxStreams, 0, window, 0, frameSize, 16384, listSize, 0, extended, 1, noPriority, 1), ok},
		{"ENABLE_PUSH 2", Server, settings(enablePush, 2), connProtocol},
		{"ENABLE_PUSH 1 from a server", Client, settings(enablePush, 1), connProtocol},
		{"ENABLE_PUSH 0 from a server", Client, settings(enablePush, 0), ok},
		{"INITIAL_WINDOW_SIZE 2^31", Server, settings(window, 1<<31), "connection FLOW_CONTROL_ERROR"},
		{"INITIAL_WINDOW_SIZE 2^31-1", Server, settings(window, 1<<31-1), ok},
		{"MAX_FRAME_SIZE 16383", Server, settings(frameSize, 16383), connProtocol},
		{"MAX_FRAME_SIZE 0", Client, settings(frameSize, 0), connProtocol},
		{"MAX_FRAME_SIZE 2^24", Server, settings(frameSize, 1<<24), connProtocol},
		{"ENABLE_CONNECT_PROTOCOL taken back", Client, settings(extended, 1, extended, 0), connProtocol},
		{"NO_RFC7540_PRIORITIES 2", Server, settings(noPriority, 2), connProtocol},
		{"as many as we read", Server, settings(many[2:]...), ok},
		{"too many", Server, settings(many...), connProtocol},
		{"an acknowledgement of nothing", Server, wire.AppendSettingsAck(nil), connProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantVerdict(t, newPeer(t, test.role).recv(test.recv), test.want)
		})
	}
}

// RFC 9113 §6.5.3: each SETTINGS frame is acknowledged, before what follows from it.
// P29.
func TestSettingsAreAcknowledged(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			e.header(e.accept(1, true))
			e.mustRecv(settings(frameSize, 20000))
			e.mustRecv(settings(listSize, 3, extended, 1))
			e.want("two of them, first", "SETTINGS ACK", "SETTINGS ACK", "HEADERS(1)")
			if !e.SeenSettings() || !e.PeerExtendedConnect() || e.PeerMaxHeaderListSize() != 3 {
				t.Error("they were not applied")
			}
		})
	}
}

// RFC 7541 §4.2: the smallest size since the last field section counts, and the
// last.
func TestTableSizeGoesToTheEncoderWithItsMinimum(t *testing.T) {
	e := newServer(t)
	var b Batch
	e.mustRecv(settings(tableSize, 8192, tableSize, 100))
	e.mustRecv(settings(tableSize, 5000))
	e.Emit(&b, 1<<16)
	if !b.TableChanged || b.TableMin != 100 || b.TableSize != 5000 {
		t.Errorf("%v, %d then %d", b.TableChanged, b.TableMin, b.TableSize)
	}
	b.Reset()
	e.mustRecv(settings(tableSize, 6000))
	e.Emit(&b, 1<<16)
	if !b.TableChanged || b.TableMin != 6000 || b.TableSize != 6000 {
		t.Errorf("%v, %d then %d", b.TableChanged, b.TableMin, b.TableSize)
	}
	b.Reset()
	e.mustRecv(settings(frameSize, 16384))
	if e.Emit(&b, 1<<16); b.TableChanged || b.Empty() {
		t.Error("it did not change")
	}
}

// RFC 9113 §3.4: our SETTINGS come first, once.
func TestOurSettingsComeFirst(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			conf := serverConfig()
			sch.use(&conf)
			conf.ConnWindow = 1 << 20
			conf.ExtendedConnect, conf.NoRFC7540Priorities = true, true
			e := newEndpoint(t, conf)
			if !e.Pending() {
				t.Fatal("nothing pending")
			}
			p := e.emitBytes(1 << 16)
			h := wire.ParseHeader(p)
			f, err := wire.ParseSettings(h, p[wire.HeaderLen:][:h.Length])
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[uint32]uint32)
			for i := range f.Len() {
				got[uint32(f.At(i).ID)] = f.At(i).Val
			}
			for id, v := range map[uint32]uint32{maxStreams: 100, window: 65535, frameSize: 16384, listSize: 1 << 20, tableSize: 4096, extended: 1, noPriority: 1} {
				if got[id] != v {
					t.Errorf("%v is %d, want %d", wire.SettingID(id), got[id], v)
				}
			}
			if d := describeAll(p); len(d) != 2 || d[1] != "WINDOW_UPDATE(0) 983041" {
				t.Errorf("%q", d)
			}
			if e.emit(); e.Pending() {
				t.Error("still pending")
			}
		})
	}
}

func TestAClientDisablesPush(t *testing.T) {
	conf := serverConfig()
	conf.Role = Client
	e := newEndpoint(t, conf)
	p := e.emitBytes(1 << 16)
	f, _ := wire.ParseSettings(wire.ParseHeader(p), p[wire.HeaderLen:])
	if s := f.At(0); s.ID != wire.SettingEnablePush || s.Val != 0 {
		t.Errorf("%+v", s)
	}
}

// RFC 9113 §6.9.2: windows of all streams move, below zero too.
func TestInitialWindowSizeMovesEveryStreamsWindow(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			st := e.accept(1, true)
			e.header(st)
			e.data(st, "0123456789")
			e.want("it is sent", "HEADERS(1)", "DATA(1) 10")
			e.mustRecv(settings(window, 4))
			if got := e.streamWindow(&st.Stream); got != -6 {
				t.Fatalf("window %d, want -6", got)
			}
			e.data(st, "abcdefgh")
			e.end(st)
			e.want("nothing may be sent", "SETTINGS ACK")
			e.mustRecv(wire.AppendWindowUpdate(nil, 1, 6))
			e.want("nor at 0")
			e.mustRecv(settings(window, 5))
			e.want("one byte", "SETTINGS ACK", "DATA(1) 1")
			e.mustRecv(settings(window, 1000))
			e.want("the rest", "SETTINGS ACK", "DATA(1) 7 END_STREAM")
		})
	}
}

// RFC 9113 §6.9.2: an overflow is an error of the connection, unless the stream
// that would overflow is gone.
func TestInitialWindowSizeMayNotOverflowAWindow(t *testing.T) {
	e := newServer(t)
	e.accept(1, false)
	e.mustRecv(wire.AppendWindowUpdate(nil, 1, 1000))
	e.mustRecv(settings(window, wire.MaxWindow-1000))
	wantVerdict(t, e.recv(settings(window, wire.MaxWindow-999)), "connection FLOW_CONTROL_ERROR")

	e = newServer(t)
	e.accept(1, false)
	e.accept(3, false)
	e.mustRecv(wire.AppendWindowUpdate(nil, 1, 1000))
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
	e.mustRecv(settings(window, wire.MaxWindow))
}

// Churn of INITIAL_WINDOW_SIZE costs the same however many streams there are:
// no stream is touched.
func TestInitialWindowSizeTouchesNoStream(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "blocked")
	e.mustRecv(settings(window, 0))
	e.emit()
	before := st.Stream
	for v := range uint32(1000) {
		e.mustRecv(settings(window, v))
	}
	if st.Stream.sentWindow != before.sentWindow || st.blocked != blockedOnStream {
		t.Error("the stream was touched")
	}
	if allocs := testing.AllocsPerRun(100, func() {
		e.RecvSettings(wire.SettingsFrame{Payload: []byte{0, 4, 0, 0, 1, 0}})
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// RFC 9113 §6.9.3: until it has read our SETTINGS the peer may use the default
// window, and then has less than none.
func TestThePeerMayUseTheDefaultWindowUntilItKnowsOurs(t *testing.T) {
	conf := serverConfig()
	conf.InitialWindow, conf.ConnWindow = 1000, 1<<20
	e := newEndpoint(t, conf)
	e.emit()
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendSettingsAck(nil))
	wantVerdict(t, e.recv(wire.AppendData(nil, 1, false, []byte("x"))), "stream FLOW_CONTROL_ERROR")
	e.Consume(&st.Stream, 16384)
	e.want("the window goes to what we announced", "WINDOW_UPDATE(1) 16384")
	if st.Stream.recv.avail != 1000 {
		t.Errorf("window %d", st.Stream.recv.avail)
	}
	e.accept(3, false)
	wantVerdict(t, e.recv(wire.AppendData(nil, 3, false, make([]byte, 1001))), "stream FLOW_CONTROL_ERROR")
}
