package session

import (
	"errors"
	"time"

	"h2fork.example/net/internal/wire"
)

// ErrPushDisabled, ErrPushLimit and ErrStreamClosed are why a promise fails
// (RFC 9113 §6.6, §5.1.2).
var (
	ErrPushDisabled = errors.New("http2: push is disabled by the peer")
	ErrPushLimit    = errors.New("http2: push would exceed the peer's limit of concurrent streams")
	ErrStreamClosed = errors.New("http2: stream closed")

	// ErrGoAway is why a stream of ours closes that the peer has not processed
	// according to its GOAWAY (RFC 9113 §6.8). The request may be sent on another
	// connection.
	ErrGoAway = errors.New("http2: stream above the GOAWAY's")
)

// Open queues a stream that we open, with its field section. It waits until the
// peer's limit allows one more stream. It gets its identifier when its HEADERS are
// sent, so that identifiers rise on the wire whatever the scheduler does.
func (s *Session) Open(st *Stream, sec *Section, end bool) {
	st.declared = -1 // until RecvHeader
	st.fin = end
	s.push(&st.q, item{kind: itemHeader, sec: sec})
	s.out.opening.push(st)
}

// SendInfo queues an informational (1xx) field section. It never ends a stream.
func (s *Session) SendInfo(st *Stream, sec *Section) { s.enqueue(st, item{kind: itemInfo, sec: sec}) }

// SendHeader queues the final field section.
func (s *Session) SendHeader(st *Stream, sec *Section) {
	s.enqueue(st, item{kind: itemHeader, sec: sec})
}

// CommitHeader is SendHeader of a field section that the handler flushed:
// END_STREAM does not go on it, even if the end is queued before it has been sent.
// Otherwise the writer's timing would decide whether an empty DATA frame ends the
// stream.
func (s *Session) CommitHeader(st *Stream, sec *Section) {
	st.committed = true
	s.SendHeader(st, sec)
}

// SendBuffer queues body bytes that the session now owns.
//
// With a user's scheduler pieces do not share a buffer: it gets a token for each,
// and the buffer's size would not bound how many tokens it keeps.
func (s *Session) SendBuffer(st *Stream, buf *Buffer) {
	open := !st.Closed() && !st.fin && !st.resetAfter
	share := open && s.cfg.External == nil
	if len(buf.B) == 0 || (share && st.q.extend(buf.B)) {
		buf.Free()
		return
	}
	if share && st.q.last != nil && st.q.last.buf != nil {
		buf = buf.enlarge() // where two wait, more may follow
	}
	s.enqueue(st, item{kind: itemData, data: buf.B, buf: buf})
}

// SendLent queues body bytes that stay the caller's. The caller waits until
// [Stream.Lent] is false, and neither changes nor frees them before.
func (s *Session) SendLent(st *Stream, data []byte) {
	if len(data) > 0 {
		s.enqueue(st, item{kind: itemData, data: data})
	}
}

// SendEnd finishes our side. trailers is nil or has fields: an empty field section
// is never sent, because some peers mishandle one.
func (s *Session) SendEnd(st *Stream, trailers *Section) {
	if st.Closed() || st.fin || st.resetAfter {
		if trailers != nil {
			trailers.Free()
		}
		return
	}
	if trailers != nil {
		s.enqueue(st, item{kind: itemTrailers, sec: trailers})
		st.fin = true
		return
	}
	st.fin = true
	s.out.finished(s, st)
}

// enqueue puts it behind what st already has to send; on a stream that is closed or
// finished it is dropped.
func (s *Session) enqueue(st *Stream, it item) {
	if st.Closed() || st.fin || st.resetAfter {
		it.free()
		return
	}
	if it.lent() {
		st.lentQueued++
	}
	s.push(&st.q, it)
	s.out.queued(s, st, &it)
}

// Reset ends the stream at once. RST_STREAM is sent, after what a server has
// flushed and windows allow; the rest of what was queued is dropped. cause is what
// Err reports from now on.
func (s *Session) Reset(st *Stream, code wire.ErrCode, cause error) {
	if st.Closed() {
		return
	}
	flushed, ended := s.takeFlushed(st), st.gotEnd
	s.close(st, cause)
	if st.id != 0 {
		// A response that is sent whole ends the stream by itself.
		whole := ended && flushed != nil && flushed.fin
		s.queueReset(reset{id: st.id, code: code, flushed: flushed, silent: whole})
	}
}

// ResetWhenSent is Reset, once everything that is queued has been sent, END_STREAM
// too if the stream is finished. What is queued from now on is dropped.
func (s *Session) ResetWhenSent(st *Stream, code wire.ErrCode, cause error) {
	if st.Closed() || st.resetAfter {
		return
	}
	if st.id == 0 || !st.sendable() {
		s.Reset(st, code, cause)
		return
	}
	st.resetAfter, st.resetCode, st.err = true, code, cause
	s.out.update(s, st)
}

// ResetForPeer is Reset for something that the peer did, on a stream that may be
// open, closed or refused. The reset counts against the peer's budget. An idle
// stream may not be reset (RFC 9113 §6.4): there it is an error of the connection,
// or ignored above the last stream of a GOAWAY.
func (s *Session) ResetForPeer(e *wire.StreamError, now time.Time) error {
	if s.Idle(e.StreamID) {
		return wire.ConnErrorf(e.Code, e.Count, "on idle stream %d: %s", e.StreamID, e.Reason)
	}
	st := s.streams[e.StreamID]
	early := s.cfg.Role == Server && (st == nil || !st.ended)
	if st != nil {
		s.Reset(st, e.Code, e)
	} else if !s.ignored(e.StreamID) {
		s.queueReset(reset{id: e.StreamID, code: e.Code})
	}
	if early && !s.resets.spend(now) {
		return tooManyResets()
	}
	return nil
}

// A NotSentError is why a stream of ours closes of which nothing has been sent: the
// connection has ended before, for the reason Err.
type NotSentError struct{ Err error }

func (e *NotSentError) Error() string { return e.Err.Error() }
func (e *NotSentError) Unwrap() error { return e.Err }

// CloseAll closes every stream: the connection has ended, for the reason err.
func (s *Session) CloseAll(err error) {
	defer s.refundAll()
	for _, st := range s.streams {
		s.close(st, err)
	}
	for st := s.out.opening.first; st != nil; st = s.out.opening.first {
		s.close(st, &NotSentError{err})
	}
}

// Promise is a PUSH_PROMISE to be sent (RFC 9113 §8.4).
type Promise struct {
	Stream  *Stream  // becomes the promised stream when the frame is emitted
	Section *Section // the promised request
	Done    bool
	Err     error // after Done: why no promise was made
}

func (p *Promise) fail() { p.Done, p.Err = true, ErrStreamClosed }

// SendPromise queues p on parent. Once it has been emitted or has failed, Done and
// Err are set and parent's OutputMoved is called.
func (s *Session) SendPromise(parent *Stream, p *Promise) {
	if !s.peer.enablePush {
		p.Section.Free()
		p.Done, p.Err = true, ErrPushDisabled
		return
	}
	s.enqueue(parent, item{kind: itemPromise, sec: p.Section, promise: p})
}

// Abandon drops what a client has not sent of a request, except for its field
// section. RST_STREAM(NO_ERROR) ends our side once the response is complete.
func (s *Session) Abandon(st *Stream) {
	if st.Closed() || st.fin || st.id == 0 {
		return
	}
	s.dropAfterHeader(st)
	s.out.update(s, st)
	st.Owner.OutputMoved()
	s.Done(st)
}
