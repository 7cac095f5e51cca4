package http2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
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
	cc      *ClientConn
	req     *http.Request // the program's again once RoundTrip has returned
	ctx     context.Context
	trace   *httptrace.ClientTrace // or nil
	upload  *upload                // the request's body; nil if it has none
	trailer http.Header            // the request's; its values are the program's until the body ends
	isHead  bool
	connect bool // CONNECT, of either kind
	gzip    bool // asked for by us, so decompressed by us

	// The reader goroutine's.
	gotByte           bool
	gotHead           bool
	tunnel            bool // a 2xx to CONNECT
	informationals    int  // that a hook has seen
	informationalSize int  // of the others

	// Set under the connection's lock before answered is closed, then constant.
	answered chan struct{}
	res      *http.Response // or nil
	err      error          // if res is nil

	reads   uint64 // constant once the stream is queued: the connection's ReadsLocked then
	claimed bool   // guarded by the connection's lock: somebody closes answered

	unwatch     func() bool   // guarded by the connection's lock: stops watching ctx; nil if nobody does
	gone        chan struct{} // closed when the stream is; nil if nobody waits
	continue100 chan struct{} // buffered: the server wants the body; nil if it is not asked

	sending sendState   // guarded by the connection's lock
	sender  sender      // of upload
	over    atomic.Bool // the stream is closed, and everybody has been told

	content  responseBody // behind the response's Body, if that has any
	received conn.Body    // and behind that
}

// sendState is how far a request has come.
type sendState uint8

const (
	sendingRest sendState = iota // unless its field section was all of it
	sentAll                      // END_STREAM is queued
	sendStopped                  // nobody wants the rest
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
		firstValue(req.Header, "Accept-Encoding") == "" && firstValue(req.Header, "Range") == ""
}

// firstValue is h.Get(name) for a name in its canonical form, which Get would
// look for.
func firstValue(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// roundTrip sends req with the body that u has, if it is not nil. What becomes of that
// if there is an error is the caller's to decide.
func (cc *ClientConn) roundTrip(req *http.Request, u *upload) (*http.Response, error) {
	cs := &clientStream{
		cc:       cc,
		req:      req,
		ctx:      req.Context(),
		trace:    httptrace.ContextClientTrace(req.Context()),
		connect:  req.Method == http.MethodConnect,
		upload:   u,
		trailer:  req.Trailer,
		isHead:   req.Method == http.MethodHead,
		gzip:     cc.t.gzipFor(req),
		answered: make(chan struct{}),
	}
	if cs.connect {
		cs.trailer = nil // RFC 9113 §8.5: a tunnel has none
	}
	cs.Init(cc.c, cs, &cs.received)
	if err := cs.start(bodyLength(req)); err != nil {
		cc.giveUp()
		return nil, err
	}
	cs.watch()
	if cs.upload != nil || len(cs.trailer) > 0 {
		go cs.sendRest()
	} else {
		cs.traceWritten()
	}
	return cs.await()
}

// start queues the field section of a request with a body of the given length.
func (cs *clientStream) start(length int64) error {
	cc := cs.cc
	if err := cs.awaitSettings(); err != nil {
		return err
	}
	sec, err := cs.fields(length)
	if err != nil {
		return err
	}
	if d := cc.t.expectContinueTimeout(); d > 0 && length != 0 && httpguts.HeaderValuesContainsToken(cs.req.Header["Expect"], "100-continue") {
		cs.continue100 = make(chan struct{}, 1)
	}
	if canceled(cs.req) != nil {
		cs.gone = make(chan struct{})
	}
	if err := cs.canceledErr(); err != nil {
		sec.Free()
		return err
	}
	cc.c.Lock()
	if err := cc.admit(); err != nil {
		cc.c.UnlockQuietly()
		sec.Free()
		return err
	}
	if wantsClose(cs.req) {
		cc.doNotReuse = true
	}
	cs.reads = cc.c.ReadsLocked()
	ends := cs.upload == nil && len(cs.trailer) == 0
	cc.c.Session().Open(&cs.Stream.Stream, sec, ends, -1)
	cc.c.Unlock()
	cc.noteState()
	return nil
}

// fields is the field section.
func (cs *clientStream) fields(length int64) (*session.Section, error) {
	opts := message.RequestOptions{
		Gzip:            cs.gzip,
		ContentLength:   length,
		HasBody:         length != 0,
		ExtendedConnect: cs.cc.peerExtendedConnect.Load(),
		MaxListSize:     uint64(cs.cc.peerMaxList.Load()),
		UserAgent:       defaultUserAgent,
	}
	sec := session.NewSection()
	fields, err := message.AppendRequest(sec.Fields, cs.req, opts)
	if err != nil {
		sec.Free()
		return nil, err
	}
	sec.Fields = fields
	if VerboseLogs {
		for _, f := range fields {
			cs.cc.t.vlogf("http2: Transport encoding header %q = %q", f.Name, f.Value)
		}
	}
	return sec, nil
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
	if !cs.cc.closed && !cs.cc.peerExtendedConnect.Load() {
		return errExtendedConnect
	}
	return nil
}

// canceledErr says that the request was cancelled before it was sent.
func (cs *clientStream) canceledErr() error {
	select {
	case <-canceled(cs.req):
		return errRequestCanceled
	default:
		return cs.ctx.Err()
	}
}

// watch ends the stream when its request is cancelled, however far it has come.
func (cs *clientStream) watch() {
	if cs.ctx.Done() != nil {
		stop := context.AfterFunc(cs.ctx, func() { cs.giveUp(cs.ctx.Err()) })
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
				cs.giveUp(errRequestCanceled)
			case <-cs.gone:
			}
		}()
	}
}

// canceled is the old way of cancelling a request.
func canceled(req *http.Request) <-chan struct{} {
	//lint:ignore SA1019 programs that set it expect it to work
	return req.Cancel
}

// await waits for the response.
func (cs *clientStream) await() (*http.Response, error) {
	if d := cs.cc.t.responseHeaderTimeout(); d > 0 {
		cs.awaitWithin(d)
	}
	<-cs.answered
	if cs.res == nil {
		return nil, cs.err
	}
	cs.res.Request = cs.req
	return cs.res, nil
}

// awaitWithin waits for the response, and ends the stream if it has not come
// within d of the end of the request, which may take as long as it likes.
func (cs *clientStream) awaitWithin(d time.Duration) {
	c := cs.cc.c
	c.Lock()
	cs.Wait(func() bool { return cs.LocalEnded() || cs.Closed() || cs.res != nil })
	c.UnlockQuietly()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-cs.answered:
	case <-timer.C:
		cs.giveUp(errResponseTooSlow)
	}
}

// claimAnswer reports whether the caller, who has locked the connection, is the
// one to close answered, which lets RoundTrip return.
func (cs *clientStream) claimAnswer() bool {
	first := !cs.claimed
	cs.claimed = true
	return first
}

// giveUp ends the stream because nobody waits for its response any more.
func (cs *clientStream) giveUp(err error) {
	c := cs.cc.c
	c.Lock()
	if !cs.Closed() {
		cs.cc.suspectIfSilent(cs)
	}
	c.Session().Reset(&cs.Stream.Stream, wire.Cancel, err)
	c.Unlock()
	cs.cc.noteState()
}

// abort ends the stream from our side, with an error for whoever waits.
func (cs *clientStream) abort(err error) { cs.reset(wire.Cancel, err) }

// reset is abort, with the code that the server is told.
func (cs *clientStream) reset(code wire.ErrCode, err error) {
	c := cs.cc.c
	c.Lock()
	c.Session().Reset(&cs.Stream.Stream, code, err)
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
	if cs.gone != nil {
		close(cs.gone)
	}
	if cs.res == nil && cs.err == nil {
		cs.err = err
	}
	if cs.upload != nil {
		cs.upload.halt(&cs.sender) // also where everything has been sent
	}
	if cs.claimAnswer() {
		close(cs.answered)
		cs.OutputMoved() // for awaitWithin
	}
	cs.stopLocked()
	cs.cc.c.UnlockQuietly()
	cs.over.Store(true)
}

// endErr is why the stream closed, as a program sees it.
func (cs *clientStream) endErr() error {
	err := cs.Err()
	if err == nil {
		return nil // mostly; nothing to look for in it
	}
	var se *wire.StreamError
	switch {
	case err == session.ErrGoAway:
		return cs.goAwayErr()
	case errors.As(err, &se):
		if se.Count == "reset" {
			cs.cc.t.count("recv_rststream_" + codeToken(se.Code))
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
		cs.cc.c.CatchUp()
		cs.trace.GotFirstResponseByte()
	}
	cs.gotByte = true
}

// traceWritten tells the trace when a request without a body has been written.
func (cs *clientStream) traceWritten() {
	if cs.trace == nil || (cs.trace.WroteHeaders == nil && cs.trace.WroteRequest == nil) {
		return
	}
	if cs.awaitHeadSent() {
		cs.traceWroteHeaders()
		cs.traceWroteRequest(nil)
	}
}

// awaitHeadSent waits until the field section has left; false if it never will.
func (cs *clientStream) awaitHeadSent() bool {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	cs.Wait(func() bool { return cs.HeadSent() || cs.Closed() })
	return cs.HeadSent()
}

// awaitHeadIfItLeaves waits until the field section has left, unless it waits for
// the server's limit. A body that fails at once then always shows as HEADERS and
// RST_STREAM, as upstream's does, and not only if the writer was faster.
func (cs *clientStream) awaitHeadIfItLeaves() {
	cs.cc.c.Lock()
	defer cs.cc.c.UnlockQuietly()
	cs.Wait(func() bool { return cs.HeadSent() || cs.Closed() || !cs.cc.c.Session().WaitingMayOpen() })
}

func (cs *clientStream) traceWroteHeaders() {
	if cs.trace != nil && cs.trace.WroteHeaders != nil {
		cs.trace.WroteHeaders()
	}
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
	select { // a connection that breaks with its first write is none
	case <-cc.greetingLeft:
	case <-cc.over:
		if cc.neverWorked() {
			return
		}
	case <-req.Context().Done():
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
