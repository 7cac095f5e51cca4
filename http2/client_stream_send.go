package http2

import (
	"errors"
	"io"
	"time"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// errBodyStopped ends the sending of a body that the server does not want.
var errBodyStopped = errors.New("http2: aborting request body write")

// sendsReady reports whether a body that is ready leaves together with the field
// section.
func (cs *clientStream) sendsReady() bool {
	return cs.upload != nil && !cs.hasTrailer && cs.continue100 == nil && !cs.tracesWriting()
}

// sendReadyLocked queues the request's body, and its end, if the body is short and
// there already: peeked is that, or upload has it. It then leaves in one write with
// the field section, which has just been queued (golang/go#38432), and no goroutine
// is needed for it. It reports whether it did.
func (cs *clientStream) sendReadyLocked(peeked *session.Buffer) bool {
	content := peeked
	if content == nil && cs.sendsReady() && cs.upload.ready {
		content = cs.upload.readAll(&cs.sender)
	}
	if content == nil {
		return false
	}
	cs.SendBufferLocked(content)
	cs.SendEndLocked(nil)
	cs.sending = sentAll
	return true
}

// sendRest sends the request's body and trailers.
func (cs *clientStream) sendRest() {
	if cs.trace != nil && cs.trace.WroteHeaders != nil && cs.awaitHeaderSent() {
		cs.trace.WroteHeaders()
	}
	err := cs.awaitContinue()
	switch {
	case err != nil:
	case cs.upload == nil:
		err = cs.send(nil, true)
	default:
		err = cs.sendBody()
	}
	if cs.upload != nil && (err == nil || cs.hasResponse()) {
		cs.upload.stop() // without a response RoundTrip decides: it may send the request again
	}
	cs.traceWroteRequest(err)
	if err != nil && err != errBodyStopped {
		cs.giveUp(err)
	}
}

// hasResponse reports whether there is a response; then RoundTrip will not send the
// request again.
func (cs *clientStream) hasResponse() bool {
	cs.Lock()
	defer cs.Unlock()
	return cs.res != nil
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
	cs.Lock()
	defer cs.Unlock()
	return cs.stopErrLocked()
}

// goAhead notes 100 (Continue).
func (cs *clientStream) goAhead() {
	if cs.continue100 != nil {
		select {
		case cs.continue100 <- struct{}{}:
		default:
		}
	}
}

// stopErrLocked is errBodyStopped if no more is to be sent, or nil.
func (cs *clientStream) stopErrLocked() error {
	if cs.sending == sendStopped || cs.ClosedLocked() {
		return errBodyStopped
	}
	return nil
}

// sendBody sends the body, and the end. Each piece that is read is lent to the
// connection, and the next is read when that has come back.
func (cs *clientStream) sendBody() error {
	u := cs.upload
	if !u.begin(&cs.sender) {
		return errBodyStopped
	}
	defer u.end(&cs.sender)
	for sent := 0; ; {
		piece, err := u.next(&cs.sender, &sent)
		if len(piece) > 0 || err == io.EOF {
			if err := cs.send(piece, err == io.EOF); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			cs.awaitHeaderUnlessLimited()
			return cs.bodyErr(err)
		}
	}
}

// bodyErr is the error of a body that fails with err. If the sending was stopped,
// the body failed because we closed it.
func (cs *clientStream) bodyErr(err error) error {
	cs.Lock()
	defer cs.Unlock()
	if stop := cs.stopErrLocked(); stop != nil {
		return stop
	}
	return err
}

// send lends p to the connection and waits until it comes back. If p is the last
// piece, it waits until the whole request has been sent.
func (cs *clientStream) send(p []byte, last bool) error {
	cs.Lock()
	defer cs.UnlockAndWake()
	if err := cs.stopErrLocked(); err != nil {
		return err
	}
	if last {
		// The program may have its trailers back as soon as it sees that the stream has
		// ended, so they are read under the lock, while it cannot end.
		trailers, err := cs.trailerFieldsLocked()
		if err != nil {
			return err
		}
		cs.SendLentLocked(p)
		cs.SendEndLocked(trailers)
		cs.sending = sentAll
	} else {
		cs.SendLentLocked(p)
	}
	cs.WakeLocked()
	cs.WaitLocked(func() bool {
		if cs.LentOutLocked() && cs.stopErrLocked() != nil {
			cs.RecallLocked()
		}
		return !cs.LentLocked() && (!last || cs.LocalEndedLocked() || cs.ClosedLocked())
	})
	if last && cs.LocalEndedLocked() {
		return nil
	}
	return cs.stopErrLocked()
}

// trailerFieldsLocked are the trailers, or nil.
func (cs *clientStream) trailerFieldsLocked() (*session.Section, error) {
	if !cs.hasTrailer {
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

// stopLocked stops sending the request: the rest is not wanted any more.
func (cs *clientStream) stopLocked() {
	if cs.sending != sendingRest {
		return
	}
	cs.sending = sendStopped
	cs.AbandonLocked()
	if cs.upload == nil {
		return
	}
	cs.upload.halt(&cs.sender)
	if cs.res != nil { // without a response RoundTrip decides
		go cs.upload.stop() // Close is the program's, and may take its time
	}
}

// withholdRest stops sending the request if its response is complete. Then the
// stream ends without an error.
func (cs *clientStream) withholdRest() {
	cs.Lock()
	if cs.RemoteEndedLocked() {
		cs.stopLocked()
	}
	cs.Unlock()
}

// awaitHeaderUnlessLimited waits until the field section has been sent, unless it
// waits for the server's limit. A body that fails at once then always shows as
// HEADERS and RST_STREAM, as upstream's does. Otherwise the writer's timing would
// decide.
func (cs *clientStream) awaitHeaderUnlessLimited() {
	cs.Lock()
	defer cs.Unlock()
	cs.WaitLocked(func() bool { return cs.HeaderSentLocked() || cs.ClosedLocked() || !cs.cc.c.WaitingMayOpenLocked() })
}
