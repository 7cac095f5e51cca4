package session

import (
	"fmt"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// peerView is what the peer of a session knows: what it has granted and sent.
// It holds every frame of the session against that and RFC 9113. It is written
// without looking at the session.
type peerView struct {
	role    Role // the session's
	streams map[uint32]*viewStream

	settings   bool // the session's first SETTINGS have come
	conn       int64
	initial    int64
	maxFrame   int64
	maxStreams uint32
	push       bool
	active     int    // streams that the session opened and that are not closed
	newest     uint32 // of those
	theirs     uint32 // newest that the peer opened: skipped ones are closed
	granted    int64  // window that the session has given the connection
	goAway     bool
	goAwayLast uint32
	fatal      bool
	resets     int // RST_STREAM frames from the session

	dec     *hpack.Decoder
	fields  []hpack.HeaderField
	section struct {
		id       uint32
		end      bool
		promised uint32
		block    []byte
	}
}

type viewStream struct {
	ours, theirs bool  // opened by the session, by the peer
	window       int64 // granted to the session, less initial
	header       bool  // the session's final field section has come
	ended        bool  // the session has ended its side
	reset        bool  // the session has
	peerEnded    bool
	peerReset    bool
	inactive     bool // counted out of active
}

func (v *peerView) init(role Role) {
	*v = peerView{
		role:       role,
		streams:    make(map[uint32]*viewStream),
		conn:       wire.DefaultWindow,
		initial:    wire.DefaultWindow,
		maxFrame:   wire.DefaultMaxFrameSize,
		maxStreams: 1<<32 - 1,
		push:       true,
		granted:    wire.DefaultWindow,
	}
	v.dec = hpack.NewDecoder(wire.DefaultHeaderTableSize, func(f hpack.HeaderField) { v.fields = append(v.fields, f) })
	v.dec.SetAllowedMaxDynamicTableSize(1 << 20)
}

func (v *peerView) stream(id uint32) *viewStream {
	st := v.streams[id]
	if st == nil {
		st = new(viewStream)
		v.streams[id] = st
	}
	return st
}

// sent notes a control frame that the peer sent and the session accepted.
func (v *peerView) sent(h wire.Header, p []byte) {
	switch h.Type {
	case wire.Settings:
		f, _ := wire.ParseSettings(h, p)
		for i := range f.Len() {
			v.setting(f.At(i))
		}
	case wire.WindowUpdate:
		n, _ := wire.ParseWindowUpdate(h, p)
		if h.StreamID == 0 {
			v.conn += int64(n)
		} else {
			v.stream(h.StreamID).window += int64(n)
		}
	case wire.RSTStream:
		st := v.stream(h.StreamID)
		st.peerReset = true
		v.closed(st)
	case wire.GoAway:
		v.push = false
	}
}

func (v *peerView) setting(s wire.Setting) {
	switch s.ID {
	case wire.SettingInitialWindowSize:
		v.initial = int64(s.Val)
	case wire.SettingMaxFrameSize:
		v.maxFrame = int64(s.Val)
	case wire.SettingMaxConcurrentStreams:
		v.maxStreams = s.Val
	case wire.SettingEnablePush:
		v.push = s.Val != 0
	}
}

// sentSection notes a field section from the peer.
func (v *peerView) sentSection(id uint32, end bool) {
	st := v.stream(id)
	if (id%2 == 1) == (v.role == Server) {
		st.theirs = true
		v.theirs = max(v.theirs, id)
	}
	v.peerEnded(st, end)
}

func (v *peerView) sentData(f wire.DataFrame) {
	v.granted -= int64(f.Length)
	v.peerEnded(v.stream(f.StreamID), f.EndStream)
}

func (v *peerView) peerEnded(st *viewStream, end bool) {
	if !end {
		return
	}
	st.peerEnded = true
	if st.ended {
		v.closed(st)
	}
}

// closed counts a stream that the session opened.
func (v *peerView) closed(st *viewStream) {
	if st.ours && !st.inactive {
		st.inactive = true
		v.active--
	}
}

// received checks frames from the session.
func (v *peerView) received(p []byte) error {
	for len(p) > 0 {
		h := wire.ParseHeader(p)
		if wire.HeaderLen+int(h.Length) > len(p) {
			return fmt.Errorf("%v is cut off", h.Type)
		}
		payload := p[wire.HeaderLen:][:h.Length]
		if err := v.frame(h, payload); err != nil {
			return fmt.Errorf("%s: %w", describe(h, payload), err)
		}
		p = p[wire.HeaderLen+int(h.Length):]
	}
	return nil
}

func (v *peerView) frame(h wire.Header, p []byte) error {
	switch {
	case v.fatal:
		return fmt.Errorf("after a GOAWAY with an error")
	case !v.settings && h.Type != wire.Settings:
		return fmt.Errorf("before SETTINGS (RFC 9113 §3.4)")
	case int64(h.Length) > v.maxFrame:
		return fmt.Errorf("larger than %d (RFC 9113 §4.2)", v.maxFrame)
	case v.section.id != 0 && (h.Type != wire.Continuation || h.StreamID != v.section.id):
		return fmt.Errorf("inside a field section (RFC 9113 §6.10)")
	}
	switch h.Type {
	case wire.Settings:
		v.settings = true
		return nil
	case wire.Ping:
		return nil
	case wire.Data:
		return v.data(h, p)
	case wire.Headers:
		f, err := wire.ParseHeaders(h, p)
		if err != nil {
			return err
		}
		v.section.id, v.section.end, v.section.promised = h.StreamID, f.EndStream, 0
		return v.fragment(f.Fragment, f.EndHeaders)
	case wire.PushPromise:
		f, err := wire.ParsePushPromise(h, p)
		if err != nil {
			return err
		}
		v.section.id, v.section.end, v.section.promised = h.StreamID, false, f.PromiseID
		return v.fragment(f.Fragment, f.EndHeaders)
	case wire.Continuation:
		return v.fragment(p, h.Flags.Has(wire.FlagEndHeaders))
	case wire.RSTStream:
		return v.rst(h)
	case wire.WindowUpdate:
		return v.windowUpdate(h, p)
	case wire.GoAway:
		return v.goingAway(h, p)
	}
	return fmt.Errorf("not a frame that a session sends")
}

func (v *peerView) data(h wire.Header, p []byte) error {
	st := v.stream(h.StreamID)
	if err := st.maySend(); err != nil {
		return err
	}
	if !st.header {
		return fmt.Errorf("before the final field section (RFC 9113 §8.1)")
	}
	n := int64(len(p))
	if n > 0 && (n > v.conn || n > v.initial+st.window) {
		return fmt.Errorf("windows are %d and %d (RFC 9113 §6.9)", v.conn, v.initial+st.window)
	}
	v.conn -= n
	st.window -= n
	v.ended(st, h.Flags.Has(wire.FlagEndStream))
	return nil
}

// maySend is RFC 9113 §5.1 for anything but RST_STREAM and WINDOW_UPDATE.
func (st *viewStream) maySend() error {
	switch {
	case !st.ours && !st.theirs:
		return fmt.Errorf("on an idle stream (RFC 9113 §5.1)")
	case st.reset:
		return fmt.Errorf("after RST_STREAM (RFC 9113 §5.4.2)")
	case st.ended:
		return fmt.Errorf("after END_STREAM (RFC 9113 §5.1)")
	case st.peerReset:
		return fmt.Errorf("after the peer's RST_STREAM was read (RFC 9113 §6.4)")
	}
	return nil
}

func (v *peerView) ended(st *viewStream, end bool) {
	st.ended = st.ended || end
	if end && (st.peerEnded || v.role == Server && st.ours) {
		v.closed(st)
	}
}

func (v *peerView) fragment(p []byte, end bool) error {
	s := &v.section
	s.block = append(s.block, p...)
	if !end {
		return nil
	}
	v.fields = nil
	_, err := v.dec.Write(s.block)
	if err == nil {
		err = v.dec.Close()
	}
	id, fields := s.id, v.fields
	s.id, s.block = 0, nil
	switch {
	case err != nil:
		return err
	case s.promised != 0:
		return v.promise(id, s.promised)
	}
	return v.fieldSection(id, s.end, fields)
}

func (v *peerView) fieldSection(id uint32, end bool, fields []hpack.HeaderField) error {
	st := v.stream(id)
	if v.role == Client && id > v.newest {
		if err := v.opened(id); err != nil {
			return err
		}
	}
	if err := st.maySend(); err != nil {
		return err
	}
	informational := len(fields) > 0 && fields[0].Name == ":status" && strings.HasPrefix(fields[0].Value, "1")
	switch {
	case len(fields) == 0:
		return fmt.Errorf("empty")
	case informational && (end || st.header):
		return fmt.Errorf("1xx that ends the stream, or comes late (RFC 9113 §8.1)")
	case st.header && !end:
		return fmt.Errorf("trailers without END_STREAM (RFC 9113 §8.1)")
	}
	st.header = st.header || !informational
	v.ended(st, end)
	return nil
}

// opened is a stream that the session opens.
func (v *peerView) opened(id uint32) error {
	want := uint32(0)
	if v.role == Client {
		want = 1
	}
	switch {
	case id%2 != want || id <= v.newest:
		return fmt.Errorf("stream %d after %d (RFC 9113 §5.1.1)", id, v.newest)
	case v.active >= int(min(v.maxStreams, 1<<30)):
		return fmt.Errorf("more than %d streams (RFC 9113 §5.1.2)", v.maxStreams)
	}
	v.newest = id
	v.active++
	v.stream(id).ours = true
	return nil
}

func (v *peerView) promise(parent, id uint32) error {
	if !v.push {
		return fmt.Errorf("push is disabled (RFC 9113 §6.6)")
	}
	if st := v.stream(parent); !st.theirs {
		return fmt.Errorf("on a stream that the client did not open (RFC 9113 §6.6)")
	} else if err := st.maySend(); err != nil {
		return err
	}
	return v.opened(id)
}

func (v *peerView) rst(h wire.Header) error {
	st := v.stream(h.StreamID)
	skipped := h.StreamID < v.theirs && h.StreamID%2 == v.theirs%2
	if !st.ours && !st.theirs && !skipped {
		return fmt.Errorf("on an idle stream (RFC 9113 §6.4)")
	}
	st.reset = true
	v.resets++
	v.closed(st)
	return nil
}

func (v *peerView) windowUpdate(h wire.Header, p []byte) error {
	n, err := wire.ParseWindowUpdate(h, p)
	if err != nil {
		return err
	}
	if h.StreamID == 0 {
		if v.granted += int64(n); v.granted > wire.MaxWindow {
			return fmt.Errorf("the connection's window is %d (RFC 9113 §6.9.1)", v.granted)
		}
		return nil
	}
	switch st := v.stream(h.StreamID); {
	case !st.ours && !st.theirs:
		return fmt.Errorf("on an idle stream (RFC 9113 §5.1)")
	case st.reset, st.peerReset:
		return fmt.Errorf("after RST_STREAM (RFC 9113 §6.4)")
	case st.peerEnded:
		return fmt.Errorf("of no use: the peer has ended its side")
	}
	return nil
}

func (v *peerView) goingAway(h wire.Header, p []byte) error {
	f, err := wire.ParseGoAway(h, p)
	if err != nil {
		return err
	}
	if v.goAway && f.LastStreamID > v.goAwayLast {
		return fmt.Errorf("the last stream went up from %d (RFC 9113 §6.8)", v.goAwayLast)
	}
	v.goAway, v.goAwayLast, v.fatal = true, f.LastStreamID, f.Code != wire.NoError
	return nil
}
