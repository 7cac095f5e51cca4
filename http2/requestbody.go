package http2

import (
	"io"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// requestBody is a request's Body. Read and Close may be called concurrently.
type requestBody struct {
	st            *serverStream
	needsContinue bool // the client waits for 100; owned by the reader of the body
	empty         bool
	sawEOF        bool // owned by the reader of the body
}

// Read reads what the client sent, and waits for it. The client may be waiting
// too: for 100 Continue, or for a response that is held.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.needsContinue {
		b.needsContinue = false
		b.sendContinue()
	}
	if b.empty || b.sawEOF {
		return 0, io.EOF
	}
	if !b.st.Body.Buffered() {
		b.st.w.endHold()
	}
	n, err := b.st.Body.Read(p)
	if err == io.EOF {
		b.sawEOF = true
	}
	return n, err
}

// Close says that no more will be read. What the client still sends is dropped.
func (b *requestBody) Close() error {
	if !b.empty {
		b.st.Body.Close()
	}
	return nil
}

// sendContinue sends 100 (Continue), unless the response has begun
// (golang/go#14030).
func (b *requestBody) sendContinue() {
	c := b.st.sc.c
	c.Lock()
	if !b.st.w.released {
		sec := session.NewSection()
		sec.Fields = message.AppendInformational(sec.Fields, 100, nil)
		c.Session().SendInfo(&b.st.Stream.Stream, sec)
	}
	c.Unlock()
}
