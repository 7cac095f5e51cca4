package session

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// testStream is a stream and what a test knows about it.
type testStream struct {
	Stream
	moved     int // calls of OutputMoved
	discarded int // bytes given to Discard
	body      []byte
}

func (st *testStream) OutputMoved() { st.moved++ }

func newStream() *testStream {
	st := new(testStream)
	st.Owner = st
	return st
}

// endpoint is a session with what an I/O shell puts around it: frames in bytes
// go in and out, and every frame that comes out is held against the RFC.
type endpoint struct {
	*Session
	t    testing.TB
	now  time.Time
	peer peerView
	all  []*testStream // every stream there ever was

	enc    *hpack.Encoder
	encBuf bytes.Buffer
	dec    *hpack.Decoder
	fields []hpack.HeaderField

	section wire.HeadersFrame // under assembly if StreamID is not 0

	onOpen    func(id uint32, end bool, fields []hpack.HeaderField) error
	onSection func(st *testStream, end bool) error
}

func serverConfig() Config {
	return Config{
		Role:                 Server,
		MaxConcurrentStreams: 100,
		InitialWindow:        wire.DefaultWindow,
		MaxFrameSize:         wire.DefaultMaxFrameSize,
		MaxHeaderListSize:    1 << 20,
		HeaderTableSize:      wire.DefaultHeaderTableSize,
		ConnWindow:           wire.DefaultWindow,
		Policy:               sched.NewRoundRobin(),
	}
}

// newEndpoint returns an endpoint that has not said anything yet.
func newEndpoint(t testing.TB, conf Config) *endpoint {
	e := &endpoint{t: t, now: time.Unix(1e9, 0)}
	e.Session = New(&conf, e.now)
	if f, ok := conf.External.(*fakeExternal); ok {
		f.s = e.Session
	}
	e.enc = hpack.NewEncoder(&e.encBuf)
	e.dec = hpack.NewDecoder(conf.HeaderTableSize, func(f hpack.HeaderField) { e.fields = append(e.fields, f) })
	e.peer.init(conf.Role)
	e.onOpen = e.acceptAny
	e.onSection = func(st *testStream, end bool) error {
		if end {
			return e.RecvEnd(&st.Stream)
		}
		return nil
	}
	return e
}

// newPeer returns an endpoint that has exchanged SETTINGS with its peer.
func newPeer(t testing.TB, role Role, edits ...func(*Config)) *endpoint {
	t.Helper()
	conf := serverConfig()
	conf.Role = role
	for _, edit := range edits {
		edit(&conf)
	}
	e := newEndpoint(t, conf)
	e.mustRecv(wire.AppendSettings(nil))
	e.mustRecv(wire.AppendSettingsAck(nil))
	e.emit()
	return e
}

func newServer(t testing.TB, edits ...func(*Config)) *endpoint {
	t.Helper()
	return newPeer(t, Server, edits...)
}

func newClient(t testing.TB, edits ...func(*Config)) *endpoint {
	t.Helper()
	return newPeer(t, Client, edits...)
}

// acceptAny opens a stream for any field section.
func (e *endpoint) acceptAny(id uint32, end bool, fields []hpack.HeaderField) error {
	st := newStream()
	ok, err := e.Accept(&st.Stream, id, end, contentLength(fields), defaultPriority)
	if ok {
		e.all = append(e.all, st)
	}
	return err
}

func contentLength(fields []hpack.HeaderField) int64 {
	for _, f := range fields {
		if f.Name == "content-length" {
			n, _ := strconv.ParseInt(f.Value, 10, 64)
			return n
		}
	}
	return -1
}

// stream returns the newest stream with that identifier, open or not.
func (e *endpoint) stream(id uint32) *testStream {
	for _, st := range slices.Backward(e.all) {
		if st.ID() == id {
			return st
		}
	}
	return nil
}

// accept has the peer open stream id.
func (e *endpoint) accept(id uint32, end bool) *testStream {
	e.t.Helper()
	e.mustRecv(headers(id, end))
	return e.stream(id)
}

// request has us open a stream.
func (e *endpoint) request(end bool) *testStream {
	st := newStream()
	e.all = append(e.all, st)
	e.Open(&st.Stream, fieldSection(":method", "GET"), end)
	return st
}

func (e *endpoint) commit(st *testStream) {
	e.CommitHeader(&st.Stream, fieldSection(":status", "200"))
}
func (e *endpoint) header(st *testStream) { e.SendHeader(&st.Stream, fieldSection(":status", "200")) }
func (e *endpoint) info(st *testStream)   { e.SendInfo(&st.Stream, fieldSection(":status", "103")) }
func (e *endpoint) end(st *testStream)    { e.SendEnd(&st.Stream, nil) }
func (e *endpoint) trailers(st *testStream) {
	e.SendEnd(&st.Stream, fieldSection("checksum", "0"))
}

// data queues bytes that the session owns.
func (e *endpoint) data(st *testStream, p string) {
	for ; len(p) > BufferSize; p = p[BufferSize:] {
		e.data(st, p[:BufferSize])
	}
	e.SendBuffer(&st.Stream, NewBuffer(len(p)).Append([]byte(p)))
}

func (e *endpoint) lend(st *testStream, p string) { e.SendLent(&st.Stream, []byte(p)) }

func (e *endpoint) discard(st *testStream, n int) {
	st.discarded += n
	e.Discard(&st.Stream, n)
}

// recv feeds frames to the session and returns the first error, which has not been
// acted on.
func (e *endpoint) recv(p []byte) error {
	for len(p) > 0 {
		h := wire.ParseHeader(p)
		err := e.frame(h, p[wire.HeaderLen:][:h.Length])
		p = p[wire.HeaderLen+int(h.Length):]
		if _, ok := err.(*wire.ConnError); !ok {
			e.check()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *endpoint) mustRecv(p []byte) {
	e.t.Helper()
	if err := e.recv(p); err != nil {
		e.t.Fatalf("unexpected %v", err)
	}
}

// handle acts on an error as its scope wants.
func (e *endpoint) handle(err error) {
	if se, ok := err.(*wire.StreamError); ok {
		err = e.ResetForPeer(se, e.now)
	}
	if ce, ok := err.(*wire.ConnError); ok {
		e.GoAway(ce.Code, ce.Reason)
	}
	e.check()
}

// frame does with a frame what the reader of a connection does.
func (e *endpoint) frame(h wire.Header, p []byte) error {
	if id := e.section.StreamID; id != 0 && (h.Type != wire.Continuation || h.StreamID != id) {
		return wire.ConnErrorf(wire.ProtocolError, "interrupted_headers", "%v", h.Type)
	}
	switch h.Type {
	case wire.Data:
		return e.dataFrame(h, p)
	case wire.Headers:
		f, err := wire.ParseHeaders(h, p)
		if err != nil {
			return err
		}
		e.section, e.fields = f, nil
		return e.fragment(f.Fragment, f.EndHeaders)
	case wire.Continuation:
		f, err := wire.ParseContinuation(h, p)
		if err != nil {
			return err
		}
		if e.section.StreamID == 0 {
			return wire.ConnErrorf(wire.ProtocolError, "unexpected_continuation", "")
		}
		return e.fragment(f.Fragment, f.EndHeaders)
	}
	err := e.controlFrame(h, p)
	if err == nil {
		e.peer.sent(h, p)
	}
	return err
}

func (e *endpoint) fragment(p []byte, end bool) error {
	if _, err := e.dec.Write(p); err != nil {
		return wire.ConnErrorf(wire.CompressionError, "header_decompression", "%v", err)
	}
	if !end {
		return nil
	}
	f := e.section
	e.section.StreamID = 0
	if err := e.dec.Close(); err != nil {
		return wire.ConnErrorf(wire.CompressionError, "header_decompression", "%v", err)
	}
	e.peer.sentSection(f.StreamID, f.EndStream)
	if e.IsNew(f.StreamID) {
		if e.cfg.Role == Client {
			return wire.ConnErrorf(wire.ProtocolError, "headers_even", "a stream that was not promised")
		}
		return e.onOpen(f.StreamID, f.EndStream, e.fields)
	}
	st, err := e.RecvFields(f.StreamID, f.EndStream)
	if err != nil {
		return err
	}
	if st == nil {
		return e.EchoFrame(e.now)
	}
	owner := st.Owner.(*testStream)
	if e.cfg.Role == Client {
		e.RecvHeader(st, contentLength(e.fields))
	}
	return e.onSection(owner, f.EndStream)
}

func (e *endpoint) dataFrame(h wire.Header, p []byte) error {
	f, err := wire.ParseData(h, p)
	if err != nil {
		return err
	}
	e.peer.sentData(f)
	st, err := e.RecvData(f, e.now)
	if st != nil {
		owner := st.Owner.(*testStream)
		owner.body = append(owner.body, f.Data...)
	}
	return err
}

func (e *endpoint) controlFrame(h wire.Header, p []byte) error {
	switch h.Type {
	case wire.Settings:
		f, err := wire.ParseSettings(h, p)
		if err != nil {
			return err
		}
		return e.RecvSettings(f)
	case wire.Ping:
		data, ack, err := wire.ParsePing(h, p)
		if err != nil {
			return err
		}
		if ack {
			e.RecvPingAck(data, e.now)
			return e.EchoFrame(e.now)
		}
		e.RecvPing(data)
		return nil
	case wire.WindowUpdate:
		n, err := wire.ParseWindowUpdate(h, p)
		if err != nil {
			if se, ok := err.(*wire.StreamError); ok && e.Idle(se.StreamID) {
				return wire.ConnErrorf(wire.ProtocolError, "stream_idle", "")
			}
			return err
		}
		if err := e.EchoFrame(e.now); err != nil {
			return err
		}
		return e.RecvWindowUpdate(h.StreamID, n)
	case wire.RSTStream:
		code, err := wire.ParseRSTStream(h, p)
		if err != nil {
			return err
		}
		return e.RecvReset(h.StreamID, code, e.now)
	case wire.GoAway:
		f, err := wire.ParseGoAway(h, p)
		if err != nil {
			return err
		}
		e.RecvGoAway(f)
	case wire.Priority:
		f, err := wire.ParsePriority(h, p)
		if err != nil {
			return err
		}
		return e.RecvPriority(f.StreamID, f.PriorityParam)
	case wire.PushPromise:
		return wire.ConnErrorf(wire.ProtocolError, "push_promise", "")
	}
	return e.UselessFrame(e.now)
}
