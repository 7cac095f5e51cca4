package session

import "h2fork.example/net/internal/wire"

// sendFlow is the connection's side of what the peer grants us. A stream's send
// window is sentWindow + initial: a SETTINGS_INITIAL_WINDOW_SIZE that changes every
// stream's window (RFC 9113 §6.9.2) changes one number here, however many streams
// there are and however often it is sent.
type sendFlow struct {
	conn int64 // connection window

	// Streams that have data and no window. Those on connBlocked wait for the
	// connection's window, those on streamBlocked for their own. grown says that the
	// initial window has grown, so streamBlocked must be looked at before the next
	// emission.
	connBlocked   streamList
	streamBlocked streamList
	grown         bool

	// maxSent is no less than any stream's sentWindow. So a change of the initial
	// window looks at the streams only when one may overflow: a peer that sends
	// SETTINGS again and again does not have us walk thousands of streams each time.
	maxSent int64
}

type blockedOn uint8

const (
	notBlocked blockedOn = iota
	blockedOnConn
	blockedOnStream
)

func (s *Session) streamWindow(st *Stream) int64 {
	return st.sentWindow + int64(s.peer.initialWindow)
}

// RecvWindowUpdate grows a send window by inc, which is not 0.
func (s *Session) RecvWindowUpdate(id, inc uint32) error {
	if id == 0 {
		if s.send.conn+int64(inc) > wire.MaxWindow {
			return wire.ConnErrorf(wire.FlowControlError, "bad_flow", "WINDOW_UPDATE of %d overflows the connection's window", inc)
		}
		s.send.conn += int64(inc)
		s.unblock(&s.send.connBlocked)
		return nil
	}
	st := s.streams[id]
	if st == nil {
		if s.Idle(id) {
			return wire.ConnErrorf(wire.ProtocolError, "stream_idle", "WINDOW_UPDATE on idle stream %d", id)
		}
		return nil // RFC 9113 §5.1: it may come after the stream has closed
	}
	if s.streamWindow(st)+int64(inc) > wire.MaxWindow {
		return wire.StreamErrorf(id, wire.FlowControlError, "bad_flow", "WINDOW_UPDATE of %d overflows the window", inc)
	}
	st.sentWindow += int64(inc)
	s.send.maxSent = max(s.send.maxSent, st.sentWindow)
	s.out.pushed = true
	if st.blocked == blockedOnStream && s.streamWindow(st) > 0 {
		s.send.streamBlocked.remove(st)
		st.blocked = notBlocked
		s.out.update(s, st)
	}
	return nil
}

// unblock takes every stream off l and lets the scheduler try it again.
func (s *Session) unblock(l *streamList) {
	s.out.pushed = true
	for st := l.pop(); st != nil; st = l.pop() {
		st.blocked = notBlocked
		s.out.update(s, st)
	}
}

// setInitialWindow applies the peer's SETTINGS_INITIAL_WINDOW_SIZE, in constant
// time unless a window may overflow.
func (s *Session) setInitialWindow(v uint32) error {
	if v > s.peer.initialWindow {
		s.send.grown = true
		if int64(v)+s.send.maxSent > wire.MaxWindow {
			if err := s.checkWindows(v); err != nil {
				return err
			}
		}
	}
	s.peer.initialWindow = v
	return nil
}

// checkWindows looks for a stream whose window overflows with an initial window of
// v (RFC 9113 §6.9.2), and makes maxSent exact.
func (s *Session) checkWindows(v uint32) error {
	s.send.maxSent = 0
	for _, st := range s.streams {
		s.send.maxSent = max(s.send.maxSent, st.sentWindow)
	}
	if s.send.maxSent+int64(v) > wire.MaxWindow {
		return wire.ConnErrorf(wire.FlowControlError, "setting_win_size", "SETTINGS_INITIAL_WINDOW_SIZE %d overflows a stream's window", v)
	}
	return nil
}
