package http2

import (
	"sync"
	"sync/atomic"
)

// freeStreams has streams that are not in use. Without it, a GET allocated a quarter
// more; an idle connection keeps none.
var freeStreams = sync.Pool{New: func() any { return new(serverStream) }}

// streamUsers are the two who are done with a stream at last, in either order: the
// worker that has run its handler, and whoever tells that it has closed. Neither of
// them comes if the stream closes before its handler starts, or the handler panics;
// such a stream is left to the collector, as are those of upgrades and promises.
const streamUsers = 2

// mayBeFreed says that the stream is used again once its users are done with it. A
// program's scheduler may keep the streams that it has been told of, and a client that
// waits for 100 (Continue) is answered by the body.
func (st *serverStream) mayBeFreed() {
	if st.sc.srv.NewWriteScheduler == nil && !st.body.needsContinue {
		st.users.Store(streamUsers)
	}
}

// free says that one of the stream's users is done with it. After the last, the stream
// is used again, unless others may be about to use it:
//   - the reader goroutine, to which more of the request may have come;
//   - a timer that has fired;
//   - a goroutine of the program's in a method of the body, or of the ResponseWriter:
//     see tenure.
func (st *serverStream) free() {
	if st.users.Add(-1) != 0 {
		return
	}
	if !st.RemoteEnded() || st.readTimer != nil || st.writeTimer != nil || !st.body.unused() || !st.w.tenure.end() {
		return
	}
	st.w.st = nil
	st.Body.Detach()
	*st = serverStream{}
	freeStreams.Put(st)
}

// tenure decides whether a ResponseWriter has its stream for good. Write, WriteHeader
// and Flush hold the writer's lock, and are over when the handler has returned. The
// other methods that need the stream call keep first.
type tenure struct{ state atomic.Uint32 }

const (
	tenureOpen  = iota
	tenureKept  // the stream is never used again
	tenureEnded // the stream is not the writer's any more
)

// keep reports whether the writer has a stream, which it keeps from now on.
func (t *tenure) keep() bool {
	return t.state.CompareAndSwap(tenureOpen, tenureKept) || t.state.Load() == tenureKept
}

// end reports whether the stream is free. From then on the writer has none.
func (t *tenure) end() bool { return t.state.CompareAndSwap(tenureOpen, tenureEnded) }
