package session

import (
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// A State is a stream's state (RFC 9113 §5.1).
//
//	          PUSH_PROMISE  +--------+  HEADERS
//	     ,----------------- |  idle  | -----------.
//	     |                  +--------+            v
//	     |                                    +--------+
//	     |                      recv ES       |        |      send ES
//	     |              ,-------------------- |  open  | ----------------.
//	     v              v                     +--------+                 v
//	+---------------------+                       |            +--------------------+
//	|     half-closed     |                       |            |    half-closed     |
//	|      (remote)       |                       | R          |      (local)       |
//	+---------------------+                       |            +--------------------+
//	     |                                        v                      |
//	     |       send ES / R                 +--------+   recv ES / R    |
//	     `---------------------------------> | closed | <----------------'
//	                                         +--------+    R: RST_STREAM, either way
//
// The reserved states do not occur. A promised stream is half-closed (remote) as
// soon as its PUSH_PROMISE is sent. What differs until its response has begun is
// decided by [Stream.reserved]. On the other side, this package's client disables
// push.
type State uint8

const (
	StateIdle State = iota
	StateOpen
	StateHalfClosedLocal
	StateHalfClosedRemote
	StateClosed
)

func (s State) String() string {
	return [...]string{"idle", "open", "half-closed (local)", "half-closed (remote)", "closed"}[s]
}

// An Owner is conn's part of a stream. Its method is called with the session's
// mutex held and must not block.
type Owner interface {
	// OutputMoved says that output of the stream has been emitted or dropped: more may
	// be queued again, and lent bytes may be back.
	OutputMoved()
}

// Stream is the protocol's half of a stream. It is embedded by value in the engine's
// stream. A server uses it again once the session has closed it, and so the session
// may not keep a pointer to it for longer. Guarded by the session's mutex.
type Stream struct {
	Owner Owner // set before the stream is opened, then constant

	node  *sched.Node // while the stream is open and a Policy has it
	id    uint32      // 0 until a stream that we open has sent its HEADERS
	state State

	gotHeader    bool // client: the final field section has arrived
	gotEnd       bool // END_STREAM has arrived
	creditMarked bool // in control.credits
	recv         recvWindow
	unread       int32 // received, not yet read by the program; charged to both windows
	resetCode    wire.ErrCode
	declared     int64 // content-length, or -1
	received     int64 // DATA content so far
	sentWindow   int64 // send window, less the peer's initial window: see sendFlow

	q          queue
	fin        bool // nothing will be queued after q: END_STREAM goes on the last frame
	committed  bool // see CommitHeader
	headerSent bool // a final (not 1xx) field section has been emitted
	ended      bool // END_STREAM has been emitted
	done       bool // see Done
	resetAfter bool // RST_STREAM with resetCode follows what is queued
	blocked    blockedOn
	usedUntil  uint8 // value of received when recv was last used up, in units of usedUnit, modulo 16 MiB
	lentQueued int32 // lent items in q
	lentOut    int32 // lent pieces emitted and not yet returned

	err      error   // why it closed, or will; nil while open and after a clean end
	listPrev *Stream // links in the one of the session's lists that it is on;
	listNext *Stream // once it is closed, in the list of those
}

// ID is the stream's identifier; 0 until a stream that we open has sent its
// HEADERS.
func (st *Stream) ID() uint32 { return st.id }

// State is the stream's state.
func (st *Stream) State() State { return st.state }

// Closed reports whether the stream is closed.
func (st *Stream) Closed() bool { return st.state == StateClosed }

// Err is why the stream closed, or is about to. It is a *wire.StreamError for a
// reset by the peer or for something that the peer did, the cause given to Reset
// for a reset of ours, the connection's error, or nil after both sides ended the
// stream.
func (st *Stream) Err() error { return st.err }

// Closing reports whether nothing more can be queued: the stream is closed, or will
// be reset once what is queued has been sent.
func (st *Stream) Closing() bool { return st.state == StateClosed || st.resetAfter }

// Finished reports whether the end of our side has been queued or sent.
func (st *Stream) Finished() bool { return st.fin }

// NextClosed follows the list that [Session.TakeClosed] returned.
func (st *Stream) NextClosed() *Stream { return st.listNext }

// Unlink takes st, which is the first of that list, off it and returns the next. A
// program that keeps one stream must not keep those that closed with it.
func (st *Stream) Unlink() *Stream {
	next := st.listNext
	st.listNext = nil
	return next
}

// HeaderSent reports whether the final field section has been emitted.
func (st *Stream) HeaderSent() bool { return st.headerSent }

// Pushed reports whether the stream is one that a server promised.
func (st *Stream) Pushed() bool { return st.id != 0 && st.id%2 == 0 }

// reserved reports whether the stream is in the RFC's state reserved (local), in
// which a client that sends anything but control frames breaks the connection.
func (st *Stream) reserved() bool { return st.Pushed() && !st.headerSent }

// RemoteEnded reports whether the peer has ended its side.
func (st *Stream) RemoteEnded() bool { return st.gotEnd }

// LocalEnded reports whether END_STREAM of ours has been emitted.
func (st *Stream) LocalEnded() bool { return st.ended }

// Lent reports whether bytes that a goroutine lent are still in use: that goroutine
// may neither change nor free them.
func (st *Stream) Lent() bool { return st.lentQueued > 0 || st.lentOut > 0 }

// LentOut reports whether lent bytes are being encoded at this moment; they come
// back even if the stream has closed.
func (st *Stream) LentOut() bool { return st.lentOut > 0 }

// Queued is how much memory is taken up by what waits to be sent. It is not the
// number of content bytes: one flushed byte takes up a whole buffer.
func (st *Stream) Queued() int { return st.q.memory }

// endsWith is the one predicate that decides which frame carries END_STREAM: the
// stream is finished locally, this frame is all or the end of an item of that kind,
// and rest items remain queued after it. A 1xx field section ends nothing
// (RFC 9113 §8.1). Nor does one that was committed: an empty DATA frame follows it.
func (st *Stream) endsWith(kind itemKind, rest int) bool {
	return st.fin && rest == 0 && kind != itemInfo && !(kind == itemHeader && st.committed)
}

// sendEnded moves the state on when END_STREAM has been emitted.
func (s *Session) sendEnded(st *Stream) {
	switch st.state {
	case StateHalfClosedRemote:
		s.close(st, nil)
	case StateOpen:
		st.state = StateHalfClosedLocal
		s.stopPeer(st)
	}
}

// Done says on a server that the handler will neither read nor write the stream any
// more, and on a client that the rest of the request will not be sent.
func (s *Session) Done(st *Stream) {
	st.done = true
	s.stopPeer(st)
}

// stopPeer ends a stream with RST_STREAM(NO_ERROR) once the response is complete
// and Done has been called, although the request is not complete. RFC 9113 §8.1
// lets a server stop a request so after the whole response; a client ends its side
// the same way.
func (s *Session) stopPeer(st *Stream) {
	complete := st.ended
	if s.cfg.Role == Client {
		complete = st.gotEnd
	}
	if st.done && complete && st.state != StateClosed && (st.state == StateHalfClosedLocal) == (s.cfg.Role == Server) {
		s.close(st, nil)
		s.queueReset(reset{id: st.id, code: wire.NoError})
	}
}

// recvEnded moves the state on when END_STREAM has arrived.
func (st *Stream) recvEnded(s *Session) {
	st.gotEnd = true
	s.receiving--
	st.dropCredit()
	s.shrink(st)
	switch st.state {
	case StateOpen:
		st.state = StateHalfClosedRemote
		if s.cfg.Role == Client {
			s.stopPeer(st)
		}
	case StateHalfClosedLocal:
		s.close(st, nil)
	}
}

// close takes the stream out of the session. What it had queued is dropped; bytes
// received and not consumed stay charged to the connection's window until
// [Session.Consume] or [Session.Discard].
func (s *Session) close(st *Stream, err error) {
	if st.state == StateClosed {
		return
	}
	if st.id == 0 {
		s.out.opening.remove(st)
	} else {
		delete(s.streams, st.id)
		if !st.gotEnd {
			s.receiving--
		}
		if s.peerInitiated(st.id) {
			s.peerOpen--
		} else {
			s.localOpen--
		}
		s.out.close(s, st)
		if err == nil {
			s.recent.add(st.id, endedByBoth)
			s.resets.earn()
			s.useless.earn()
			s.expect(echoesPerEnd)
		}
	}
	st.state = StateClosed
	st.err = err
	st.dropCredit()
	s.shrink(st)
	s.dropQueue(st)
	st.listNext = s.closed
	s.closed = st
	st.Owner.OutputMoved()
}

// dropQueue drops what has not been emitted, and gives lent bytes back.
func (s *Session) dropQueue(st *Stream) {
	for st.q.len() > 0 {
		it := s.pop(&st.q)
		it.free()
	}
	st.lentQueued = 0
}

// dropAfterHeader is dropQueue, but keeps the field section that opens the stream.
func (s *Session) dropAfterHeader(st *Stream) {
	for range st.q.len() {
		it := s.pop(&st.q)
		if it.kind == itemHeader {
			s.push(&st.q, it)
			continue
		}
		it.free()
	}
	st.lentQueued = 0
}
