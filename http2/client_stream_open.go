package http2

import (
	"net/http"
	"net/http/httptrace"

	"golang.org/x/net/http/httpguts"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// wantsClose reports whether req asks for a connection that is closed after it.
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

// gzipFor reports whether to ask for gzip: not if the program has set
// Accept-Encoding, nor with Range or HEAD, where the answer would mean something
// else (golang/go#8923, golang/go#5522).
func (t *Transport) gzipFor(req *http.Request) bool {
	return !t.disableCompression() && req.Method != http.MethodHead &&
		firstValue(req.Header, "Accept-Encoding") == "" && firstValue(req.Header, "Range") == ""
}

// roundTrip sends req with the body that u has, if u is not nil. After an error the
// caller decides what becomes of u.
func (cc *ClientConn) roundTrip(req *http.Request, u *upload) (*http.Response, error) {
	cs := &clientStream{
		cc:       cc,
		req:      req,
		ctx:      req.Context(),
		trace:    httptrace.ContextClientTrace(req.Context()),
		connect:  req.Method == http.MethodConnect,
		upload:   u,
		trailer:  req.Trailer,
		declared: req.Trailer,
		isHEAD:   req.Method == http.MethodHead,
		gzip:     cc.t.gzipFor(req),
		answered: make(chan struct{}),
	}
	if u != nil {
		cs.declared = u.declared
	}
	cs.hasTrailer = len(cs.declared) > 0 && !cs.connect // RFC 9113 §8.5: a tunnel has none
	cs.Init(cc.c, cs, &cs.received)
	length := bodyLength(req)
	bodySent := false
	sec, err := cs.fields(length)
	if err == nil {
		bodySent, err = cs.start(sec, length)
	}
	if err != nil {
		cc.giveUp()
		return nil, err
	}
	if cs.tracesWriting() || cc.t.responseHeaderTimeout() > 0 {
		cs.watch() // there are other waits before that for the response
	}
	switch {
	case bodySent:
		cs.upload.stop()
	case cs.upload != nil || cs.hasTrailer:
		go cs.sendRest()
	default:
		cs.traceWritten()
	}
	return cs.await()
}

// start queues the field section of a request with a body of the given length, and
// also the body if that is there already.
func (cs *clientStream) start(sec *session.Section, length int64) (bodySent bool, err error) {
	cc := cs.cc
	if d := cc.t.expectContinueTimeout(); d > 0 && length != 0 && httpguts.HeaderValuesContainsToken(cs.req.Header["Expect"], "100-continue") {
		cs.continue100 = make(chan struct{}, 1)
	}
	if canceled(cs.req) != nil {
		cs.gone = make(chan struct{})
	}
	if err := cs.canceledErr(); err != nil {
		sec.Free()
		return false, err
	}
	var peeked *session.Buffer
	if cs.sendsReady() {
		peeked = cs.upload.peek()
	}
	size := peeked.Len()
	cc.c.Lock()
	if err := cc.admitLocked(); err != nil {
		cc.c.Unlock()
		sec.Free()
		peeked.Free()
		return false, err
	}
	if wantsClose(cs.req) {
		cc.life.drain(drainDoNotReuse)
	}
	cs.reads = cc.c.ReadsLocked()
	ends := cs.upload == nil && !cs.hasTrailer
	cs.OpenLocked(sec, ends)
	bodySent = cs.sendReadyLocked(peeked)
	cc.c.UnlockAndWake()
	cc.noteState()
	if peeked != nil {
		if err := cs.upload.readPeeked(&cs.sender, size); err != nil {
			cs.giveUp(err)
		}
	}
	return bodySent, nil
}

// fields is the field section.
func (cs *clientStream) fields(length int64) (*session.Section, error) {
	if err := cs.awaitSettings(); err != nil {
		return nil, err
	}
	sec := session.NewSection()
	fields, err := message.AppendRequest(sec.Fields, cs.req, message.RequestOptions{
		Gzip:            cs.gzip,
		ContentLength:   length,
		HasBody:         length != 0,
		ExtendedConnect: cs.cc.peerExtendedConnect.Load(),
		MaxListSize:     uint64(cs.cc.peerMaxList.Load()),
		UserAgent:       defaultUserAgent,
		Trailer:         cs.declared,
	})
	if err != nil {
		sec.Free()
		return nil, err
	}
	sec.Fields = fields
	if VerboseLogs {
		cs.cc.t.logFields(fields)
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
	case <-cs.cc.gotSettings:
	case <-cs.ctx.Done():
		return cs.ctx.Err()
	case <-canceled(cs.req):
		return errRequestCanceled
	}
	cs.Lock()
	defer cs.Unlock()
	if !cs.cc.life.closed() && !cs.cc.peerExtendedConnect.Load() {
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
