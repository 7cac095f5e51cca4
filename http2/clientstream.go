package http2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// clientStream is a request and its response. RoundTrip's goroutine sends the
// field section and waits for the answer, which the connection's reader brings;
// only a body needs a goroutine of its own.
type clientStream struct {
	conn.Stream

	// Constant.
	cc     *ClientConn
	req    *http.Request // not to be looked at once RoundTrip has returned and the body is closed
	ctx    context.Context
	trace  *httptrace.ClientTrace // or nil
	isHead bool
	gzip   bool // asked for by us, so decompressed by us

	// The reader goroutine's.
	gotByte           bool
	gotHead           bool
	informationalSize int

	// Set under the connection's lock before answered is closed, then constant.
	answered chan struct{}
	res      *http.Response // or nil
	err      error          // if res is nil

	headerTimer *time.Timer   // guarded by the connection's lock; nil unless the header is waited for
	unwatch     func() bool   // guarded by it too: stops watching ctx; nil if nobody does
	continue100 chan struct{} // buffered: the server wants the body; nil if it is not asked

	sending struct {
		stopped bool // guarded by the connection's lock: the rest of the body is not wanted
		closing sync.Once
		closed  chan struct{} // closed when the request's body is; nil if it has none
	}
}

var (
	errRequestCanceled    = errors.New("net/http: request canceled")
	errExtendedConnect    = errors.New("net/http: extended connect not supported by peer")
	errResponseBodyClosed = errors.New("http2: response body closed")
	errRequestBodyTooLong = errors.New("http2: request body larger than specified content length")
	errResponseTooSlow    = error(timeoutError{})
)

// timeoutError is what net/http says when the response's header takes too long.
type timeoutError struct{}

func (timeoutError) Error() string   { return "http2: timeout awaiting response headers" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// wantsClose reports whether req wants a connection of its own, for once.
func wantsClose(req *http.Request) bool {
	return req.Close || httpguts.HeaderValuesContainsToken(req.Header["Connection"], "close")
}

// bodyLength is the length of a request's body: -1 if unknown.
func bodyLength(req *http.Request) int64 {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return 0
	case req.ContentLength != 0:
		return req.ContentLength
	}
	return -1
}

// gzipFor reports whether to ask for gzip: not if the program has an opinion, nor
// where it would not do what is meant (golang/go#8923, golang/go#5522).
func (t *Transport) gzipFor(req *http.Request) bool {
	return !t.disableCompression() && req.Method != http.MethodHead &&
		req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == ""
}

func (cc *ClientConn) roundTrip(req *http.Request) (*http.Response, error) {
	cs := &clientStream{
		cc:       cc,
		req:      req,
		ctx:      req.Context(),
		trace:    httptrace.ContextClientTrace(req.Context()),
		isHead:   req.Method == http.MethodHead,
		gzip:     cc.t.gzipFor(req),
		answered: make(chan struct{}),
	}
	cs.Init(cc.c, cs)
	if bodyLength(req) != 0 {
		cs.sending.closed = make(chan struct{})
	}
	if err := cs.start(); err != nil {
		if err != errClientConnUnusable { // which leaves the body for another connection
			cs.closeRequestBody()
		}
		return nil, err
	}
	return cs.await()
}

// start sends the field section, and gets the body under way.
func (cs *clientStream) start() error {
	cc, length := cs.cc, bodyLength(cs.req)
	if err := cs.awaitSettings(); err != nil {
		cc.release()
		return err
	}
	cc.c.Lock()
	opts := message.RequestOptions{
		Gzip:            cs.gzip,
		ContentLength:   length,
		HasBody:         length != 0,
		ExtendedConnect: cc.c.Session().PeerExtendedConnect(),
		MaxListSize:     uint64(cc.c.Session().PeerMaxHeaderListSize()),
		UserAgent:       defaultUserAgent,
	}
	cc.c.UnlockQuietly()
	sec := session.NewSection()
	fields, err := message.AppendRequest(sec.Fields, cs.req, opts)
	if err != nil {
		sec.Free()
		cc.release()
		return err
	}
	sec.Fields = fields
	if VerboseLogs {
		for _, f := range fields {
			cc.t.vlogf("http2: Transport encoding header %q = %q", f.Name, f.Value)
		}
	}
	if d := cc.t.expectContinueTimeout(); d > 0 && length != 0 && httpguts.HeaderValuesContainsToken(cs.req.Header["Expect"], "100-continue") {
		cs.continue100 = make(chan struct{}, 1)
	}

	ends := length == 0 && len(cs.req.Trailer) == 0
	cc.c.Lock()
	if err := cc.admit(); err != nil {
		cc.c.UnlockQuietly()
		sec.Free()
		return err
	}
	if wantsClose(cs.req) {
		cc.doNotReuse = true
	}
	cc.c.Session().Open(&cs.Stream.Stream, sec, ends, -1)
	cc.c.Unlock()
	cc.noteState()
	cs.watch()
	if !ends {
		go cs.sendRest(length)
	} else {
		cs.written()
		cs.traceWritten()
	}
	return nil
}

// awaitSettings waits for the server's SETTINGS, if the request depends on them
// (RFC 8441 §3).
func (cs *clientStream) awaitSettings() error {
	if cs.req.Method != http.MethodConnect || len(cs.req.Header[":protocol"]) == 0 {
		return nil
	}
	select {
	case <-cs.cc.settled:
	case <-cs.ctx.Done():
		return cs.ctx.Err()
	case <-canceled(cs.req):
		return errRequestCanceled
	}
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	if !cs.cc.closed && !cs.cc.c.Session().PeerExtendedConnect() {
		return errExtendedConnect
	}
	return nil
}

// watch ends the stream when its request is cancelled, however far it has come.
func (cs *clientStream) watch() {
	if cs.ctx.Done() != nil {
		stop := context.AfterFunc(cs.ctx, func() { cs.abort(cs.ctx.Err()) })
		cs.cc.c.Lock()
		cs.unwatch = stop
		closed := cs.Closed()
		cs.cc.c.UnlockQuietly()
		if closed {
			stop()
		}
	}
	if cancel := canceled(cs.req); cancel != nil {
		go func() {
			select {
			case <-cancel:
				cs.abort(errRequestCanceled)
			case <-cs.cc.over:
			case <-cs.done():
			}
		}()
	}
}

// canceled is the old way of cancelling a request.
func canceled(req *http.Request) <-chan struct{} {
	//lint:ignore SA1019 programs that set it expect it to work
	return req.Cancel
}

// done returns a channel that is closed when the stream is.
func (cs *clientStream) done() <-chan struct{} {
	ch := make(chan struct{})
	go func() {
		cs.cc.c.Lock()
		cs.Wait(cs.Closed)
		cs.cc.c.UnlockQuietly()
		close(ch)
	}()
	return ch
}

// await waits for the response.
func (cs *clientStream) await() (*http.Response, error) {
	<-cs.answered
	if cs.res == nil {
		if cs.sending.closed != nil {
			<-cs.sending.closed // callers look at their body next (golang/go#60041)
		}
		return nil, cs.err
	}
	cs.res.Request = cs.req
	return cs.res, nil
}

// answerLocked lets RoundTrip return. The connection is locked.
func (cs *clientStream) answerLocked() {
	select {
	case <-cs.answered:
		return
	default:
	}
	close(cs.answered)
	if cs.headerTimer != nil {
		cs.headerTimer.Stop()
	}
}

// written is told that the whole request has been handed to the connection: from
// now on the response's header is waited for, for as long as net/http says.
func (cs *clientStream) written() {
	d := cs.cc.t.responseHeaderTimeout()
	if d <= 0 {
		return
	}
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	select {
	case <-cs.answered:
	default:
		cs.headerTimer = time.AfterFunc(d, func() { cs.abort(errResponseTooSlow) })
	}
}

// abort ends the stream from our side, with an error for whoever waits.
func (cs *clientStream) abort(err error) {
	c := cs.cc.c
	c.Lock()
	sess := c.Session()
	if !cs.Closed() {
		sent := cs.ID() != 0
		if cc := cs.cc; sent && !sess.Heard(&cs.Stream.Stream) && !cc.singleUse && !cc.doNotReuse && cc.goAwayErr == nil && !cc.t.disableKeepAlives() {
			cc.resets.add(sess)
		}
		sess.Reset(&cs.Stream.Stream, wire.Cancel, err)
	}
	c.Unlock()
}

// closedByEngine is told, once, that the stream has closed.
func (cs *clientStream) closedByEngine() {
	err := cs.endErr()
	if err == nil {
		cs.Body.End(io.EOF, nil)
	} else {
		cs.Body.End(err, nil)
	}
	cs.cc.c.Lock()
	if cs.unwatch != nil {
		cs.unwatch()
	}
	if cs.res == nil && cs.err == nil {
		cs.err = err
	}
	cs.answerLocked()
	cs.stopBodyLocked()
	cs.cc.c.UnlockQuietly()
}

// endErr is why the stream closed, as a program sees it.
func (cs *clientStream) endErr() error {
	err := cs.Err()
	var se *wire.StreamError
	switch {
	case err == session.ErrGoAway:
		return cs.goAwayErr()
	case errors.As(err, &se):
		if se.Count == "reset" {
			cs.cc.t.count("recv_rststream_" + ErrCode(se.Code).String())
			if se.Code == wire.ProtocolError {
				cs.cc.SetDoNotReuse() // it may be us whom it cannot stand
			}
		}
		return publicStreamError(se)
	}
	return publicError(err)
}

// goAwayErr is the end of a stream that the server says it has not processed.
// Another connection may do better, unless this was the first stream on this one
// and the server ended it for an error: then it will not.
func (cs *clientStream) goAwayErr() error {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	if e := cs.cc.goAwayErr; cs.ID() == 1 && e != nil && e.ErrCode != ErrCodeNo {
		return fmt.Errorf("http2: Transport received GOAWAY from server ErrCode:%v", e.ErrCode)
	}
	return errClientConnGotGoAway
}

func (cs *clientStream) traceFirstByte() {
	if !cs.gotByte && cs.trace != nil && cs.trace.GotFirstResponseByte != nil {
		cs.trace.GotFirstResponseByte()
	}
	cs.gotByte = true
}

// traceWritten tells the trace when a request without a body has been written.
func (cs *clientStream) traceWritten() {
	if cs.trace == nil || (cs.trace.WroteHeaders == nil && cs.trace.WroteRequest == nil) {
		return
	}
	if cs.awaitHeadSent() && cs.trace.WroteHeaders != nil {
		cs.trace.WroteHeaders()
	}
	cs.traceWroteRequest(nil)
}

// awaitHeadSent waits until the field section has left; false if it never will.
func (cs *clientStream) awaitHeadSent() bool {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	cs.Wait(func() bool { return cs.HeadSent() || cs.Closed() })
	return cs.HeadSent()
}

func (cs *clientStream) traceWroteRequest(err error) {
	if cs.trace != nil && cs.trace.WroteRequest != nil {
		cs.trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
}

func traceGetConn(req *http.Request, addr string) {
	if t := httptrace.ContextClientTrace(req.Context()); t != nil && t.GetConn != nil {
		t.GetConn(addr)
	}
}

func traceGotConn(req *http.Request, cc *ClientConn, reused bool) {
	t := httptrace.ContextClientTrace(req.Context())
	if t == nil || t.GotConn == nil {
		return
	}
	info := httptrace.GotConnInfo{Conn: cc.nc, Reused: reused}
	cc.c.Lock()
	info.WasIdle = reused && cc.c.Session().OpenStreams() == 0
	if info.WasIdle && !cc.lastActive.IsZero() {
		info.IdleTime = time.Since(cc.lastActive)
	}
	cc.c.UnlockQuietly()
	t.GotConn(info)
}

// equalFold is for tokens, which are ASCII.
func equalFold(a, b string) bool { return isASCII(a) && strings.EqualFold(a, b) }
