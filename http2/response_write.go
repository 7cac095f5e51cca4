package http2

import (
	"net/http"
	"unsafe"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

const (
	// maxStreamOutput is how much memory a stream's output may take up while it waits
	// for the client. Allocated memory counts, and not content: one flushed byte has a
	// whole buffer. A handler that has more waits in its Write, Flush or WriteHeader;
	// so does one that writes a large piece, which is not copied. Otherwise a client
	// that does not read would have the server keep all that its handler can produce
	// (CVE-2019-9517).
	maxStreamOutput = 64 << 10

	// maxConnOutput is shared by the streams of a connection. When they are so many
	// that maxStreamOutput for each would exceed it, each gets an equal share, but
	// minStreamOutput at least. A client may open hundreds of streams and read none
	// (CVE-2019-9517).
	maxConnOutput = 4 << 20

	// minStreamOutput is enough for two buffers and the field section before them.
	minStreamOutput = 2*session.BufferMemory + 2<<10

	// minLent is the size of the smallest write that is lent to the connection rather
	// than copied. The handler has to wait until a loan comes back, so it must be
	// worth that.
	minLent = session.BufferSize

	protocolError = wire.ProtocolError
)

// Write writes body bytes. Up to 4,096 of them are buffered until a Flush, more
// bytes, or the handler's end. It returns when it does not need p any more.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, errAfterHandler
	}
	if !w.sealed() {
		w.seal(http.StatusOK)
	}
	if !message.BodyAllowed(int(w.status)) {
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
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // Write neither changes nor keeps the bytes
}

// buffer copies p, which fits.
func (w *responseWriter) buffer(p []byte) {
	if len(p) == 0 {
		return
	}
	if w.body == nil {
		w.body = session.NewBuffer(len(p))
	}
	w.body = w.body.Append(p)
}

// send sends what is buffered, and p, unless it is so short that it is buffered. It
// waits while too much of the stream's output waits to be sent.
func (w *responseWriter) send(p []byte) (int, error) {
	st := &w.st.Stream
	rest, first := p, p
	if w.body != nil || w.isHEAD() { // fill the buffer first: the content's type is told from it
		n := min(len(p), session.BufferSize-len(w.written()))
		w.buffer(p[:n])
		rest, first = p[n:], w.written()
	}
	if w.sec != nil {
		w.addContentType(first)
	}
	st.Lock()
	defer st.UnlockAndWake()
	if st.ClosingLocked() {
		return 0, w.st.writeErr()
	}
	w.happensLocked(eventBody)
	if w.isHEAD() {
		return len(p), nil // content-length is not known, and no content is sent
	}
	if len(rest) < minLent {
		w.buffer(rest)
		rest = nil
	}
	if err := w.waitLocked(rest); err != nil {
		return 0, err
	}
	return len(p), nil
}

// waitLocked lends p to the connection and waits until it comes back, and until the
// stream has little enough output waiting.
func (w *responseWriter) waitLocked(p []byte) error {
	st := &w.st.Stream
	limit := w.outputLimitLocked()
	if len(p) == 0 && st.QueuedLocked() <= limit {
		return nil
	}
	st.SendLentLocked(p)
	st.WakeLocked()
	st.WaitLocked(func() bool {
		if st.ClosingLocked() {
			if st.LentOutLocked() {
				st.RecallLocked()
			}
			return !st.LentOutLocked()
		}
		return !st.LentLocked() && st.QueuedLocked() <= limit/2
	})
	if st.ClosingLocked() {
		return w.st.writeErr()
	}
	return nil
}

// awaitOutputLocked waits until the stream has little enough output waiting. It
// follows every output that a handler may produce again and again.
func (w *responseWriter) awaitOutputLocked() error { return w.waitLocked(nil) }

// outputLimitLocked is how much output the stream may have waiting.
func (w *responseWriter) outputLimitLocked() int {
	share := maxConnOutput / max(1, w.st.sc.c.OpenStreamsLocked())
	return max(minStreamOutput, min(maxStreamOutput, share))
}
