package http2

import (
	"errors"
	"fmt"
	"io"

	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// giveUp ends the stream because the program does not want its response any more.
func (cs *clientStream) giveUp(err error) {
	cs.Lock()
	if !cs.ClosedLocked() {
		cs.cc.suspectIfSilentLocked(cs)
	}
	cs.ResetLocked(wire.Cancel, err)
	cs.UnlockAndWake()
	cs.cc.noteState()
}

// abort ends the stream from our side, with an error for the goroutines that wait
// on it.
func (cs *clientStream) abort(err error) { cs.reset(wire.Cancel, err) }

// reset is abort with an error code for the server.
func (cs *clientStream) reset(code wire.ErrCode, err error) {
	cs.Lock()
	cs.ResetLocked(code, err)
	cs.UnlockAndWake()
}

// closedByEngine is called once, when the stream has closed.
func (cs *clientStream) closedByEngine() {
	err := cs.endErr()
	if err == nil {
		cs.Body.End(io.EOF, nil)
	} else {
		cs.Body.End(err, nil)
	}
	cs.Lock()
	if cs.unwatch != nil {
		cs.unwatch()
	}
	if cs.gone != nil {
		close(cs.gone)
	}
	if cs.res == nil && cs.err == nil {
		cs.err = err
	}
	if cs.upload != nil {
		cs.upload.halt(&cs.sender) // also where everything has been sent
	}
	if cs.claimAnswerLocked() {
		close(cs.answered)
		cs.WakeWaitersLocked() // for awaitWithin
	}
	cs.stopLocked()
	cs.Unlock()
	cs.ended.Store(true)
}

// endErr is why the stream closed, as a program sees it.
func (cs *clientStream) endErr() error {
	err := cs.Err()
	if err == nil {
		return nil // the usual case
	}
	var unsent *session.NotSentError
	if errors.As(err, &unsent) {
		if cs.cc.brokeOff() {
			return errClientConnNotSent
		}
		err = unsent.Err
	}
	var se *wire.StreamError
	switch {
	case err == session.ErrGoAway:
		return cs.goAwayErr()
	case errors.As(err, &se):
		if se.Count == "reset" {
			cs.cc.t.count("recv_rststream_" + codeToken(se.Code))
			if se.Code == wire.ProtocolError {
				cs.cc.retire() // the server may object to this client's connection as such
			}
		}
		return publicStreamError(se)
	}
	return publicError(err)
}

// goAwayErr is the error of a stream that the server says it has not processed. The
// request may be sent on another connection, unless this was the first stream on
// this one and the GOAWAY has an error code: then another connection would fail the
// same way.
func (cs *clientStream) goAwayErr() error {
	cs.Lock()
	defer cs.Unlock()
	if e := cs.cc.life.goAway; cs.IDLocked() == 1 && e != nil && e.ErrCode != ErrCodeNo {
		return fmt.Errorf("http2: Transport received GOAWAY from server ErrCode:%v", e.ErrCode)
	}
	return errClientConnGotGoAway
}
