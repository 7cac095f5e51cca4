package http2

import (
	"net/http"
	"net/http/httptrace"
	"time"
)

func (cs *clientStream) traceFirstByte() {
	if !cs.gotByte && cs.trace != nil && cs.trace.GotFirstResponseByte != nil {
		cs.cc.c.CatchUp()
		cs.trace.GotFirstResponseByte()
	}
	cs.gotByte = true
}

// tracesWriting reports whether a hook wants to know when something has been
// written.
func (cs *clientStream) tracesWriting() bool {
	return cs.trace != nil && (cs.trace.WroteHeaders != nil || cs.trace.WroteRequest != nil)
}

// traceWritten tells the trace when a request without a body has been written.
func (cs *clientStream) traceWritten() {
	if !cs.tracesWriting() {
		return
	}
	if cs.awaitHeaderSent() {
		cs.traceWroteHeaders()
		cs.traceWroteRequest(nil)
	}
}

// awaitHeaderSent waits until the field section has been sent. It reports false if
// it never will be.
func (cs *clientStream) awaitHeaderSent() bool {
	cs.Lock()
	defer cs.Unlock()
	cs.WaitLocked(func() bool { return cs.HeaderSentLocked() || cs.ClosedLocked() })
	return cs.HeaderSentLocked()
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
	select { // a connection that breaks with its first write is not reported
	case <-cc.greetingSent:
	case <-cc.ended:
		if cc.neverWorked() {
			return
		}
	case <-req.Context().Done():
	}
	info := httptrace.GotConnInfo{Conn: cc.nc, Reused: reused}
	cc.c.Lock()
	info.WasIdle = reused && cc.c.OpenStreamsLocked() == 0
	if info.WasIdle && !cc.lastActive.IsZero() {
		info.IdleTime = time.Since(cc.lastActive)
	}
	cc.c.Unlock()
	t.GotConn(info)
}
