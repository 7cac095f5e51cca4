package session

import (
	"fmt"

	"h2fork.example/net/internal/sched"
)

// External is a user's scheduler: frames are pushed to it and popped from it, in
// whatever order it likes. What is pushed is a token. The frame is made when the
// token is popped, and so END_STREAM still goes on the last frame that has not been
// sent.
type External interface {
	Open(st *Stream, o sched.OpenOptions)
	Close(id uint32)
	Adjust(id uint32, p sched.Priority)

	// Push queues a token for the next thing that st has to send: size bytes of DATA,
	// or if size is 0 a field section (name says which).
	Push(st *Stream, name string, size int, t Token)

	// PushControl queues a token for a control frame on t.StreamID(), or 0.
	PushControl(name string, t Token)

	// Pop takes the next token. For DATA, n is how many of its bytes are to be sent;
	// they have been charged to the windows with Session.ChargeWindows.
	Pop() (t Token, n int, ok bool)
}

// Token stands for a frame to be made, in an External scheduler.
type Token struct {
	stream    *Stream
	id        uint32
	control   controlKind
	isControl bool
	isData    bool
}

// StreamID is the stream the frame is for; 0 for the connection.
func (t Token) StreamID() uint32 { return t.id }

func (t Token) String() string {
	return fmt.Sprintf("frame on stream %d", t.id)
}

// output decides in which order the streams' queued output is sent.
type output struct {
	opening streamList // streams of ours without HEADERS on the wire yet
	pushed  bool       // External: since Pop had nothing, something was pushed or a window grew
}

func (o *output) open(s *Session, st *Stream, opt sched.OpenOptions) {
	if s.cfg.External != nil {
		s.cfg.External.Open(st, opt)
		return
	}
	st.node = s.lists().nodes.get()
	st.node.ID, st.node.Value = st.id, st
	s.cfg.Policy.Open(st.node, opt)
}

func (o *output) close(s *Session, st *Stream) {
	switch st.blocked {
	case blockedOnConn:
		s.send.connBlocked.remove(st)
	case blockedOnStream:
		s.send.streamBlocked.remove(st)
	}
	st.blocked = notBlocked
	if s.cfg.External != nil {
		s.cfg.External.Close(st.id)
		return
	}
	s.cfg.Policy.Close(st.node)
	s.lists().nodes.put(st.node)
	st.node = nil
}

func (o *output) adjust(s *Session, id uint32, p sched.Priority) {
	if s.cfg.External != nil {
		s.cfg.External.Adjust(id, p)
		return
	}
	s.cfg.Policy.Adjust(id, p)
}

// queued says that it was put on st's queue.
func (o *output) queued(s *Session, st *Stream, it *item) {
	if s.cfg.External != nil && st.id != 0 {
		t := Token{stream: st, id: st.id, isData: it.kind == itemData}
		s.cfg.External.Push(st, it.name(), len(it.data), t)
		o.pushed = true
		return
	}
	o.update(s, st)
}

// finished says that st's output has ended, with nothing new on its queue. If
// nothing is on it that may carry END_STREAM, an empty DATA frame must end it.
func (o *output) finished(s *Session, st *Stream) {
	if s.cfg.External != nil && st.id != 0 {
		if st.needsEmptyData() {
			s.cfg.External.Push(st, "DATA", 0, Token{stream: st, id: st.id})
			o.pushed = true
		}
		return
	}
	o.update(s, st)
}

// needsEmptyData reports whether an empty DATA frame must follow st's queue. After
// a promise has been emitted it is asked again.
func (st *Stream) needsEmptyData() bool {
	if st.q.len() == 0 {
		return st.headerSent && !st.ended
	}
	return st.q.last.kind == itemHeader && !st.endsWith(itemHeader, 0)
}

// update tells the policy whether st has something that may be sent.
func (o *output) update(s *Session, st *Stream) {
	if s.cfg.External != nil {
		o.pushed = true // a window grew: Pop may now return what it held back before
		return
	}
	if st.id == 0 || st.Closed() {
		return
	}
	if st.blocked == notBlocked && st.sendable() {
		s.cfg.Policy.SetReady(st.node)
	} else {
		s.cfg.Policy.ClearReady(st.node)
	}
}

// sendable reports whether st has a frame to send, flow control aside.
func (st *Stream) sendable() bool {
	return st.q.len() > 0 || (st.fin && st.headerSent && !st.ended)
}

func (it *item) name() string {
	switch it.kind {
	case itemData:
		return "DATA"
	case itemPromise:
		return "PUSH_PROMISE"
	}
	return "HEADERS"
}

// maxDataFrame bounds a DATA frame where the peer's MAX_FRAME_SIZE allows more: a
// peer that allows 16 MiB must not make us hold as much output in one piece.
const maxDataFrame = 64 << 10

// MayCarry is how many bytes of DATA one frame of st may carry now.
func (s *Session) MayCarry(st *Stream) int {
	return int(max(0, min(s.streamWindow(st), s.send.conn, int64(s.peer.maxFrameSize), maxDataFrame)))
}

// ChargeWindows charges n bytes to both send windows.
func (s *Session) ChargeWindows(st *Stream, n int) {
	st.sentWindow -= int64(n)
	s.send.conn -= int64(n)
	s.expect(echoesPerData + n/dataPerEcho)
}

// Pending reports whether Emit has something to emit. With an External scheduler it
// may report true although there is nothing.
func (s *Session) Pending() bool {
	g := &s.control.goAway
	switch {
	case g.pending:
		return true
	case g.fatal():
		return false
	case s.control.settings, s.control.settingsAcks > 0, s.control.drain.pending, s.canOpen():
		return true
	case s.cfg.External != nil:
		return s.out.pushed
	case s.control.pending(), s.send.grown && s.send.streamBlocked.len() > 0:
		return true
	}
	return s.cfg.Policy.Ready() > 0
}

// WaitingMayOpen reports whether the peer's limit allows all streams of ours that
// wait to open.
func (s *Session) WaitingMayOpen() bool {
	return s.canOpen() && s.localOpen+uint32(s.out.opening.len()) <= s.peer.maxConcurrentStreams
}

// canOpen reports whether a stream of ours waits and the peer's limit allows it to
// open (RFC 9113 §5.1.2).
func (s *Session) canOpen() bool {
	return s.out.opening.len() > 0 && !s.peer.goAway && s.localOpen < s.peer.maxConcurrentStreams && s.localLast < maxStreamID-2
}
