package session

import "h2fork.example/net/internal/wire"

// What was flushed on a server's stream is sent before the stream's end, whatever
// ends it: a deadline, an error of ours or of the peer's, the end of the
// connection. A handler whose Flush returned nil relies on that. It is sent only as
// far as the windows allow at that moment: a stream that has ended does not wait
// for the peer.

// maxFlushed bounds the flushed output that is kept of streams that have ended.
// Beyond it nothing more is read from the peer, which may be one that provokes
// resets and never reads (CVE-2019-9514).
const maxFlushed = 1 << 20

// reset is the pending end of a closed stream: first what was flushed on it, then
// RST_STREAM.
type reset struct {
	id      uint32
	code    wire.ErrCode
	flushed *Stream // or nil
	silent  bool    // no RST_STREAM: END_STREAM has been sent or is in flushed, or the connection ends
}

// noOwner owns what remains of a stream: the stream's own owner has been told that
// it has ended.
type noOwner struct{}

func (noOwner) OutputMoved() {}

// takeFlushed takes what may still be sent off st, which is about to be closed. It
// returns a closed stream with the same identifier that holds it, or nil if there
// is nothing. Windows are charged now. What a client has queued is not kept: the
// request has been given up.
func (s *Session) takeFlushed(st *Stream) *Stream {
	if s.cfg.Role == Client || st.id == 0 || st.ended {
		return nil
	}
	r := &Stream{Owner: noOwner{}, id: st.id, state: StateClosed, headerSent: st.headerSent, committed: st.committed}
	window, cut := int(max(0, min(s.streamWindow(st), s.send.conn))), false
	for !cut && st.q.len() > 0 {
		switch it := st.q.first(); {
		case it.lent(): // its lender waits to get it back
			cut = true
		case it.kind == itemPromise:
			promise := s.pop(&st.q)
			promise.free()
		case len(it.data) <= window:
			window -= len(it.data)
			s.ChargeWindows(st, len(it.data))
			s.push(&r.q, s.pop(&st.q))
		default:
			cut = true
			if window > 0 {
				part := s.pop(&st.q)
				part.data = part.data[:window]
				s.ChargeWindows(st, window)
				s.push(&r.q, part)
			}
		}
	}
	r.fin = st.fin && !cut
	if !r.sendable() {
		return nil
	}
	return r
}

// emitFlushed emits what remains of a stream.
func (s *Session) emitFlushed(b *Batch, r *Stream) {
	s.control.flushed -= r.q.memory
	for r.sendable() {
		_, run := r.q.dataRun()
		s.emitNext(b, r, min(run, int(s.peer.maxFrameSize), maxDataFrame))
	}
}

// End closes every stream, since the connection ends for the reason err, and keeps
// what was flushed: it may still be written.
func (s *Session) End(err error) {
	for _, st := range s.streams {
		r := s.takeFlushed(st)
		s.close(st, err)
		s.queueFlushed(r)
	}
	s.CloseAll(err)
}

// queueFlushed makes what remains of a stream pending, without RST_STREAM: the
// connection ends.
func (s *Session) queueFlushed(r *Stream) {
	if r != nil {
		s.queueEnd(reset{id: r.id, flushed: r, silent: true})
	}
}

// queueEnd makes the end of a stream pending. A user's scheduler gets a token for
// it: it forgets those that it had for the stream.
func (s *Session) queueEnd(r reset) {
	if r.flushed != nil {
		s.control.flushed += r.flushed.q.memory
	}
	s.control.resets = append(s.control.resets, r)
	s.pushControl(controlReset, r.id)
}
