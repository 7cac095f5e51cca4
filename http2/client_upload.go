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
	// maxKept is how much of a request's body is read at a time, and of how much less
	// than that all is kept, so that it can be sent again if the server has not
	// processed it.
	maxKept = 64 << 10

	// firstKept is what a body is read into at first. Most are small, and some are
	// silent for hours: 10,000 of those must not hold 640 MB.
	firstKept = 4 << 10

	// closeGrace is how long RoundTrip waits, when there is nothing else to wait for, for
	// the request's Body to be closed and for a Read of it to return. Mostly neither
	// blocks, and then the program may use the body again (golang/go#60041); if one
	// does, it does not hold up RoundTrip (golang/go#43989).
	closeGrace = 100 * time.Millisecond
)

var (
	smallUploads = sync.Pool{New: func() any { b := make([]byte, firstKept); return &b }}
	largeUploads = sync.Pool{New: func() any { b := make([]byte, maxKept); return &b }}
)

// upload is a request's body on its way out, over all attempts to send the request.
//
// What has been read stays in buf while it fits: if the server turns out not to have
// processed the request, the next attempt sends that first, and then goes on reading
// where the one before stopped. Only one goroutine at a time reads the body, or
// changes buf. An attempt that is over may still be in a Read: what that brings
// belongs to the next one.
type upload struct {
	// Constant.
	body  io.ReadCloser
	known bool          // the body's length is
	ended chan struct{} // closed when body has been closed

	mu      sync.Mutex // comes after the connection's lock
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
	halted atomic.Bool // nobody wants what it has not sent
}

// newUpload returns the upload of req's body, or nil if it has none.
func newUpload(req *http.Request) *upload {
	length := bodyLength(req)
	if length == 0 {
		return nil
	}
	u := &upload{body: req.Body, known: length > 0, unread: length, ended: make(chan struct{}), users: 1}
	u.changed.L = &u.mu
	return u
}

// begin is the beginning of an attempt. It waits until the one before does not use buf
// any more, and reports whether there is still a use for this one.
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

// leave is the end of an attempt that has begun.
func (u *upload) leave(s *sender) {
	u.mu.Lock()
	if u.owner == s {
		u.owner = nil
		u.changed.Broadcast()
	}
	u.freeLocked()
	u.mu.Unlock()
}

// done is RoundTrip's end: there will be no further attempt.
func (u *upload) done() {
	if u == nil {
		return
	}
	u.mu.Lock()
	u.freeLocked()
	u.mu.Unlock()
}

// freeLocked is the end of one who used u.
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

// next returns what follows the first *sent bytes of what has been read, and reads more
// if that is nothing. The piece is valid until the next call, and counts as sent. err
// is what follows it: errBodyStopped if there is no use for more.
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
		case u.reading: // for the attempt before
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

// growLocked makes room in buf, all of which has been sent, and returns how much of
// it still counts as sent.
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

// readLocked reads once. A body of known length is held to it; once that is complete it
// looks for the end at once, so that END_STREAM can go with the last piece, unless
// nobody wants it any more.
func (u *upload) readLocked(s *sender) {
	p := u.bufLocked()[u.n:]
	if u.known && int64(len(p)) > u.unread {
		p = p[:u.unread+1] // one more, to see whether there is more than was said
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
			u.n = before // what is not what was announced is not sent
			err = errRequestBodyTooLong
		case u.unread > 0 && err == io.EOF:
			err = io.ErrUnexpectedEOF
		}
	}
	u.err = err
}

// readBody is the body's Read, without the lock.
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

// halt ends an attempt.
func (u *upload) halt(s *sender) {
	u.mu.Lock()
	s.halted.Store(true)
	u.changed.Broadcast()
	u.mu.Unlock()
}

// canReplay reports whether another attempt can send the body: all that has been read
// is still there, and it has not failed.
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

// abandon is stop, at the end of a RoundTrip that fails. When it returns, the body is
// the program's again: it is closed and, after anything but a cancellation, not being
// read any more; unless that blocks for longer than closeGrace.
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

// awaitClosed waits until the body is closed, but not for long once ctx is over.
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

// awaitIdle waits until nothing is in a Read of the body, for closeGrace at most, and
// reports whether that is so.
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
