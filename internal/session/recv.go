package session

import (
	"time"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// Accept opens st, zero but for its Owner, as the stream id that a complete and
// well-formed field section begins (id is new, see IsNew). It reports false,
// without an error, if the stream is to be ignored because we have sent a GOAWAY.
// declared is the content-length, or -1.
func (s *Session) Accept(st *Stream, id uint32, end bool, declared int64, p sched.Priority) (bool, error) {
	if s.control.goAway.sent {
		return false, nil // RFC 9113 §6.8: streams above the announced one are ignored
	}
	s.peerLast = id
	if s.peerOpen >= s.cfg.MaxConcurrentStreams {
		if s.control.unacked == 0 {
			return false, wire.StreamErrorf(id, wire.ProtocolError, "over_max_streams", "more than %d concurrent streams", s.cfg.MaxConcurrentStreams)
		}
		// RFC 9113 §5.1.2: the peer may not know our limit yet, and may retry.
		return false, wire.StreamErrorf(id, wire.RefusedStream, "over_max_streams_race", "more than %d concurrent streams", s.cfg.MaxConcurrentStreams)
	}
	s.peerOpen++
	st.declared = declared
	state := StateOpen
	if end {
		state, st.gotEnd = StateHalfClosedRemote, true
	}
	s.open(st, id, state, sched.OpenOptions{Priority: p})
	return true, nil
}

// AcceptUpgraded opens st as stream 1, half-closed (remote): the request of an
// HTTP/1.1 upgrade (RFC 7540 §3.2).
func (s *Session) AcceptUpgraded(st *Stream, p sched.Priority) {
	s.peerLast = 1
	s.peerOpen++
	st.declared, st.gotEnd = -1, true
	s.open(st, 1, StateHalfClosedRemote, sched.OpenOptions{Priority: p})
}

// Refuse notes that the peer tried to open id with a field section that cannot be
// accepted. It reports false if the stream is to be ignored anyway.
func (s *Session) Refuse(id uint32) bool {
	if s.control.goAway.sent {
		return false
	}
	s.peerLast = id
	return true
}

// open enters st into the session.
func (s *Session) open(st *Stream, id uint32, state State, o sched.OpenOptions) {
	st.id, st.state = id, state
	window := s.cfg.InitialWindow
	if s.control.unacked > 0 && s.peerInitiated(id) {
		// RFC 9113 §6.9.3: until it knows our window, the peer may use the default.
		window = max(window, wire.DefaultWindow)
	}
	st.recv.init(window)
	s.addStream(st)
	if !st.gotEnd {
		s.receiving++
	}
	s.out.open(s, st, o)
}

// Receiving reports whether there is a stream on which content may still come.
func (s *Session) Receiving() bool { return s.receiving > 0 }

// ignored reports whether frames on id are dropped because of a GOAWAY: ours was
// fatal, or graceful and id is above what it announced (RFC 9113 §6.8).
func (s *Session) ignored(id uint32) bool {
	g := &s.control.goAway
	return g.sent && (g.fatal() || (s.peerInitiated(id) && id > s.peerLast))
}

// RecvFields is a field section on a stream that is not new: a request's trailers,
// or whatever a server sends. It returns nil if it is to be ignored. The caller
// reports END_STREAM with RecvEnd.
func (s *Session) RecvFields(id uint32, end bool) (*Stream, error) {
	if s.cfg.Role == Client && s.peerInitiated(id) {
		// RFC 9113 §8.4: a server opens streams with PUSH_PROMISE, which ours may not.
		return nil, wire.ConnErrorf(wire.ProtocolError, "headers_even", "HEADERS on stream %d, which only a server could open", id)
	}
	if s.ignored(id) {
		return nil, nil
	}
	st := s.streams[id]
	if st == nil {
		return nil, s.lateFields(id)
	}
	s.answers++
	switch {
	case st.reserved():
		return nil, wire.ConnErrorf(wire.ProtocolError, "headers_reserved", "HEADERS on promised stream %d", id)
	case st.gotEnd:
		return nil, wire.StreamErrorf(id, wire.StreamClosed, "headers_half_closed", "HEADERS after END_STREAM")
	}
	if s.cfg.Role == Server && !end {
		return nil, wire.StreamErrorf(id, wire.ProtocolError, "trailers_not_ended", "trailers without END_STREAM")
	}
	return st, nil
}

// lateFields judges HEADERS on a stream that is closed or was never opened.
func (s *Session) lateFields(id uint32) error {
	if !s.peerInitiated(id) && s.cfg.Role == Server {
		return wire.ConnErrorf(wire.ProtocolError, "headers_even", "HEADERS on stream %d, which only a server may open", id)
	}
	if s.idleStream(id) {
		return wire.ConnErrorf(wire.ProtocolError, "headers_idle", "HEADERS on idle stream %d", id)
	}
	switch s.recent.lookup(id) {
	case resetByUs:
		return nil // sent before our RST_STREAM arrived
	case resetByPeer:
		return wire.StreamErrorf(id, wire.StreamClosed, "headers_closed", "HEADERS after RST_STREAM")
	case endedByBoth:
		return wire.ConnErrorf(wire.StreamClosed, "headers_closed", "HEADERS on closed stream %d", id)
	}
	// RFC 9113 §5.1.1: opening a stream closed the idle ones below it.
	return wire.ConnErrorf(wire.ProtocolError, "stream_went_down", "HEADERS on stream %d after stream %d", id, s.peerLast)
}

// RecvData is a DATA frame. It returns the stream that its content is for, or nil
// if there is none. The content counts against the windows until Consume or Discard
// gives it back. END_STREAM has been applied.
func (s *Session) RecvData(f wire.DataFrame, now time.Time) (*Stream, error) {
	if !s.recv.charge(f.Length) {
		return nil, wire.ConnErrorf(wire.FlowControlError, "data_flow", "DATA of %d bytes exceeds the connection's window", f.Length)
	}
	if len(f.Data) == 0 && !f.EndStream {
		if err := s.UselessFrame(now); err != nil {
			return nil, err
		}
	}
	st := s.streams[f.StreamID]
	if st == nil || st.gotEnd {
		s.creditConn(int32(f.Length))
		return nil, s.lateData(f.StreamID, st)
	}
	if err := s.checkData(st, f); err != nil {
		s.creditConn(int32(f.Length))
		return nil, err
	}
	if len(f.Data) > 0 {
		s.useless.earn()
	}
	st.received += int64(len(f.Data))
	st.unread += int32(len(f.Data))
	s.arrived(st, now)
	if pad := int32(f.Length) - int32(len(f.Data)); pad > 0 {
		st.recv.credit += pad
		s.refill(pad)
	}
	if f.EndStream {
		st.recvEnded(s)
	}
	s.markCredit(st) // even without padding: the peer has less window now, so old credit may be due
	return st, nil
}

// checkData charges the stream's window and holds DATA against content-length.
func (s *Session) checkData(st *Stream, f wire.DataFrame) error {
	s.answers++
	if s.cfg.Role == Client && !st.gotHeader {
		// RFC 9113 §8.1: a response begins with its field section.
		return wire.StreamErrorf(st.id, wire.ProtocolError, "data_before_headers", "DATA before HEADERS")
	}
	if st.declared >= 0 && st.received+int64(len(f.Data)) > st.declared {
		return wire.StreamErrorf(st.id, wire.ProtocolError, "send_too_much", "sender tried to send more than declared Content-Length of %d bytes", st.declared)
	}
	if f.EndStream {
		if err := st.checkLength(len(f.Data)); err != nil {
			return err
		}
	}
	if !st.recv.charge(f.Length) {
		return wire.StreamErrorf(st.id, wire.FlowControlError, "flow_on_data_length", "DATA of %d bytes exceeds the stream's window", f.Length)
	}
	return nil
}

// lateData judges DATA on a stream that does not expect any.
func (s *Session) lateData(id uint32, st *Stream) error {
	switch {
	case s.ignored(id):
		return nil
	case st != nil && st.reserved():
		return wire.ConnErrorf(wire.ProtocolError, "data_reserved", "DATA on promised stream %d", id)
	case st != nil:
		return wire.StreamErrorf(id, wire.StreamClosed, "closed", "DATA after END_STREAM")
	case s.idleStream(id):
		return wire.ConnErrorf(wire.ProtocolError, "data_on_idle", "DATA on idle stream %d", id)
	case s.recent.lookup(id) == resetByUs:
		return nil
	}
	return wire.StreamErrorf(id, wire.StreamClosed, "closed", "DATA on a closed stream")
}

// RecvEnd is END_STREAM on a field section. The stream may have closed while the
// section was looked at.
func (s *Session) RecvEnd(st *Stream) error {
	if st.Closed() {
		return nil
	}
	if err := st.checkLength(0); err != nil {
		return err
	}
	st.recvEnded(s)
	return nil
}

// checkLength holds a body that ends after n more bytes against content-length: it
// must be what the DATA frames add up to (RFC 9113 §8.1.1).
func (st *Stream) checkLength(n int) error {
	if got := st.received + int64(n); st.declared >= 0 && got != st.declared {
		return wire.StreamErrorf(st.id, wire.ProtocolError, "send_too_little", "request declared a Content-Length of %d but only wrote %d bytes", st.declared, got)
	}
	return nil
}

// RecvReset is RST_STREAM.
func (s *Session) RecvReset(id uint32, code wire.ErrCode, now time.Time) error {
	st := s.streams[id]
	if st == nil {
		if s.idleStream(id) && !s.ignored(id) {
			return wire.ConnErrorf(wire.ProtocolError, "reset_idle_stream", "RST_STREAM on idle stream %d", id)
		}
		if s.recent.lookup(id) == resetByUs {
			s.recent.peerReset(id) // the two resets crossed: from now on the peer must be silent
		}
		return s.EchoFrame(now)
	}
	s.recent.add(id, resetByPeer)
	early := !st.ended && s.peerInitiated(id) // streams of ours are not counted: what we open bounds them
	s.close(st, wire.StreamErrorf(id, code, "reset", "received from peer"))
	if early && !s.resets.spend(now) {
		return tooManyResets()
	}
	return nil
}

func tooManyResets() error {
	return wire.ConnErrorf(wire.EnhanceYourCalm, "too_many_early_resets", "streams are reset faster than they are served")
}

// RecvGoAway is the peer's GOAWAY: neither side opens streams any more.
func (s *Session) RecvGoAway(f wire.GoAwayFrame) {
	s.peer.enablePush = false
	s.peer.goAway = true
	for id, st := range s.streams {
		if !s.peerInitiated(id) && id > f.LastStreamID {
			s.close(st, ErrGoAway)
		}
	}
	for st := s.out.opening.first; st != nil; st = s.out.opening.first {
		s.close(st, ErrGoAway)
	}
}

// RecvHeader notes that a response's final field section has arrived on st.
// declared is the content-length that its content is held against, or -1.
func (s *Session) RecvHeader(st *Stream, declared int64) { st.gotHeader, st.declared = true, declared }

// RecvPriority is a PRIORITY frame, or a HEADERS frame's priority fields.
func (s *Session) RecvPriority(id uint32, p wire.PriorityParam) error {
	if p.StreamDep == id {
		// RFC 7540 §5.3.1.
		return wire.StreamErrorf(id, wire.ProtocolError, "priority", "stream depends on itself")
	}
	if s.cfg.NoRFC7540Priorities {
		return nil
	}
	s.out.adjust(s, id, sched.Priority{StreamDep: p.StreamDep, Exclusive: p.Exclusive, Weight: p.Weight})
	return nil
}

// CheckPriorityUpdate judges PRIORITY_UPDATE before its field is parsed.
func (s *Session) CheckPriorityUpdate(id uint32, now time.Time) error {
	if err := s.UselessFrame(now); err != nil {
		return err
	}
	if s.cfg.Role == Client {
		// RFC 9218 §7.1: only clients send it.
		return wire.ConnErrorf(wire.ProtocolError, "priority_update", "PRIORITY_UPDATE for stream %d from a server", id)
	}
	return nil
}

// RecvPriorityUpdate is a PRIORITY_UPDATE (RFC 9218 §7.1) that has been parsed.
func (s *Session) RecvPriorityUpdate(id uint32, p sched.Priority) { s.out.adjust(s, id, p) }

// UselessFrame charges the budget for a frame that moves nothing (see
// maxUselessFrames).
func (s *Session) UselessFrame(now time.Time) error {
	if !s.useless.spend(now) {
		return wire.ConnErrorf(wire.EnhanceYourCalm, "too_many_idle_frames", "frames that move nothing come too fast")
	}
	return nil
}

// Consume gives n bytes that the program has read back to the connection's window,
// and to the stream's while the peer may send more.
func (s *Session) Consume(st *Stream, n int) {
	st.unread -= int32(n)
	s.refill(int32(n))
	if st.gotEnd || st.state == StateClosed {
		s.shrink(st)
		st = nil
	} else {
		st.recv.credit += s.share(st, int32(n))
	}
	s.markCredit(st)
}

// Discard gives only the connection's window n bytes back, which the program will
// not read. The stream's window stays as it is: the peer is not asked for more.
func (s *Session) Discard(st *Stream, n int) {
	st.unread -= int32(n)
	if st.gotEnd || st.state == StateClosed {
		s.shrink(st)
	}
	s.creditConn(int32(n))
}

func (s *Session) creditConn(n int32) {
	s.refill(n)
	s.markCredit(nil)
}
