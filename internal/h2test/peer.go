package h2test

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// A Peer is the other side of a connection under test: it sends the frames that it is told to, right or wrong, and
// nothing of its own accord, except in Greet and Accept. It reads only when a test wants frames, so that a test can
// leave a connection unread. Only the test's goroutine may use it.
//
// It checks what must hold whatever the test is about: field sections decode and aren't interrupted, frames aren't
// too large, and DATA keeps within the windows that the Peer granted.
type Peer struct {
	// Patience is how long to wait for a frame: 10 seconds unless a test says otherwise.
	Patience time.Duration

	t     testing.TB
	conn  net.Conn
	trace trace

	out         []byte // of the frame being sent
	enc         *hpack.Encoder
	encBuf      bytes.Buffer // what enc writes to
	maxSendSize int          // the other side's MAX_FRAME_SIZE

	in           []byte  // read, and not parsed yet
	pending      []Frame // parsed, and not wanted yet
	dec          *hpack.Decoder
	decoded      []hpack.HeaderField // what dec has emitted
	maxFrameSize uint32              // the largest that the Peer announced
	settings     map[wire.SettingID]uint32
	windows      windows

	ignore       []func(Frame) bool
	ignoreFields map[string]bool
}

// NewPeer returns a Peer that uses conn. It prints the conversation if the test fails.
func NewPeer(t testing.TB, conn net.Conn) *Peer {
	p := &Peer{
		Patience:     10 * time.Second,
		t:            t,
		conn:         conn,
		trace:        trace{start: time.Now()},
		maxSendSize:  wire.DefaultMaxFrameSize,
		maxFrameSize: wire.DefaultMaxFrameSize,
		settings:     make(map[wire.SettingID]uint32),
		windows:      newWindows(),
		ignoreFields: make(map[string]bool),
	}
	p.enc = hpack.NewEncoder(&p.encBuf)
	p.dec = hpack.NewDecoder(wire.DefaultHeaderTableSize, func(f hpack.HeaderField) { p.decoded = append(p.decoded, f) })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the conversation (→ from the peer):\n%v", &p.trace)
		}
	})
	return p
}

// Conn returns the connection.
func (p *Peer) Conn() net.Conn { return p.conn }

// Greet begins a connection to a server: it sends the preface and SETTINGS, wants the server's SETTINGS and the
// acknowledgement of its own, and acknowledges the server's. It takes a WINDOW_UPDATE for the connection in passing.
func (p *Peer) Greet(settings ...wire.Setting) {
	p.t.Helper()
	p.Raw([]byte(wire.Preface))
	p.exchangeSettings(settings)
}

// Accept begins a connection from a client, which it wants the preface from. Otherwise it does what Greet does.
func (p *Peer) Accept(settings ...wire.Setting) {
	p.t.Helper()
	preface := p.readBytes(len(wire.Preface))
	p.trace.note(false, "%q", preface)
	if string(preface) != wire.Preface {
		p.t.Fatalf("a client connection begins with the preface (RFC 9113 §3.4), not with %q", preface)
	}
	p.exchangeSettings(settings)
}

func (p *Peer) exchangeSettings(settings []wire.Setting) {
	p.t.Helper()
	p.Settings(settings...)
	var early []Frame // a client need not wait before it sends requests
	for greeted, acked := false, false; !greeted || !acked; {
		f, err := p.next(p.deadline())
		if err != nil {
			p.t.Fatalf("the beginning of the connection: %v", err)
		}
		switch {
		case f.Type == wire.Settings && f.Flags.Has(wire.FlagAck):
			acked = true
		case f.Type == wire.Settings && !greeted:
			greeted = true
			p.SettingsAck()
		case !greeted:
			p.t.Fatalf("the first frame is SETTINGS (RFC 9113 §3.4), not %v", f)
		case f.Type != wire.WindowUpdate || f.StreamID != 0:
			early = append(early, f)
		}
	}
	p.pending = early
}

// Setting returns a setting that the other side has sent.
func (p *Peer) Setting(id wire.SettingID) (v uint32, ok bool) {
	v, ok = p.settings[id]
	return v, ok
}

// Raw sends any bytes.
func (p *Peer) Raw(b []byte) {
	p.t.Helper()
	p.send(b, nil)
}

// send sends whole frames or anything else; fields are those of the field section in b.
func (p *Peer) send(b []byte, fields []hpack.HeaderField) {
	p.t.Helper()
	for rest := b; len(rest) > 0; {
		f, n, ok := cutFrame(rest)
		if !ok {
			p.trace.note(true, "%q", rest)
			break
		}
		if f.Type == wire.Headers || f.Type == wire.PushPromise {
			f.Fields = fields
		}
		p.trace.frame(true, f)
		p.windows.sent(f)
		rest = rest[n:]
	}
	p.conn.SetWriteDeadline(p.deadline())
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("the peer could not write: %v", err)
	}
}

// Fields makes fields of names and values in turn.
func Fields(namesAndValues ...string) []hpack.HeaderField {
	if len(namesAndValues)%2 != 0 {
		panic(fmt.Sprintf("h2test: a name without a value in %q", namesAndValues))
	}
	var fields []hpack.HeaderField
	for i := 0; i < len(namesAndValues); i += 2 {
		fields = append(fields, hpack.HeaderField{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return fields
}

// Encode returns an HPACK-encoded field section. The other side has to see it, or the encoder's state is lost.
func (p *Peer) Encode(fields ...hpack.HeaderField) []byte {
	p.t.Helper()
	p.encBuf.Reset()
	for _, f := range fields {
		if err := p.enc.WriteField(f); err != nil {
			p.t.Fatalf("HPACK: %v", err)
		}
	}
	return bytes.Clone(p.encBuf.Bytes())
}

// Headers sends a field section, given as names and values in turn, in a HEADERS frame and as many CONTINUATION frames
// as it takes.
func (p *Peer) Headers(id uint32, endStream bool, namesAndValues ...string) {
	p.t.Helper()
	fields := Fields(namesAndValues...)
	block := p.Encode(fields...)
	first := min(len(block), p.maxSendSize)
	b := wire.AppendHeaders(p.out[:0], wire.HeadersParam{
		StreamID:   id,
		EndStream:  endStream,
		EndHeaders: first == len(block),
		Fragment:   block[:first],
	})
	for block = block[first:]; len(block) > 0; {
		n := min(len(block), p.maxSendSize)
		b = wire.AppendContinuation(b, id, n == len(block), block[:n])
		block = block[n:]
	}
	p.out = b
	p.send(b, fields)
}

// Request sends a field section with ":method GET", ":scheme https", ":authority example.com" and ":path /", except
// as the names and values given, in turn, say. A pseudo-header field with the value "-" is left out.
func (p *Peer) Request(id uint32, endStream bool, namesAndValues ...string) {
	p.t.Helper()
	request := []string{":method", "GET", ":scheme", "https", ":authority", "example.com", ":path", "/"}
	given := make(map[string]string)
	var rest []string
	for _, f := range Fields(namesAndValues...) {
		if strings.HasPrefix(f.Name, ":") {
			given[f.Name] = f.Value
		} else {
			rest = append(rest, f.Name, f.Value)
		}
	}
	var all []string
	for i := 0; i < len(request); i += 2 {
		value, ok := given[request[i]]
		if !ok {
			value = request[i+1]
		}
		if value != "-" {
			all = append(all, request[i], value)
		}
		delete(given, request[i])
	}
	for _, name := range slices.Sorted(maps.Keys(given)) { // such as :protocol
		all = append(all, name, given[name])
	}
	p.Headers(id, endStream, append(all, rest...)...)
}

// Data sends a DATA frame.
func (p *Peer) Data(id uint32, endStream bool, data string) {
	p.t.Helper()
	p.out = wire.AppendData(p.out[:0], id, endStream, []byte(data))
	p.send(p.out, nil)
}

// RST sends a RST_STREAM frame.
func (p *Peer) RST(id uint32, code wire.ErrCode) {
	p.t.Helper()
	p.out = wire.AppendRSTStream(p.out[:0], id, code)
	p.send(p.out, nil)
}

// Settings sends a SETTINGS frame.
func (p *Peer) Settings(settings ...wire.Setting) {
	p.t.Helper()
	for _, s := range settings {
		switch s.ID {
		case wire.SettingHeaderTableSize:
			p.dec.SetAllowedMaxDynamicTableSize(s.Val)
		case wire.SettingMaxFrameSize:
			p.maxFrameSize = max(p.maxFrameSize, s.Val)
		}
	}
	p.out = wire.AppendSettings(p.out[:0], settings...)
	p.send(p.out, nil)
}

// SettingsAck sends the acknowledgement of a SETTINGS frame.
func (p *Peer) SettingsAck() {
	p.t.Helper()
	p.out = wire.AppendSettingsAck(p.out[:0])
	p.send(p.out, nil)
}

// Ping sends a PING frame.
func (p *Peer) Ping(ack bool, data [8]byte) {
	p.t.Helper()
	p.out = wire.AppendPing(p.out[:0], ack, data)
	p.send(p.out, nil)
}

// GoAway sends a GOAWAY frame.
func (p *Peer) GoAway(last uint32, code wire.ErrCode, debug string) {
	p.t.Helper()
	p.out = wire.AppendGoAway(p.out[:0], last, code, []byte(debug))
	p.send(p.out, nil)
}

// WindowUpdate sends a WINDOW_UPDATE frame.
func (p *Peer) WindowUpdate(id, increment uint32) {
	p.t.Helper()
	p.out = wire.AppendWindowUpdate(p.out[:0], id, increment)
	p.send(p.out, nil)
}

// Close closes the connection.
func (p *Peer) Close() {
	p.trace.note(true, "(close)")
	p.conn.Close()
}
