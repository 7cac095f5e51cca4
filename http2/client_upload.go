package http2

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxKept is how much of a request's body is read at a time. A body that is
	// shorter is kept whole, so that it can be sent again if the server has not
	// processed it.
	maxKept = 64 << 10

	// firstKept is the size of the buffer that a body is read into at first. Most
	// bodies are small, and some block for hours: 10,000 of those must not hold
	// 640 MB.
	firstKept = 4 << 10

	// closeGrace is how long RoundTrip waits at its end for a Read of the request's
	// Body to return, and for its Close once the request's context has ended. Mostly
	// neither blocks, and then the program may use the body again (golang/go#60041).
	// One that does block must not hold up RoundTrip (golang/go#43989).
	closeGrace = 100 * time.Millisecond
)

var (
	smallUploads = sync.Pool{New: func() any { b := make([]byte, firstKept); return &b }}
	largeUploads = sync.Pool{New: func() any { b := make([]byte, maxKept); return &b }}
)

// upload is the body of a request, for all attempts to send the request.
//
// What has been read stays in buf while it fits. If the server has not processed
// the request, the next attempt sends buf first, and then goes on reading where the
// attempt before stopped. Only one goroutine at a time reads the body, or changes
// buf. An attempt that has ended may still be in a Read: what that returns is for
// the next attempt.
type upload struct {
	// Constant.
	body     io.ReadCloser
	known    bool          // the body's length is known
	ready    bool          // the body is short and in memory: see readAll
	declared http.Header   // what the request's Trailer was before the first Read, which may change that
	received receivedBody  // what the body is, if it came to a server of ours: see peek
	ended    chan struct{} // closed when body has been closed

	mu      sync.Mutex // is locked after the connection's
	changed sync.Cond  // on mu
	pooled  *[]byte    // guarded by mu: buf's storage; nil before the first Read and after the last
	n       int        // guarded by mu: what has been read and kept is buf[:n]
	unread  int64      // guarded by mu: what has not been read, if the length is known
	err     error      // guarded by mu: what follows buf[:n]; io.EOF at the end
	lost    bool       // guarded by mu: buf does not begin with the beginning any more
	reading bool       // guarded by mu: a goroutine is in Read
	owner   *sender    // guarded by mu: the attempt that uses buf; nil while that is in Read
	stopped bool       // guarded by mu: nothing is read any more
	users   int        // guarded by mu: RoundTrip, and goroutines that send; the last frees buf
}

// A sender is an attempt to send an upload.
type sender struct {
	halted atomic.Bool // what it has not sent is not wanted any more
}

// newUpload returns the upload of req's body, or nil if it has none.
func newUpload(req *http.Request) *upload {
	length := bodyLength(req)
	if length == 0 {
		return nil
	}
	u := &upload{
		body:     req.Body,
		known:    length > 0,
		received: received(req.Body),
		ready:    length > 0 && length < firstKept && inMemory(req.Body),
		declared: req.Trailer.Clone(),
		unread:   length,
		ended:    make(chan struct{}),
		users:    1,
	}
	u.changed.L = &u.mu
	return u
}

// begin begins an attempt. It waits until the attempt before does not use buf any
// more, and reports false if this one has been halted meanwhile.
func (u *upload) begin(s *sender) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.owner != nil && !s.halted.Load() {
		u.changed.Wait()
	}
	if s.halted.Load() {
		return false
	}
	u.owner = s
	u.users++
	return true
}

// end ends an attempt that has begun.
func (u *upload) end(s *sender) {
	u.mu.Lock()
	if u.owner == s {
		u.owner = nil
		u.changed.Broadcast()
	}
	u.freeLocked()
	u.mu.Unlock()
}

// done is called at RoundTrip's end: there will be no further attempt.
func (u *upload) done() {
	if u == nil {
		return
	}
	u.mu.Lock()
	u.freeLocked()
	u.mu.Unlock()
}

// freeLocked notes that a user of u has finished. The last one frees buf.
func (u *upload) freeLocked() {
	u.users--
	if u.users == 0 {
		u.freeBufLocked()
	}
}

func (u *upload) freeBufLocked() {
	switch {
	case u.pooled == nil:
	case len(*u.pooled) == maxKept:
		largeUploads.Put(u.pooled)
	default:
		smallUploads.Put(u.pooled)
	}
	u.pooled = nil
}

// next returns what has been read after the first *sent bytes, and reads more if
// that is nothing. The piece is valid until the next call, and *sent counts it. err
// is what follows the piece: errBodyStopped if no more is to be sent.
func (u *upload) next(s *sender, sent *int) (piece []byte, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for {
		switch {
		case s.halted.Load():
			return nil, errBodyStopped
		case *sent < u.n || u.err != nil:
			piece = u.bufLocked()[*sent:u.n]
			*sent = u.n
			return piece, u.err
		case u.stopped:
			return nil, errBodyStopped
		case u.reading: // the attempt before is in Read
			u.changed.Wait()
		default:
			*sent = u.growLocked(*sent)
			u.readLocked(s)
		}
	}
}

func (u *upload) bufLocked() []byte {
	if u.pooled == nil {
		return nil
	}
	return *u.pooled
}

// growLocked makes space in buf, all of which has been sent, and returns how much
// of it still counts as sent.
func (u *upload) growLocked(sent int) int {
	size := len(u.bufLocked())
	switch {
	case u.n < size:
		return sent
	case size == maxKept:
		u.lost = true
		u.n = 0
		return 0
	}
	old := u.pooled
	if size == 0 && (!u.known || u.unread < firstKept) {
		u.pooled = smallUploads.Get().(*[]byte)
		return sent
	}
	u.pooled = largeUploads.Get().(*[]byte)
	if old != nil {
		copy(*u.pooled, *old)
		smallUploads.Put(old)
	}
	return sent
}

// readLocked reads once. A body of known length must have exactly that length. Once
// it is complete, readLocked reads again for the end, so that END_STREAM can go
// with the last piece; not if the sending has been stopped.
func (u *upload) readLocked(s *sender) {
	p := u.bufLocked()[u.n:]
	if u.known && int64(len(p)) > u.unread {
		p = p[:u.unread+1] // one byte more, to see whether the body is longer
	}
	before := u.n
	n, err := u.readBody(p, s)
	u.n += n
	if u.known {
		u.unread -= int64(n)
		if u.unread == 0 && err == nil && !u.stopped && !s.halted.Load() {
			var extra [1]byte
			n, err = u.readBody(extra[:], s)
			u.unread -= int64(n)
		}
		switch {
		case u.unread < 0:
			u.n = before // bytes beyond the announced length are not sent
			err = errRequestBodyTooLong
		case u.unread > 0 && err == io.EOF:
			err = io.ErrUnexpectedEOF
		}
	}
	u.err = err
}

// readBody calls the body's Read, without the lock.
func (u *upload) readBody(p []byte, s *sender) (int, error) {
	u.reading, u.owner = true, nil
	u.changed.Broadcast()
	u.mu.Unlock()
	n, err := u.body.Read(p)
	u.mu.Lock()
	u.reading = false
	if !s.halted.Load() { // or buf may be the next attempt's by now
		u.owner = s
	}
	u.changed.Broadcast()
	return n, err
}

// halt keeps an attempt from sending more.
func (u *upload) halt(s *sender) {
	u.mu.Lock()
	s.halted.Store(true)
	u.changed.Broadcast()
	u.mu.Unlock()
}

// canReplay reports whether another attempt can send the body: all that has been
// read is still there, and it has not failed.
func (u *upload) canReplay() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.lost && (u.err == io.EOF || (u.err == nil && !u.stopped))
}

// stop keeps the body from being read any more, and closes it, once.
func (u *upload) stop() {
	u.mu.Lock()
	first := !u.stopped
	u.stopped = true
	u.changed.Broadcast()
	u.mu.Unlock()
	if first {
		u.body.Close()
		close(u.ended)
	}
}

// abandon is stop, at the end of a RoundTrip that fails. When it returns, the body
// is the program's again: it is closed and, except after a cancellation, no Read of
// it is under way. If a Read blocks for longer than closeGrace, or Close does after
// the end of ctx, it returns nevertheless.
func (u *upload) abandon(ctx context.Context) {
	if u == nil {
		return
	}
	go u.stop()
	u.awaitClosed(ctx)
	if ctx.Err() == nil {
		u.awaitIdle()
	}
	u.done()
}

// awaitClosed waits until the body is closed, but for closeGrace at most once ctx
// has ended.
func (u *upload) awaitClosed(ctx context.Context) {
	select {
	case <-u.ended:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	select {
	case <-u.ended:
	case <-timer.C:
	}
}

// awaitIdle waits until no goroutine is in a Read of the body, for closeGrace at
// most, and reports whether that is so.
func (u *upload) awaitIdle() bool {
	late := false
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.reading {
		return true
	}
	timer := time.AfterFunc(closeGrace, func() {
		u.mu.Lock()
		late = true
		u.changed.Broadcast()
		u.mu.Unlock()
	})
	defer timer.Stop()
	for u.reading && !late {
		u.changed.Wait()
	}
	return !u.reading
}
