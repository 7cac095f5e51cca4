package http2

import (
	"io"
	"sync/atomic"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// requestBody is a request's Body. Read and Close may be called concurrently.
type requestBody struct {
	// Constant once the stream is accepted.
	w        *responseWriter
	received *conn.Body // nil if there is no content

	needsContinue bool // the client waits for 100; owned by the reader of the body
	sawEOF        bool // owned by the reader of the body

	users atomic.Int32 // methods that may use the stream: see unused
}

// unused reports whether no method uses the stream, nor ever will. received has been
// closed, so a method that begins now finds that first.
func (b *requestBody) unused() bool { return b.users.Load() == 0 }

// Read reads what the client has sent, or waits for it. The client may be waiting
// itself, for 100 (Continue) or for a response that is held: Read sends these
// first.
func (b *requestBody) Read(p []byte) (int, error) {
	b.users.Add(1)
	defer b.users.Add(-1)
	if !b.ready() {
		return 0, io.EOF
	}
	n, err := b.received.Read(p)
	if err == io.EOF {
		b.sawEOF = true
	}
	return n, err
}

// WriteTo writes the body to w until it ends. It saves io.Copy a buffer and a copy.
func (b *requestBody) WriteTo(w io.Writer) (n int64, err error) {
	b.users.Add(1)
	defer b.users.Add(-1)
	for b.ready() {
		k, err := b.received.Next()
		if err == io.EOF {
			b.sawEOF = true
			break
		}
		if err != nil {
			return n, err
		}
		m, err := writeChunk(w, k, len(k.Bytes()))
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// ready sends what the client may be waiting for, and reports whether there may be
// anything to read.
func (b *requestBody) ready() bool {
	if b.needsContinue {
		b.needsContinue = false
		b.sendContinue()
	}
	if b.received == nil || b.sawEOF {
		return false
	}
	if !b.received.Buffered() {
		b.w.endHold()
	}
	return true
}

// peek returns a copy of the content if it is at most that long, all of it has come,
// and a Read would do nothing but return it; or nil. The caller is the reader of the
// body.
func (b *requestBody) peek(most int) *session.Buffer {
	if b.needsContinue || b.received == nil || b.sawEOF {
		return nil
	}
	return b.received.Peek(most)
}

// Close says that no more will be read. What the client still sends is dropped.
func (b *requestBody) Close() error {
	b.users.Add(1)
	defer b.users.Add(-1)
	b.received.Close()
	return nil
}

// sendContinue sends 100 (Continue), unless the response has begun
// (golang/go#14030).
func (b *requestBody) sendContinue() {
	st := b.w.st
	st.Lock()
	if b.w.phase() < phaseReleased {
		sec := session.NewSection()
		sec.Fields = message.AppendInformational(sec.Fields, 100, nil)
		st.SendInfoLocked(sec)
	}
	st.UnlockAndWake()
}
