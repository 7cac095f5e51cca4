package http2

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/conn"
)

// clientStream is a request and its response. RoundTrip's goroutine sends the field
// section and waits for the response, which the connection's reader brings; only a
// body needs a goroutine of its own.
type clientStream struct {
	conn.Stream

	// Constant.
	cc      *ClientConn
	req     *http.Request // the program's again once RoundTrip has returned
	ctx     context.Context
	trace   *httptrace.ClientTrace // or nil
	upload  *upload                // the request's body; nil if it has none
	isHEAD  bool
	connect bool // CONNECT, of either kind
	gzip    bool // asked for by us, so decompressed by us

	trailer    http.Header // the request's; the program's until the body has ended
	declared   http.Header // what that was before the body was read
	hasTrailer bool        // trailers are to be sent

	// The reader goroutine's.
	gotByte           bool
	gotHeader         bool
	tunnel            bool // a 2xx to CONNECT
	informationals    int  // 1xx responses that a hook has seen
	informationalSize int  // bytes of the others' fields

	// Set under the connection's lock before answered is closed, then constant.
	answered chan struct{}
	res      *http.Response // or nil
	err      error          // if res is nil

	reads   uint64 // constant once the stream is queued: the connection's ReadsLocked then
	claimed bool   // guarded by the connection's lock: a goroutine will close answered

	watched bool // RoundTrip's: watch was called

	unwatch     func() bool   // guarded by the connection's lock: stops watching ctx; nil if ctx is not watched
	gone        chan struct{} // closed when the stream is; nil if no goroutine waits for that
	continue100 chan struct{} // buffered: the server has sent 100; nil if the request does not ask for it

	sending sendState   // guarded by the connection's lock
	sender  sender      // of upload
	ended   atomic.Bool // the stream is closed, and all that wait on it have been woken

	content  responseBody // behind the response's Body, if that has any
	received conn.Body    // and behind that
}

// sendState is how far a request has come.
type sendState uint8

const (
	sendingRest sendState = iota // unless the field section was the whole request
	sentAll                      // END_STREAM is queued
	sendStopped                  // the rest will not be sent
)

var (
	errRequestCanceled    = errors.New("net/http: request canceled")
	errExtendedConnect    = errors.New("net/http: extended connect not supported by peer")
	errResponseBodyClosed = errors.New("http2: response body closed")
	errRequestBodyTooLong = errors.New("http2: request body larger than specified content length")
	errResponseTooSlow    = error(timeoutError{})
)

// timeoutError is what net/http says when the response's header takes too long.
type timeoutError struct{}

func (timeoutError) Error() string { return "http2: timeout awaiting response headers" }

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Temporary() bool { return true }

// watch ends the stream when its request is cancelled, however far it has come. It is
// for those that RoundTrip's goroutine does not watch itself while it waits for the
// response: most have ended by then, and registering with their contexts would be
// a twelfth of what a proxied call allocates.
func (cs *clientStream) watch() {
	cs.watched = true
	if cs.ctx.Done() != nil {
		stop := context.AfterFunc(cs.ctx, func() { cs.giveUp(cs.ctx.Err()) })
		cs.Lock()
		cs.unwatch = stop
		closed := cs.ClosedLocked()
		cs.Unlock()
		if closed {
			stop()
		}
	}
	if cancel := canceled(cs.req); cancel != nil {
		go func() {
			select {
			case <-cancel:
				cs.giveUp(errRequestCanceled)
			case <-cs.gone:
			}
		}()
	}
}

// canceled is the channel of Request.Cancel, the old way of cancelling a request.
func canceled(req *http.Request) <-chan struct{} {
	//lint:ignore SA1019 programs that set it expect it to work
	return req.Cancel
}

// await waits for the response.
func (cs *clientStream) await() (*http.Response, error) {
	if d := cs.cc.t.responseHeaderTimeout(); d > 0 {
		cs.awaitWithin(d)
	}
	cs.awaitAnswer()
	if cs.res == nil {
		return nil, cs.err
	}
	cs.res.Request = cs.req
	if !cs.watched && !cs.ended.Load() {
		cs.watch()
	}
	return cs.res, nil
}

// awaitAnswer waits for the response or the stream's end, which it brings about if
// the request is cancelled.
func (cs *clientStream) awaitAnswer() {
	done, cancel := cs.ctx.Done(), canceled(cs.req)
	if !cs.watched && (done != nil || cancel != nil) {
		select {
		case <-cs.answered:
		case <-done:
			cs.giveUp(cs.ctx.Err())
		case <-cancel:
			cs.giveUp(errRequestCanceled)
		}
	}
	<-cs.answered
}

// awaitWithin waits for the response, and ends the stream if it has not come within
// d after the request has been sent. Sending may take as long as it likes. watch has
// been called.
func (cs *clientStream) awaitWithin(d time.Duration) {
	cs.Lock()
	cs.WaitLocked(func() bool { return cs.LocalEndedLocked() || cs.ClosedLocked() || cs.res != nil })
	cs.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-cs.answered:
	case <-timer.C:
		cs.giveUp(errResponseTooSlow)
	}
}

// claimAnswerLocked reports whether the caller is the one to close answered, which
// lets RoundTrip return.
func (cs *clientStream) claimAnswerLocked() bool {
	first := !cs.claimed
	cs.claimed = true
	return first
}
