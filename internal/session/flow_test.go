package session

import (
	"bytes"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

const flowError = "FLOW_CONTROL_ERROR"

// RFC 9113 §6.9.1: a window is at most 2^31-1.
func TestWindowsMayNotOverflow(t *testing.T) {
	e := newServer(t)
	e.accept(1, false)
	e.mustRecv(wire.AppendWindowUpdate(nil, 0, wire.MaxWindow-wire.DefaultWindow))
	wantVerdict(t, e.recv(wire.AppendWindowUpdate(nil, 0, 1)), "connection "+flowError)
	e.mustRecv(wire.AppendWindowUpdate(nil, 1, wire.MaxWindow-wire.DefaultWindow))
	err := e.recv(wire.AppendWindowUpdate(nil, 1, 1))
	wantVerdict(t, err, "stream "+flowError)
	e.handle(err)
	e.want("the stream is reset", "RST_STREAM(1) FLOW_CONTROL_ERROR")
}

// RFC 9113 §6.9.1: more DATA than either window allows is an error; padding
// counts.
func TestDataBeyondAWindowIsAnError(t *testing.T) {
	small := func(c *Config) { c.InitialWindow = 100 }
	for _, test := range []struct {
		name string
		edit func(*Config)
		data []byte
		want string
	}{
		{"all of the stream's", small, wire.AppendData(nil, 1, false, make([]byte, 100)), ok},
		{"one more", small, wire.AppendData(nil, 1, false, make([]byte, 101)), "stream " + flowError},
		{"by padding", small, wire.AppendDataPadded(nil, 1, false, make([]byte, 90), make([]byte, 10)), "stream " + flowError},
		{"more than the connection's", func(c *Config) { c.InitialWindow = 1 << 20 }, wire.AppendData(nil, 1, false, make([]byte, 65536)), "connection " + flowError},
		{"on a stream that is closed", func(c *Config) { c.InitialWindow = 1 << 20 }, wire.AppendData(nil, 3, false, make([]byte, 65536)), "connection " + flowError},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newServer(t, test.edit)
			closed := e.accept(3, false)
			e.Reset(&closed.Stream, wire.Cancel, nil)
			e.onOpen = nil
			st := newStream()
			e.all = append(e.all, st)
			e.peerLast = 0
			e.Accept(&st.Stream, 1, false, -1, defaultPriority)
			e.peerLast = 3
			wantVerdict(t, e.recv(test.data), test.want)
		})
	}
}

// DATA that ends in a stream error still counts for the connection, once.
func TestDataOfARefusedFrameGoesBackToTheConnection(t *testing.T) {
	e := newServer(t, func(c *Config) { c.InitialWindow = 10; c.ConnWindow = wire.DefaultWindow })
	e.accept(1, false)
	e.handle(e.recv(wire.AppendData(nil, 1, false, make([]byte, 16384))))
	e.want("all of it", "RST_STREAM(1) FLOW_CONTROL_ERROR", "WINDOW_UPDATE(0) 16384")
}

func TestPaddingGoesBackAtOnce(t *testing.T) {
	e := newServer(t, func(c *Config) { c.InitialWindow = 400 })
	e.accept(1, false)
	e.mustRecv(wire.AppendDataPadded(nil, 1, false, []byte("x"), make([]byte, 150)))
	e.want("the stream's, as it is much of the window", "WINDOW_UPDATE(1) 151")
}

// WINDOW_UPDATE frames are few: a quarter of a window is worth one.
func TestCreditIsAnnouncedByTheQuarter(t *testing.T) {
	e := newServer(t, func(c *Config) { c.InitialWindow = 1000 })
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 600)))
	e.Consume(&st.Stream, 249)
	e.want("too little")
	e.Consume(&st.Stream, 1)
	e.want("a quarter", "WINDOW_UPDATE(1) 250")
	e.Consume(&st.Stream, 350)
	e.want("more", "WINDOW_UPDATE(1) 350")
}

func TestAStreamWhoseRestHasBeenGrantedGetsNoCredit(t *testing.T) {
	e := newServer(t, func(c *Config) { c.InitialWindow = 1000 })
	var fragment bytes.Buffer
	enc := hpack.NewEncoder(&fragment)
	enc.WriteField(hpack.HeaderField{Name: ":method", Value: "POST"})
	enc.WriteField(hpack.HeaderField{Name: "content-length", Value: "1400"})
	e.mustRecv(wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndHeaders: true, Fragment: fragment.Bytes()}))
	st := e.stream(1)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 600)))
	e.Consume(&st.Stream, 600)
	e.want("it has 400 for the last 800", "WINDOW_UPDATE(1) 600")
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 500)))
	e.Consume(&st.Stream, 500)
	e.want("it has 500 for the last 300")
	e.mustRecv(wire.AppendDataPadded(nil, 1, false, []byte("x"), make([]byte, 199)))
	e.want("padding has left it 299 for the last 299")
	e.mustRecv(wire.AppendDataPadded(nil, 1, false, nil, make([]byte, 1)))
	e.want("now it could not send all", "WINDOW_UPDATE(1) 702")
}

// Unread streams may hold nearly all of the connection's window. What the others
// give back must not be withheld while the peer has no more than that: it could
// not go on, and neither could we.
func TestCreditIsAnnouncedToAPeerWithoutWindow(t *testing.T) {
	e := newServer(t)
	read, unread := e.accept(1, false), e.accept(3, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 100)))
	e.Consume(&read.Stream, 100)
	e.want("not worth a frame")
	for left := wire.DefaultWindow - 100; left > 0; left -= 16384 {
		e.mustRecv(wire.AppendData(nil, 3, false, make([]byte, min(left, 16384))))
	}
	e.want("the peer has used up the rest", "WINDOW_UPDATE(0) 100")
	if unread.unread != wire.DefaultWindow-100 {
		t.Errorf("%d unread", unread.unread)
	}
}

func TestAStreamThatHasEndedGetsNoCredit(t *testing.T) {
	e := newServer(t, func(c *Config) { c.InitialWindow = 100 })
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 60)))
	e.Consume(&st.Stream, 60)
	e.mustRecv(wire.AppendData(nil, 1, true, make([]byte, 40)))
	e.Consume(&st.Stream, 40)
	e.want("the peer sends no more")
}

// What nobody will read goes back to the connection, not to the stream.
func TestDiscardedBytesGoBackToTheConnectionOnly(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.discard(st, 16384)
	e.want("the connection's", "WINDOW_UPDATE(0) 16384")
}

// Bytes that a closed stream has not read are owed until they are given back,
// and are given back once.
func TestUnreadBytesOfAClosedStreamAreOwed(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, false)
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendData(nil, 1, false, make([]byte, 16384)))
	e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
	e.want("nothing yet")
	e.Consume(&st.Stream, 16384)
	e.discard(st, 16384)
	e.want("all of it", "WINDOW_UPDATE(0) 32768")
}

// The connection's window is shared; a stream that has none does not hold up one
// that needs none.
func TestTheConnectionsWindowIsShared(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			e := newServer(t, sch.use)
			e.mustRecv(settings(window, 1<<20))
			big, small := e.accept(1, true), e.accept(3, true)
			e.header(big)
			e.lend(big, strings.Repeat("x", 1<<17))
			sent := 0
			for _, f := range e.emit() {
				if strings.HasPrefix(f, "DATA(1)") {
					sent++
				}
			}
			if e.send.conn != 0 || sent == 0 || e.Pending() {
				t.Fatalf("window %d, %d frames, pending %v", e.send.conn, sent, e.Pending())
			}
			e.header(small)
			e.end(small)
			e.want("no DATA, no window", "HEADERS(3) END_STREAM")
			e.mustRecv(wire.AppendWindowUpdate(nil, 0, 5))
			e.want("as much as there is", "DATA(1) 5")
			e.mustRecv(wire.AppendRSTStream(nil, 1, wire.Cancel))
			e.mustRecv(wire.AppendWindowUpdate(nil, 0, 5))
			e.want("the blocked stream is gone")
		})
	}
}

// RFC 9113 §4.2: DATA fits the peer's MAX_FRAME_SIZE; and ours stays below it
// where that is huge.
func TestDataFramesAreBounded(t *testing.T) {
	for _, sch := range schedulers {
		t.Run(sch.name, func(t *testing.T) {
			for limit, want := range map[uint32]int{16384: 16384, 20000: 20000, 1<<24 - 1: maxDataFrame} {
				e := newServer(t, sch.use)
				e.mustRecv(settings(frameSize, limit, window, 1<<20))
				e.mustRecv(wire.AppendWindowUpdate(nil, 0, 1<<20))
				st := e.accept(1, true)
				e.header(st)
				e.lend(st, strings.Repeat("x", 1<<18))
				e.end(st)
				most := 0
				for p := e.emitBytes(1 << 16); len(p) > 0; p = e.emitBytes(1 << 16) {
					for len(p) > 0 {
						h := wire.ParseHeader(p)
						most = max(most, int(h.Length))
						p = p[wire.HeaderLen+h.Length:]
					}
				}
				if most != want || !st.Closed() {
					t.Errorf("limit %d: largest frame %d, want %d; closed %v", limit, most, want, st.Closed())
				}
			}
		})
	}
}
