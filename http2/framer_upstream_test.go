package http2

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// framerOptions are the settings of a Framer.
type framerOptions struct {
	meta          bool
	illegalReads  bool
	reuse         bool
	maxSection    uint32
	smallestFrame bool
}

// optionsOf unpacks options from the byte that a fuzzer varies.
func optionsOf(b byte) framerOptions {
	o := framerOptions{meta: b&1 != 0, illegalReads: b&2 != 0, reuse: b&4 != 0, smallestFrame: b&16 != 0}
	if b&8 != 0 {
		o.maxSection = 200
	}
	return o
}

const fuzzFrameSize = 64 // the maximum frame size with framerOptions.smallestFrame

// readOurs says what our Framer makes of the stream.
func readOurs(stream []byte, o framerOptions) []string {
	fr := NewFramer(nil, bytes.NewReader(stream))
	fr.AllowIllegalReads, fr.MaxHeaderListSize = o.illegalReads, o.maxSection
	if o.meta {
		fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	}
	if o.smallestFrame {
		fr.SetMaxReadFrameSize(fuzzFrameSize)
	}
	if o.reuse {
		fr.SetReuseFrames()
	}
	return transcript(func() (any, any, error) {
		f, err := fr.ReadFrame()
		if f == nil {
			return nil, nil, err
		}
		return f, f.Header(), err
	})
}

// readUpstreams says what golang.org/x/net's makes of it.
func readUpstreams(stream []byte, o framerOptions) []string {
	fr := xhttp2.NewFramer(nil, bytes.NewReader(stream))
	fr.AllowIllegalReads, fr.MaxHeaderListSize = o.illegalReads, o.maxSection
	if o.meta {
		fr.ReadMetaHeaders = xhpack.NewDecoder(4096, nil)
	}
	if o.smallestFrame {
		fr.SetMaxReadFrameSize(fuzzFrameSize)
	}
	if o.reuse {
		fr.SetReuseFrames()
	}
	return transcript(func() (any, any, error) {
		f, err := fr.ReadFrame()
		if f == nil {
			return nil, nil, err
		}
		return f, f.Header(), err
	})
}

// transcript has a line for each frame, and for each error up to the first that ends the stream.
func transcript(read func() (frame, header any, err error)) []string {
	var lines []string
	for {
		frame, header, err := read()
		switch {
		case err == nil:
			lines = append(lines, describe(frame, header))
			continue
		case frame != nil:
			lines = append(lines, fmt.Sprintf("%T %v with %v", err, err, header))
		default:
			lines = append(lines, fmt.Sprintf("%T %v", err, err))
		}
		if !strings.HasSuffix(fmt.Sprintf("%T", err), "StreamError") {
			return lines
		}
	}
}

// describe says all there is to know about a frame of either package: its type, header, exported fields, and what
// its methods without arguments return.
func describe(frame, header any) string {
	var b strings.Builder
	h := reflect.ValueOf(header)
	fmt.Fprintf(&b, "%T type=%d flags=%#x stream=%d len=%d", frame,
		h.FieldByName("Type").Uint(), h.FieldByName("Flags").Uint(), h.FieldByName("StreamID").Uint(), h.FieldByName("Length").Uint())
	if t := h.FieldByName("Type").Uint(); t < 0x0a || t > 0x0f { // of which upstream prints nothing
		fmt.Fprintf(&b, " %v", header)
	}
	v := reflect.ValueOf(frame)
	for i := range v.Elem().NumField() {
		if f := v.Elem().Type().Field(i); f.IsExported() && !f.Anonymous {
			fmt.Fprintf(&b, " %s=%v", f.Name, v.Elem().Field(i))
		}
	}
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		if m.Name == "Header" || m.Name == "String" || m.Type.NumIn() != 1 {
			continue
		}
		fmt.Fprintf(&b, " %s()=%v", m.Name, call(v.Method(i)))
	}
	if setting := v.MethodByName("Setting"); setting.IsValid() {
		for i := range v.MethodByName("NumSettings").Call(nil)[0].Int() {
			fmt.Fprintf(&b, " %v", setting.Call([]reflect.Value{reflect.ValueOf(int(i))})[0])
		}
	}
	return b.String()
}

func call(m reflect.Value) (result any) {
	defer func() {
		if r := recover(); r != nil {
			result = fmt.Sprint("panic: ", r)
		}
	}()
	out := m.Call(nil)[0]
	if s, ok := out.Interface().([]byte); ok {
		return fmt.Sprintf("%q", s)
	}
	return out
}

// compareWithUpstream fails the test unless both Framers make the same of the stream.
func compareWithUpstream(t *testing.T, stream []byte, o framerOptions) {
	t.Helper()
	ours, theirs := readOurs(stream, o), readUpstreams(stream, o)
	for i := range min(len(ours), len(theirs)) {
		if ours[i] == "http2.ConnectionError connection error: ENHANCE_YOUR_CALM" {
			return // the limit on empty CONTINUATION frames, which upstream doesn't have
		}
		if ours[i] != theirs[i] {
			t.Fatalf("%+v, %q: frame %d\n is %s\nwant %s", o, stream, i, ours[i], theirs[i])
		}
	}
	if len(ours) != len(theirs) {
		t.Fatalf("%+v, %q:\n is %q\nwant %q", o, stream, ours, theirs)
	}
}

// A streamMaker makes streams of frames that are mostly right.
type streamMaker struct {
	rng *rand.Rand
	enc *hpack.Encoder
	buf bytes.Buffer // of enc
}

func newStreamMaker(seed uint64) *streamMaker {
	m := &streamMaker{rng: rand.New(rand.NewPCG(seed, 0))}
	m.enc = hpack.NewEncoder(&m.buf)
	return m
}

// stream returns up to 12 frames, one in four streams damaged somewhere.
func (m *streamMaker) stream() []byte {
	var b []byte
	for range 1 + m.rng.IntN(12) {
		b = m.frame(b)
	}
	if m.rng.IntN(4) == 0 {
		b[m.rng.IntN(len(b))] ^= 1 << m.rng.IntN(8)
	}
	if m.rng.IntN(8) == 0 {
		b = b[:m.rng.IntN(len(b))]
	}
	return b
}

func (m *streamMaker) frame(b []byte) []byte {
	rng, id := m.rng, uint32((m.rng.IntN(20)+2)/4)
	pick := func(odds int) bool { return rng.IntN(odds) == 0 }
	switch rng.IntN(14) {
	case 0:
		return wire.AppendDataPadded(b, id, pick(2), m.bytes(80), make([]byte, rng.IntN(10)))
	case 1, 2, 3:
		return m.section(b, id)
	case 4:
		return wire.AppendPriority(b, id, wire.PriorityParam{StreamDep: rng.Uint32() >> 1, Exclusive: pick(2), Weight: uint8(rng.Uint32())})
	case 5:
		return wire.AppendRSTStream(b, id, wire.ErrCode(rng.IntN(20)))
	case 6:
		var settings []wire.Setting
		for range rng.IntN(12) {
			settings = append(settings, wire.Setting{ID: wire.SettingID(rng.IntN(12)), Val: rng.Uint32() >> rng.IntN(32)})
		}
		return wire.AppendSettings(b, settings...)
	case 7:
		return wire.AppendPushPromise(b, wire.PushPromiseParam{StreamID: id, PromiseID: 2, EndHeaders: pick(2), PadLength: uint8(rng.IntN(5)), Fragment: m.bytes(9)})
	case 8:
		return wire.AppendPing(b, pick(2), [8]byte{1: 'p'})
	case 9:
		return wire.AppendGoAway(b, rng.Uint32(), wire.ErrCode(rng.IntN(20)), m.bytes(9))
	case 10:
		return wire.AppendWindowUpdate(b, id, uint32(rng.IntN(3)))
	case 11:
		return wire.AppendPriorityUpdate(b, id, string(m.bytes(6)))
	case 12:
		p := m.bytes(20)
		h := wire.Header{Length: uint32(len(p)), Type: wire.FrameType(rng.Uint32()), Flags: wire.Flags(rng.Uint32()), StreamID: id}
		return append(wire.AppendHeader(b, h), p...)
	default:
		return wire.AppendContinuation(b, id, pick(2), m.bytes(5))
	}
}

// section appends a HEADERS frame, and CONTINUATION frames perhaps.
func (m *streamMaker) section(b []byte, id uint32) []byte {
	names := []string{":method", ":path", ":scheme", ":authority", ":status", ":protocol", ":bad", "cookie", "trailer", "x-Y", "x-y", "te", "", "a b"}
	values := []string{"GET", "/", "a, b,c", "", "x\ny", "https", strings.Repeat("v", 90)}
	m.buf.Reset()
	for range m.rng.IntN(7) {
		i := min(m.rng.IntN(len(names)), m.rng.IntN(len(names)))
		m.enc.WriteField(hpack.HeaderField{Name: names[i], Value: values[min(m.rng.IntN(len(values)), m.rng.IntN(len(values)))]})
	}
	block := m.buf.Bytes()
	cut := m.rng.IntN(len(block) + 1)
	whole := m.rng.IntN(2) == 0
	if whole {
		cut = len(block)
	}
	b = wire.AppendHeaders(b, wire.HeadersParam{
		StreamID:    id,
		EndStream:   m.rng.IntN(2) == 0,
		EndHeaders:  whole,
		PadLength:   uint8(max(0, m.rng.IntN(20)-15)),
		HasPriority: m.rng.IntN(5) == 0,
		Priority:    wire.PriorityParam{StreamDep: 3, Weight: 9},
		Fragment:    block[:cut],
	})
	if !whole {
		b = wire.AppendContinuation(b, id, true, block[cut:])
	}
	return b
}

func (m *streamMaker) bytes(most int) []byte {
	b := make([]byte, m.rng.IntN(most+1))
	for i := range b {
		b[i] = byte(m.rng.Uint32())
	}
	return b
}

func TestFramerReadsRandomStreamsAsUpstreamDoes(t *testing.T) {
	m := newStreamMaker(1)
	for range 10000 {
		compareWithUpstream(t, m.stream(), optionsOf(byte(m.rng.Uint32())))
	}
}

func FuzzFramerAgainstUpstream(f *testing.F) {
	m := newStreamMaker(2)
	for range 40 {
		f.Add(byte(m.rng.Uint32()), m.stream())
	}
	f.Fuzz(func(t *testing.T, options byte, stream []byte) {
		compareWithUpstream(t, stream, optionsOf(options))
	})
}
