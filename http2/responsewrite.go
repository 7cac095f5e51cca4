package http2

import (
	"net/http"
	"unsafe"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

const (
	// maxStreamOutput is how much memory a stream's output may take up that waits for
	// the client: counted as what is allocated for it, since a byte that is flushed has
	// a buffer of its own. A handler that has more waits with its Write, Flush or
	// WriteHeader; so does one that writes a large piece, which is not copied.
	// Otherwise a client that does not read has the server keep all that its handler
	// can produce (CVE-2019-9517).
	maxStreamOutput = 64 << 10

	// maxConnOutput is shared by the streams of a connection: beyond so many as
	// may have all of maxStreamOutput waiting, each gets what its share is when it
	// writes, but minStreamOutput at least. A client may open hundreds of
	// streams and read none.
	maxConnOutput = 4 << 20

	// minStreamOutput is room for two buffers and the field section before them.
	minStreamOutput = 2*session.BufferMemory + 2<<10

	// minLent is the size from which on a write is lent to the connection rather
	// than copied. The goroutine has to wait for it, so it must be worth that.
	minLent = session.BufferSize

	protocolError = wire.ProtocolError
)

func field(name, value string) hpack.HeaderField {
	return hpack.HeaderField{Name: name, Value: value}
}

// Write writes body bytes. The first 4,096 wait for a Flush, for more, or for the
// end of the handler. It returns when it does not need p any more.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, errAfterHandler
	}
	if !w.sealed() {
		w.seal(http.StatusOK)
	}
	if !message.BodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if n := w.info.ContentLength; n > 0 && w.wrote+int64(len(p)) > n {
		return 0, errTooMuchBody
	}
	w.wrote += int64(len(p))
	if len(p) == 0 {
		return 0, nil
	}
	w.framingMu.Lock()
	to := w.framing.write(len(w.written())+len(p) <= session.BufferSize)
	w.framingMu.Unlock()
	switch to {
	case writeSend:
		return w.send(p)
	case writeBuffer:
		w.buffer(p)
	}
	return len(p), nil
}

// WriteString is Write.
func (w *responseWriter) WriteString(s string) (int, error) {
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // which neither changes nor keeps them
}

// buffer copies p, for which there is room.
func (w *responseWriter) buffer(p []byte) {
	if len(p) == 0 {
		return
	}
	if w.body == nil {
		w.body = session.NewBuffer()
	}
	w.body.B = append(w.body.B, p...)
}

// send sends what is buffered, and of p what is worth it: the rest is buffered.
// It waits while the client takes nothing.
func (w *responseWriter) send(p []byte) (int, error) {
	c, st := w.st.sc.c, &w.st.Stream
	rest, first := p, p
	if w.body != nil || w.isHead() { // a full buffer, from which the content's type can be told
		n := min(len(p), session.BufferSize-len(w.written()))
		w.buffer(p[:n])
		rest, first = p[n:], w.written()
	}
	if w.sec != nil {
		w.addContentType(first)
	}
	c.Lock()
	defer c.Unlock()
	if st.Over() {
		return 0, w.st.writeErr()
	}
	w.happens(eventBody)
	if w.isHead() {
		return len(p), nil // too long for content-length to be told, and nothing else matters
	}
	if len(rest) < minLent {
		w.buffer(rest)
		rest = nil
	}
	if err := w.wait(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// wait lends p to the connection and waits until that does not need it any more;
// and until the stream has not too much waiting. The connection is locked.
func (w *responseWriter) wait(p []byte) error {
	c, st := w.st.sc.c, &w.st.Stream
	room := w.outputRoom()
	if len(p) == 0 && st.Queued() <= room {
		return nil
	}
	c.Session().SendLent(&st.Stream, p)
	c.Wake()
	st.Wait(func() bool {
		if st.Over() {
			if st.LentOut() {
				c.Recall()
			}
			return !st.LentOut()
		}
		return !st.Lent() && st.Queued() <= room/2
	})
	if st.Over() {
		return w.st.writeErr()
	}
	return nil
}

// awaitRoom waits until the stream has not too much waiting: after whatever a handler
// may do again and again. The connection is locked.
func (w *responseWriter) awaitRoom() error { return w.wait(nil) }

// outputRoom is how much the stream may have waiting. The connection is locked.
func (w *responseWriter) outputRoom() int {
	share := maxConnOutput / max(1, w.st.sc.c.Session().OpenStreams())
	return max(minStreamOutput, min(maxStreamOutput, share))
}
