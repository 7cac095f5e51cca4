package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/wire"
)

// serverStream is the engine's part of a request and its response.
type serverStream struct {
	conn.Stream
	*exchange // the program's part; nil once the stream is free

	// Constant once the stream is accepted.
	sc               *serverConn
	req              *http.Request                            // request, unless this is an upgrade or a push
	handler          func(http.ResponseWriter, *http.Request) // nil: the connection's
	declaredTrailers http.Header                              // keys that request trailers may have
	malformed        bool                                     // answered, then reset
	connect          bool                                     // CONNECT, of either kind

	// Guarded by the connection's lock; constant once the stream is closed.
	readTimer, writeTimer *time.Timer
	notify                chan bool // for CloseNotify

	users atomic.Int32 // see free
}

// exchange is what a handler sees of a stream, and a program may keep for ever. It is
// one allocation, and is never used again.
type exchange struct {
	request http.Request
	ctx     requestContext
	body    requestBody
	w       responseWriter
}

// exchangeWithContent is an exchange on which the client sends content.
type exchangeWithContent struct {
	exchange
	received conn.Body
}

// newStream returns a stream of sc for a request, with content or without, and its
// response. Most requests have no content, and no memory for it.
func (sc *serverConn) newStream(content bool) *serverStream {
	st := freeStreams.Get().(*serverStream)
	var body *conn.Body
	if content {
		x := new(exchangeWithContent)
		st.exchange, body = &x.exchange, &x.received
	} else {
		st.exchange = new(exchange)
	}
	st.sc = sc
	st.Init(sc.c, st, body)
	st.ctx.sc = sc
	st.body.w, st.body.received = &st.w, body
	st.w.init(st)
	return st
}

// accept makes st of a field section, and returns what its content-length declares,
// or -1. Its error is a stream error.
func (st *serverStream) accept(f conn.Fields) (declared int64, err error) {
	if f.HasPriority && f.Priority.StreamDep == f.StreamID {
		// RFC 7540 §5.3.1.
		return 0, wire.StreamErrorf(f.StreamID, wire.ProtocolError, "priority", "stream depends on itself")
	}
	if f.TooLarge || st.sc.tooMany(f.List) {
		st.acceptTruncated(f)
		return -1, nil
	}
	st.req = &st.request
	r, err := st.sc.reader.Read(&st.ctx, st.req, f.StreamID, f.List, f.EndStream)
	if err != nil {
		return 0, err
	}
	if r.Bad != nil {
		// RFC 9113 §8.1.1 lets a server answer a malformed request before it resets the
		// stream.
		st.malformed = true
		st.handler = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, r.Bad.Error(), http.StatusBadRequest)
		}
	}
	st.connect = st.req.Method == http.MethodConnect
	st.declaredTrailers = st.req.Trailer
	st.body.needsContinue = r.NeedsContinue
	st.req.Body = &st.body
	return r.DeclaredLength, nil
}

// acceptTruncated is accept for a section that was cut off, or has too many fields. Its fields are not
// kept, not even while the response waits for the client.
func (st *serverStream) acceptTruncated(f conn.Fields) {
	st.handler = refuseLargeHeader
	st.req = truncatedRequest(&st.ctx, f.List)
	st.connect = st.req.Method == http.MethodConnect
	st.req.Body = &st.body
}

// truncatedRequest stands in for a request whose field section was cut off. Only
// our own handler sees it.
func truncatedRequest(ctx context.Context, fields fieldList) *http.Request {
	r := &http.Request{Method: "GET", Header: make(http.Header), Proto: "HTTP/2.0", ProtoMajor: 2}
	for _, f := range fields {
		if f.Name == ":method" {
			r.Method = f.Value
		}
	}
	return r.WithContext(ctx)
}

func refuseLargeHeader(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
	io.WriteString(w, "<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>")
}

// Run implements conn.Server: it runs a request's handler.
func (sc *serverConn) Run(cs *conn.Stream) {
	st := cs.Outer.(*serverStream)
	returned := false
	defer func() {
		if returned {
			st.w.finish()
		} else {
			st.abort(recover())
		}
		st.ctx.end()
		st.Body.Close() // what was not read is given back to the window
		if st.req.MultipartForm != nil {
			st.req.MultipartForm.RemoveAll()
		}
		if returned {
			st.free()
		}
	}()
	if st.handler != nil {
		st.handler(&st.w, st.req)
	} else {
		sc.handler.ServeHTTP(&st.w, st.req)
	}
	returned = true
}

// abort ends a stream whose handler panicked with v, or ended its goroutine. The
// stream is reset once what has been flushed has been sent.
func (st *serverStream) abort(v any) {
	if v != nil && v != http.ErrAbortHandler {
		const maxStack = 64 << 10
		stack := make([]byte, maxStack)
		stack = stack[:runtime.Stack(stack, false)]
		st.sc.logf("http2: panic serving %v: %v\n%s", st.sc.c.NetConn().RemoteAddr(), v, stack)
	}
	st.Lock()
	st.w.happensLocked(eventPanic)
	switch {
	case st.FinishedLocked():
		// A response without a body was flushed, and so is complete.
	case st.LentLocked(): // another goroutine waits for the bytes that it lent
		st.ResetLocked(wire.InternalError, errHandlerPanicked)
	default:
		st.ResetWhenSentLocked(wire.InternalError, errHandlerPanicked)
	}
	st.DoneLocked()
	st.UnlockAndWake()
	st.w.close()
}

// tidy stops the timers and ends the context of a stream that has closed, or never
// opened. No timers are set once the stream is closed.
func (st *serverStream) tidy() {
	for _, t := range []**time.Timer{&st.readTimer, &st.writeTimer} {
		if *t != nil && (*t).Stop() {
			*t = nil
		}
	}
	st.ctx.end()
}

// closeNotify is CloseNotify. Once the stream has closed it makes a channel for each
// call: whoever tells of the end may be about to look at notify.
func (st *serverStream) closeNotify() <-chan bool {
	st.Lock()
	defer st.Unlock()
	if st.notify == nil {
		if st.ClosedLocked() {
			return notified()
		}
		st.notify = make(chan bool, 1)
	}
	return st.notify
}

// notified is the channel of a stream that has closed.
func notified() <-chan bool {
	c := make(chan bool, 1)
	c <- true
	return c
}

var (
	errClientDisconnected = errors.New("client disconnected")
	errStreamClosed       = errors.New("http2: stream closed")
	errHandlerComplete    = errors.New("http2: request body closed due to handler exiting")
	errHandlerPanicked    = errors.New("http2: handler panicked")
)

// closeErr is why the stream closed, as the request's body shows it.
func (st *serverStream) closeErr() error {
	err := st.Err()
	if err == nil {
		return errHandlerComplete
	}
	var se *wire.StreamError
	if errors.As(err, &se) {
		if se.Count == "send_too_much" || se.Count == "send_too_little" {
			return errors.New(se.Reason)
		}
		return StreamError{StreamID: se.StreamID, Code: ErrCode(se.Code)}
	}
	if err == errHandlerPanicked || err == errDeadline {
		return err
	}
	return errClientDisconnected
}

// writeErr is why the stream closed, as writes show it.
func (st *serverStream) writeErr() error {
	err := st.Err()
	var se *wire.StreamError
	switch {
	case err == nil, errors.As(err, &se):
		return errStreamClosed
	case err == errHandlerPanicked || err == errDeadline:
		return err
	}
	return errClientDisconnected
}
