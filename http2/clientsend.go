package http2

import (
	"errors"
	"io"
	"sync"
	"time"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

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
	switch {
	case err != nil:
	case cs.body == nil:
		err = cs.send(nil, true)
	default:
		err = cs.sendBody(length)
	}
	cs.closeRequestBody()
	cs.traceWroteRequest(err)
	if err != nil && err != errBodyStopped {
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
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	return cs.stopErrLocked()
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

// stopErrLocked is why no more is to be sent, or nil. The connection is locked.
func (cs *clientStream) stopErrLocked() error {
	if cs.sending == sendStopped || cs.Closed() {
		return errBodyStopped
	}
	return nil
}

// sendBody sends the body, and the end. What is read is lent to the connection,
// and the next piece is read when that has been taken.
func (cs *clientStream) sendBody(length int64) error {
	pooled := bodyBuffers.Get().(*[]byte)
	defer bodyBuffers.Put(pooled)
	r := bodyReader{r: cs.body, left: length, known: length >= 0}
	buf := *pooled
	if r.known && length < maxBodyBuffer {
		buf = buf[:length+1] // one more, to see whether there is more than was said
	}
	for {
		n, err := r.read(buf)
		if n > 0 || err == io.EOF {
			if err := cs.send(buf[:n], err == io.EOF); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			cs.awaitHeadIfItLeaves()
			return cs.bodyErr(err)
		}
	}
}

// bodyErr is the error of a body that fails with err. If nobody wants the rest,
// it failed because we closed it.
func (cs *clientStream) bodyErr(err error) error {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	if stop := cs.stopErrLocked(); stop != nil {
		return stop
	}
	return err
}

// bodyReader reads a request's body, and holds it to its length if that is known.
type bodyReader struct {
	r     io.Reader
	left  int64
	known bool
}

// read is Read. Once a body of known length is complete it looks for the end at
// once, so that END_STREAM can go with the last piece.
func (b *bodyReader) read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if !b.known {
		return n, err
	}
	b.left -= int64(n)
	if b.left == 0 && err == nil {
		var extra [1]byte
		m, e := b.r.Read(extra[:])
		b.left -= int64(m)
		err = e
	}
	switch {
	case b.left < 0:
		return 0, errRequestBodyTooLong
	case b.left > 0 && err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// send lends p to the connection and waits until that does not need it any more;
// if it is the last, until the request has left.
func (cs *clientStream) send(p []byte, last bool) error {
	c := cs.cc.c
	c.Lock()
	defer c.Unlock()
	if err := cs.stopErrLocked(); err != nil {
		return err
	}
	if last {
		// The program may have its trailers back as soon as it sees that the
		// stream is over, so they are looked at while it cannot end.
		trailers, err := cs.trailerFieldsLocked()
		if err != nil {
			return err
		}
		c.Session().SendLent(&cs.Stream.Stream, p)
		c.Session().SendEnd(&cs.Stream.Stream, trailers)
		cs.sending = sentAll
	} else {
		c.Session().SendLent(&cs.Stream.Stream, p)
	}
	c.Wake()
	cs.Wait(func() bool {
		if cs.LentOut() && cs.stopErrLocked() != nil {
			c.Recall()
		}
		return !cs.Lent() && (!last || cs.LocalEnded() || cs.Closed())
	})
	if last && cs.LocalEnded() {
		return nil
	}
	return cs.stopErrLocked()
}

// trailerFieldsLocked are the trailers, or nil. The connection is locked.
func (cs *clientStream) trailerFieldsLocked() (*session.Section, error) {
	if len(cs.trailer) == 0 {
		return nil, nil
	}
	sec := session.NewSection()
	sec.Fields = message.AppendRequestTrailers(sec.Fields, cs.trailer)
	switch {
	case message.ListSize(sec.Fields) > uint64(cs.cc.peerMaxList.Load()):
		sec.Free()
		return nil, message.ErrRequestListSize
	case len(sec.Fields) == 0:
		sec.Free()
		return nil, nil
	}
	return sec, nil
}

// stopLocked stops sending the request: nobody wants the rest. The connection is
// locked.
func (cs *clientStream) stopLocked() {
	if cs.sending != sendingRest {
		return
	}
	cs.sending = sendStopped
	cs.cc.c.Session().Abandon(&cs.Stream.Stream)
	if cs.body != nil {
		go cs.closeRequestBody() // the program's, and it may take its time
	}
}

// withholdRest stops sending the request if its response is complete: then
// nothing has gone wrong.
func (cs *clientStream) withholdRest() {
	cs.cc.c.Lock()
	if cs.RemoteEnded() {
		cs.stopLocked()
	}
	cs.cc.c.UnlockQuietly()
}

// closeRequestBody closes the request's body, once, as http.RoundTripper demands.
// It does not wait if another goroutine is at it.
func (cs *clientStream) closeRequestBody() {
	if cs.body != nil && cs.closingBody.CompareAndSwap(false, true) {
		cs.body.Close()
		close(cs.bodyClosed)
	}
}
