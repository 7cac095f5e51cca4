package http2

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"sync"
	"time"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

func mimeHeader(h http.Header) textproto.MIMEHeader { return textproto.MIMEHeader(h) }

// --- The request's body ---

// maxBodyBuffer is how much of a request's body is read at a time.
const maxBodyBuffer = 64 << 10

var bodyBuffers = sync.Pool{New: func() any { b := make([]byte, maxBodyBuffer); return &b }}

// errBodyStopped ends the sending of a body that the server does not want.
var errBodyStopped = errors.New("http2: aborting request body write")

// sendRest sends the request's body and trailers. length is -1 if it is unknown.
func (cs *clientStream) sendRest(length int64) {
	if cs.trace != nil && cs.trace.WroteHeaders != nil && cs.awaitHeadSent() {
		cs.trace.WroteHeaders()
	}
	err := cs.awaitContinue()
	if err == nil && length != 0 {
		err = cs.sendBody(length)
	}
	if err == nil {
		err = cs.sendEnd()
	}
	if err == nil {
		cs.written()
	}
	cs.closeRequestBody()
	if err == errBodyStopped {
		cs.traceWroteRequest(nil)
		return
	}
	cs.traceWroteRequest(err)
	if err != nil {
		cs.abort(err)
	}
}

// awaitContinue waits for 100 (Continue), if it was asked for, but not for ever:
// servers may not know it (RFC 9110 §10.1.1).
func (cs *clientStream) awaitContinue() error {
	if cs.continue100 == nil {
		return nil
	}
	if cs.trace != nil && cs.trace.Wait100Continue != nil {
		cs.trace.Wait100Continue()
	}
	timer := time.NewTimer(cs.cc.t.expectContinueTimeout())
	defer timer.Stop()
	select {
	case <-cs.continue100:
	case <-timer.C:
	case <-cs.answered: // by a final response, or by the end
	}
	return cs.stopErr()
}

// goAhead is 100 (Continue).
func (cs *clientStream) goAhead() {
	if cs.continue100 != nil {
		select {
		case cs.continue100 <- struct{}{}:
		default:
		}
	}
}

// stopErr is why no more of the body is to be sent, or nil.
func (cs *clientStream) stopErr() error {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	return cs.stopErrLocked()
}

func (cs *clientStream) stopErrLocked() error {
	if cs.sending.stopped || cs.Closed() {
		return errBodyStopped
	}
	return nil
}

// sendBody sends the body. What is read is lent to the connection, and the next
// piece is read when that has been taken.
func (cs *clientStream) sendBody(length int64) error {
	pooled := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(pooled)
	buf := *pooled
	if length >= 0 && length < maxBodyBuffer {
		buf = buf[:length+1] // one more, to see whether there is more than was said
	}
	for left := length; ; {
		n, err := readSome(cs.req.Body, buf)
		if length >= 0 {
			if left -= int64(n); left < 0 {
				return errRequestBodyTooLong
			}
		}
		if n > 0 {
			if err := cs.send(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			if length >= 0 && left > 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		case err != nil:
			if stop := cs.stopErr(); stop != nil {
				return stop // closing the body is what made it fail
			}
			return err
		}
	}
}

// readSome is r.Read, but gives a reader that has only just got to the end the
// chance to say so with the last piece: END_STREAM can then go with it.
func readSome(r io.Reader, buf []byte) (n int, err error) {
	n, err = r.Read(buf)
	if n > 0 && n < len(buf) && err == nil {
		return n, nil
	}
	return n, err
}

// send lends p to the connection and waits until that does not need it any more.
func (cs *clientStream) send(p []byte) error {
	c := cs.cc.c
	c.Lock()
	defer c.Unlock()
	if err := cs.stopErrLocked(); err != nil {
		return err
	}
	c.Session().SendLent(&cs.Stream.Stream, p)
	c.Wake()
	cs.Wait(func() bool {
		if cs.Closed() || cs.sending.stopped {
			return !cs.LentOut()
		}
		return !cs.Lent()
	})
	return cs.stopErrLocked()
}

// sendEnd ends the request, with its trailers.
func (cs *clientStream) sendEnd() error {
	var trailers *session.Section
	if len(cs.req.Trailer) > 0 {
		trailers = session.NewSection()
		trailers.Fields = message.AppendRequestTrailers(trailers.Fields, cs.req.Trailer)
		if len(trailers.Fields) == 0 {
			trailers.Free()
			trailers = nil
		}
	}
	c := cs.cc.c
	c.Lock()
	defer c.Unlock()
	if trailers != nil && message.ListSize(trailers.Fields) > uint64(c.Session().PeerMaxHeaderListSize()) {
		trailers.Free()
		return message.ErrRequestListSize
	}
	if err := cs.stopErrLocked(); err != nil {
		if trailers != nil {
			trailers.Free()
		}
		return err
	}
	c.Session().SendEnd(&cs.Stream.Stream, trailers)
	return nil
}

// stopBodyLocked stops sending the body: nobody wants the rest. The connection is
// locked.
func (cs *clientStream) stopBodyLocked() {
	if cs.sending.closed == nil || cs.sending.stopped {
		return
	}
	cs.sending.stopped = true
	cs.cc.c.Session().Abandon(&cs.Stream.Stream)
	go cs.closeRequestBody() // the program's, and it may take its time
}

// closeRequestBody closes the request's body, once, as http.RoundTripper demands.
func (cs *clientStream) closeRequestBody() {
	if cs.req.Body == nil {
		return
	}
	cs.sending.closing.Do(func() {
		cs.req.Body.Close()
		if cs.sending.closed != nil {
			close(cs.sending.closed)
		}
	})
}

// --- The response's body ---

// makeBody gives res its Body.
func (cs *clientStream) makeBody(res *http.Response, ended bool) {
	switch {
	case cs.isHead, ended && res.ContentLength <= 0:
		res.Body = http.NoBody
		return
	case ended:
		res.Body = missingBody{}
		return
	}
	res.Body = &responseBody{cs: cs, left: res.ContentLength}
	if cs.gzip && equalFold(res.Header.Get("Content-Encoding"), "gzip") {
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
func (missingBody) Close() error             { return nil }

// responseBody is a response's Body.
type responseBody struct {
	cs   *clientStream
	left int64 // of what content-length says; -1 if it does not. Owned by Read
	err  error // sticky; owned by Read
}

var errTooMuchContent = errors.New("net/http: server replied with more than declared Content-Length; truncated")

func (b *responseBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.cs.Body.Read(p)
	if b.left >= 0 {
		if int64(n) > b.left {
			n = int(b.left)
			if err == nil {
				err = errTooMuchContent
				b.cs.abort(err)
			}
		} else if b.left -= int64(n); err == io.EOF && b.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	b.err = err
	return n, err
}

// Close ends the stream, if it has not ended.
func (b *responseBody) Close() error {
	b.cs.abort(errResponseBodyClosed)
	b.cs.Body.Close()
	if b.cs.sending.closed != nil {
		<-b.cs.sending.closed // the caller may change the request now
	}
	return nil
}

// gzipBody decompresses a body.
type gzipBody struct {
	body io.ReadCloser

	mu  sync.Mutex // held by Read, and by Close once body is closed and Read cannot block
	zr  *gzip.Reader
	err error
}

var gzipReaders sync.Pool

func (g *gzipBody) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil && g.zr == nil {
		g.open()
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.zr.Read(p)
}

// open reads the header of the compressed stream.
func (g *gzipBody) open() {
	zr, _ := gzipReaders.Get().(*gzip.Reader)
	if zr == nil {
		zr = new(gzip.Reader)
	}
	if err := zr.Reset(g.body); err != nil {
		g.err = err
		return
	}
	g.zr = zr
}

func (g *gzipBody) Close() error {
	err := g.body.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = errResponseBodyClosed
	if g.zr != nil {
		gzipReaders.Put(g.zr)
		g.zr = nil
	}
	return err
}
