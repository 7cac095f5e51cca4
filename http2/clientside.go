package http2

import (
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/wire"
)

// clientSide is a ClientConn as the engine sees it. It implements conn.Side.
type clientSide ClientConn

func (s *clientSide) cc() *ClientConn { return (*ClientConn)(s) }

// Open implements conn.Side: a server opens no streams, since push is disabled.
func (s *clientSide) Open(f conn.Fields) error {
	return wire.Conn(wire.ProtocolError, "headers_even", "HEADERS on stream %d, which only a server could open", f.StreamID)
}

// Run implements conn.Side. Nothing is ever queued for it.
func (s *clientSide) Run(*conn.Stream) {}

// PriorityUpdate implements conn.Side (RFC 9218 §7.1: only clients send it).
func (s *clientSide) PriorityUpdate(id uint32, _ string) error {
	return wire.Conn(wire.ProtocolError, "priority_update", "PRIORITY_UPDATE for stream %d from a server", id)
}

// Ready implements conn.Side.
func (s *clientSide) Ready() {}

// CaughtUp implements conn.Side: who has got a response in this read is told.
func (s *clientSide) CaughtUp() {
	for i, cs := range s.answers {
		close(cs.answered)
		s.answers[i] = nil
	}
	s.answers = s.answers[:0]
}

// Settings implements conn.Side.
func (s *clientSide) Settings() {
	c := s.cc().c
	c.Lock()
	s.peerMaxList.Store(c.Session().PeerMaxHeaderListSize())
	s.peerExtendedConnect.Store(c.Session().PeerExtendedConnect())
	c.UnlockQuietly()
	s.cc().settle()
	s.cc().noteState()
}

// PingAcked implements conn.Side.
func (s *clientSide) PingAcked(data [8]byte) {
	cc := s.cc()
	cc.c.Lock()
	if ch, ok := cc.pings[data]; ok {
		close(ch)
		delete(cc.pings, data)
	}
	cc.c.UnlockQuietly()
	cc.noteState()
}

// GoAway implements conn.Side: no more requests go over this connection. Streams
// that the server says it has not processed are about to close with ErrGoAway.
func (s *clientSide) GoAway(f wire.GoAwayFrame) {
	cc := s.cc()
	cc.markDead()
	if f.Code != wire.NoError {
		cc.t.vlogf("transport got GOAWAY with error code = %v", f.Code)
		cc.t.count("recv_goaway_" + codeToken(f.Code))
	}
	cc.c.Lock()
	e := &GoAwayError{LastStreamID: f.LastStreamID, ErrCode: ErrCode(f.Code), DebugData: string(f.Debug)}
	if old := cc.goAwayErr; old != nil { // what it said first explains more
		if old.ErrCode != ErrCodeNo {
			e.ErrCode = old.ErrCode
		}
		if old.DebugData != "" {
			e.DebugData = old.DebugData
		}
	}
	cc.goAwayErr = e
	done := cc.doneLocked()
	cc.c.UnlockQuietly()
	if done {
		cc.closeIfIdle()
	}
}

// Active implements conn.Side.
func (s *clientSide) Active(active bool) {
	cc := s.cc()
	if active {
		return
	}
	cc.c.Lock()
	if cc.c.Session().OpenStreams() > 0 {
		cc.c.UnlockQuietly()
		return
	}
	cc.lastIdle = time.Now()
	cc.lastActive = cc.lastIdle
	if cc.idleTimer != nil && !cc.closed {
		cc.idleTimer.Reset(cc.t.idleConnTimeout())
	}
	cc.wakeIdleWaits()
	done := cc.doneLocked()
	cc.c.UnlockQuietly()
	if done {
		cc.closeIfIdle()
	}
}

// Closed implements conn.Side.
func (s *clientSide) Closed(cs *conn.Stream) {
	cs.Side.(*clientStream).closedByEngine()
	s.cc().noteState()
}

// Section implements conn.Side: a response, informational or final, or its
// trailers.
func (s *clientSide) Section(cst *conn.Stream, f conn.Fields) error {
	cs := cst.Side.(*clientStream)
	if f.TooLarge {
		return wire.Stream(f.StreamID, wire.ProtocolError, "header_list_too_large", "http2: response header list larger than advertised limit")
	}
	cs.traceFirstByte()
	if cs.gotHead {
		return cs.trailers(f)
	}
	code, err := message.Status(f.StreamID, f.List)
	switch {
	case err != nil:
		return err
	case code < 200:
		return cs.informational(f)
	}
	return cs.head(f)
}

// maxInformationalSeen bounds, in number, the 1xx responses to a request that has a
// Got1xxResponse hook. A server that sends them without end, and never an answer,
// would have the hook called for ever.
const maxInformationalSeen = 10000

// maxInformational bounds, in bytes of fields, the 1xx responses that nobody
// looks at.
func (cc *ClientConn) maxInformational() int { return int(cc.conf.session.MaxHeaderListSize) }

// informational is a 1xx response.
func (cs *clientStream) informational(f conn.Fields) error {
	if f.EndStream {
		return wire.Stream(f.StreamID, wire.ProtocolError, "1xx_ended", "1xx informational response with END_STREAM flag")
	}
	code, h, err := cs.cc.reader.Informational(f.StreamID, f.List)
	if err != nil {
		return err
	}
	if cs.trace != nil && cs.trace.Got1xxResponse != nil {
		if cs.informationals++; cs.informationals > maxInformationalSeen {
			return wire.Stream(f.StreamID, wire.EnhanceYourCalm, "1xx_too_many", "more than %d informational responses", maxInformationalSeen)
		}
		cs.cc.c.CatchUp()
		if err := cs.trace.Got1xxResponse(code, textproto.MIMEHeader(h)); err != nil {
			cs.abort(err)
			return nil
		}
	} else {
		for _, hf := range f.List {
			cs.informationalSize += int(hf.Size())
		}
		if cs.informationalSize > cs.cc.maxInformational() {
			return wire.Stream(f.StreamID, wire.ProtocolError, "1xx_too_large", "header list too large")
		}
	}
	if code == http.StatusContinue {
		if cs.trace != nil && cs.trace.Got100Continue != nil {
			cs.cc.c.CatchUp()
			cs.trace.Got100Continue()
		}
		cs.goAhead()
	}
	return nil
}

// head is the final response.
func (cs *clientStream) head(f conn.Fields) error {
	r, err := cs.cc.reader.Read(f.StreamID, f.List, f.EndStream, cs.req)
	if err != nil {
		return err
	}
	cs.gotHead = true
	res := r.HTTP
	cs.tunnel = cs.connect && res.StatusCode/100 == 2
	res.TLS = cs.cc.tls
	cs.makeBody(res, f.EndStream)

	cs.cc.c.Lock()
	if cs.err != nil { // the stream has closed meanwhile, and RoundTrip may have seen why
		cs.cc.c.UnlockQuietly()
		return nil
	}
	sess := cs.cc.c.Session()
	limit := int64(-1) // the body says what is wrong with its length
	if cs.isHead {
		limit = 0 // RFC 9110 §9.3.2
	}
	sess.RecvHead(&cs.Stream.Stream, limit)
	cs.res = res
	if res.StatusCode >= 300 {
		// The server has answered, so it does not care for the rest of the
		// request. After a 2xx it may (golang/go#13444).
		cs.stopLocked()
	}
	if f.EndStream {
		err = sess.RecvEnd(&cs.Stream.Stream)
		cs.Body.End(io.EOF, nil)
	}
	if cs.claimAnswer() {
		cs.OutputMoved() // for awaitWithin
		cs.cc.answers = append(cs.cc.answers, cs)
	}
	cs.cc.c.UnlockQuietly()
	return err
}

// trailers are the response's.
func (cs *clientStream) trailers(f conn.Fields) error {
	if cs.tunnel {
		return fieldsInTunnel(f.StreamID)
	}
	if !f.EndStream {
		return wire.Stream(f.StreamID, wire.ProtocolError, "trailers_not_ended", "trailers without END_STREAM")
	}
	trailers, err := cs.cc.reader.ReadTrailers(f.StreamID, f.List)
	if err != nil {
		return err
	}
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	if err := cs.cc.c.Session().RecvEnd(&cs.Stream.Stream); err != nil {
		return err
	}
	cs.Body.End(io.EOF, func() {
		if cs.res.Trailer == nil {
			cs.res.Trailer = make(http.Header, len(trailers))
		}
		maps.Copy(cs.res.Trailer, trailers)
	})
	return nil
}
