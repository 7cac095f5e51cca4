package http2

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"h2fork.example/net/internal/wire"
)

// makeBody gives res its Body.
func (cs *clientStream) makeBody(res *http.Response, ended bool) {
	switch {
	case cs.isHEAD, ended && res.ContentLength <= 0:
		res.Body = http.NoBody
		return
	case ended:
		res.Body = missingBody{}
		return
	}
	cs.content.cs, cs.content.announced = cs, res.ContentLength
	res.Body = &cs.content
	if cs.gzip && equalFold(firstValue(res.Header, "Content-Encoding"), "gzip") {
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length")
		res.ContentLength = -1
		res.Uncompressed = true
		res.Body = &gzipBody{body: res.Body}
	}
}

// missingBody is the body of a response that ended before the content that it
// announced.
type missingBody struct{}

func (missingBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (missingBody) Close() error { return nil }

// responseBody is a response's Body, part of its stream.
type responseBody struct {
	cs        *clientStream
	closed    atomic.Bool
	announced int64 // what is still to come according to content-length; -1 without one. Owned by the program's reader
	err       error // sticky; owned by the program's reader
}

var errTooMuchContent = errors.New("net/http: server replied with more than declared Content-Length; truncated")

func (b *responseBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.cs.Body.Read(p)
	n, b.err = b.judge(n, err)
	return n, b.err
}

// WriteTo writes the body to w until it ends. It saves io.Copy a buffer and a copy.
func (b *responseBody) WriteTo(w io.Writer) (n int64, err error) {
	for b.err == nil {
		k, err := b.cs.Body.Next()
		if err != nil {
			_, b.err = b.judge(0, err)
			break
		}
		most, err := b.judge(len(k.Bytes()), nil)
		b.err = err
		m, err := writeChunk(w, k, most)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	if b.err == io.EOF {
		return n, nil
	}
	return n, b.err
}

// judge compares n bytes and an error, which Read or Next returned, with the
// content-length that was announced. It returns what the program gets.
func (b *responseBody) judge(n int, err error) (int, error) {
	if b.closed.Load() {
		return 0, errResponseBodyClosed // content that was dropped must not look like the end
	}
	if b.announced < 0 {
		return n, err
	}
	if int64(n) > b.announced {
		n = int(b.announced)
		if err == nil {
			err = errTooMuchContent
			b.cs.reset(wire.ProtocolError, err) // RFC 9113 §8.1.1
		}
	} else if b.announced -= int64(n); err == io.EOF && b.announced > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close ends the stream, if it has not ended.
func (b *responseBody) Close() error {
	b.closed.Store(true)
	if !b.cs.ended.Load() {
		b.cs.withholdRest()
		b.cs.abort(errResponseBodyClosed)
	}
	b.cs.Body.Close()
	if u := b.cs.upload; u != nil {
		u.awaitClosed(b.cs.ctx) // the caller may use the request again
	}
	return nil
}
