package http2

import (
	"context"
	"io"
	"net/http"
)

// throughNetHTTP sends the request once more where net/http dials. It sends a new
// request, whose body begins with what has been read of original's. If net/http
// sent original itself, it would need the whole body again, from GetBody.
func (a *attempt) throughNetHTTP(original *http.Request) (*http.Response, error) {
	again := a.req.WithContext(context.WithValue(a.req.Context(), retriesKey{}, a.retry))
	again.Body = &replayedBody{u: a.upload}
	res, err := a.t.h1.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	res.Request = original
	return res, nil
}

// retriesKey is the context key for how often a request has been sent before.
type retriesKey struct{}

func retriesBefore(req *http.Request) int {
	n, _ := req.Context().Value(retriesKey{}).(int)
	return n
}

// replayedBody reads an upload from its beginning.
type replayedBody struct {
	u *upload
	s sender

	// Owned by the goroutine that reads.
	begun bool
	sent  int
	piece []byte
	err   error // after piece
}

func (b *replayedBody) Read(p []byte) (n int, err error) {
	if !b.begun {
		b.begun = true
		if !b.u.begin(&b.s) {
			b.err = errBodyStopped
		}
	}
	if len(b.piece) == 0 && b.err == nil {
		b.piece, b.err = b.u.next(&b.s, &b.sent)
	}
	n = copy(p, b.piece)
	b.piece = b.piece[n:]
	if len(b.piece) > 0 {
		return n, nil
	}
	if b.err != nil && b.err != io.EOF && n > 0 {
		return n, nil
	}
	return n, b.err
}

// Close closes the request's body. It does not give the upload's buffer back to its
// pool: a Read may be using it.
func (b *replayedBody) Close() error {
	b.u.halt(&b.s)
	b.u.stop()
	return nil
}
