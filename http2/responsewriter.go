package http2

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// phase is how far a response has come. What it looks like on the wire is
// decided by the way through this diagram, that is by what the handler did, and
// not by when the writer got to run:
//
//	        WriteHeader, Write,        more bytes than fit the buffer,
//	,------, Flush, the end ,--------, a Flush of bytes, or the end --> ,----------,
//	| open | -------------> | sealed |                                  | released |
//	'------'                '--------' -- Flush: bodiless, announced -> '----------'
//	                             |                                        ^     |
//	                             | Flush: Trailers-Only, open             |     |
//	                             v                                        |     |
//	                         ,------, a body byte, the end, an abort,     |     |
//	                         | held | reading the request would block; ---'     |
//	                         '------' and, if open, 1 ms is over                |
//	                                                                            v
//	                                             the end, or bodiless: ,----------,
//	                                                                   | finished |
//	                                                                   '----------'
//
// A handler that panics finishes its response from anywhere, with RST_STREAM.
//
//   - sealed: the fields have been snapshotted.
//   - held: flushed, and nothing of it is on the wire. The end makes of it what
//     it would have been without the Flush.
//   - released: the field section has been handed to the connection's writer.
//   - finished: END_STREAM belongs on the last frame that has not left.
type phase uint8

const (
	phaseOpen phase = iota
	phaseSealed
	phaseHeld // or released since, by something else than the handler: see hold
	phaseReleased
	phaseFinished
)

// flushClass is what a Flush before the first body byte means.
type flushClass uint8

const (
	flushBodiless     flushClass = iota // ended by its field section
	flushAnnounced                      // somebody waits for it, and more is sure to come
	flushTrailersOnly                   // of no use to the client before END_STREAM
	flushOpen                           // may go either way
)

// responseWriter is a handler's http.ResponseWriter. Its methods may be called
// concurrently with Flush, as httputil.ReverseProxy does.
type responseWriter struct {
	st *serverStream

	// mu is held by whoever changes the response. A Write that waits for the
	// client holds it; so what must get through to the stream meanwhile, a
	// deadline or a hold that expires, needs only the connection's lock, which
	// comes after this one.
	mu     sync.Mutex
	phase  phase            // guarded by mu
	closed bool             // guarded by mu: the handler is done
	header http.Header      // the handler's goroutine's; set under mu
	sec    *session.Section // guarded by mu: the sealed fields, until they are held or released
	info   message.ResponseInfo
	status int
	body   *session.Buffer  // guarded by mu: written and not sent, or nil
	wrote  int64            // guarded by mu: bytes the handler wrote
	grpc   *session.Section // guarded by mu: see repeatGRPC

	// Guarded by the connection's lock.
	hold   hold
	notify chan bool // for CloseNotify
}

var (
	_ http.Flusher = (*responseWriter)(nil)
	_ http.Pusher  = (*responseWriter)(nil)
)

var (
	errTooMuchBody  = errors.New("http2: handler wrote more than declared Content-Length")
	errAfterHandler = errors.New("http2: ResponseWriter used after Handler finished")
)

func (w *responseWriter) init(st *serverStream) { w.st = st }

// Header returns the fields that the handler sets.
func (w *responseWriter) Header() http.Header {
	if w.header == nil {
		w.mu.Lock() // the handler may have returned
		w.header = make(http.Header)
		w.mu.Unlock()
	}
	return w.header
}

// WriteHeader seals the fields, or sends an informational response.
func (w *responseWriter) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase != phaseOpen || w.closed {
		return
	}
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if status < 200 {
		w.inform(status)
		return
	}
	w.seal(status)
}

// inform sends a 1xx response at once: it is never held. A handler that sends many
// waits for a client that reads none.
func (w *responseWriter) inform(status int) {
	sec := session.NewSection()
	sec.Fields = message.AppendInformational(sec.Fields, status, w.header)
	c := w.st.sc.c
	c.Lock()
	c.Session().SendInfo(&w.st.Stream.Stream, sec)
	w.awaitRoom()
	c.Unlock()
}

// seal snapshots the fields: open → sealed.
func (w *responseWriter) seal(status int) {
	w.phase = phaseSealed
	w.status = status
	w.sec = session.NewSection()
	w.sec.Fields = message.AppendResponse(w.sec.Fields, status, w.header, &w.info)
	if d := w.info.Declared; d != nil {
		for _, k := range d.Invalid {
			w.st.sc.logf("ignoring invalid trailer %q", k)
		}
	}
	if w.info.ConnectionClose {
		w.st.sc.drain()
	}
}

func (w *responseWriter) isHead() bool { return w.st.req.Method == http.MethodHead }

// isTunnel reports whether the response made the stream a tunnel (RFC 9113 §8.5).
func (w *responseWriter) isTunnel() bool { return w.st.connect && w.status/100 == 2 }

// hasBody reports whether the response may have content.
func (w *responseWriter) hasBody() bool { return !w.isHead() && message.BodyAllowed(w.status) }

// class is what a Flush before the first body byte means: the first that fits.
func (w *responseWriter) class() flushClass {
	switch {
	case !w.hasBody():
		return flushBodiless
	case w.st.req.Method == http.MethodConnect,
		len(w.info.Trailers()) > 0,
		w.info.ContentLength > 0,
		w.info.GRPCContentType && !w.info.GRPCStatus:
		return flushAnnounced
	case w.info.GRPCStatus:
		return flushTrailersOnly
	}
	return flushOpen
}

// Flush is FlushError.
func (w *responseWriter) Flush() { w.FlushError() }

// FlushError sends what has been written so far, or holds it: see phase. It does
// not wait until it has left, but while the stream has too much waiting: see
// maxStreamOutput. Its error says that the stream is dead.
func (w *responseWriter) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errAfterHandler // a proxy's timer may come late
	}
	if w.phase == phaseOpen {
		w.seal(http.StatusOK)
	}
	c := w.st.sc.c
	c.Lock()
	defer c.Unlock()
	if w.st.Over() && (w.phase != phaseFinished || w.st.Err() != nil) {
		return w.st.writeErr()
	}
	switch {
	case w.body != nil && w.hasBody():
		w.sendBody()
		return w.awaitRoom()
	case w.phase == phaseSealed:
		w.flushHead()
	}
	return nil
}

// flushHead is a Flush before the first body byte: sealed → held or released.
// The connection is locked.
func (w *responseWriter) flushHead() {
	class := w.class()
	switch {
	case class == flushBodiless:
		w.release(w.written())
		w.phase = phaseFinished
		w.st.sc.c.Session().SendEnd(&w.st.Stream.Stream, nil)
	case class == flushAnnounced || holding.off:
		w.release(nil)
	default:
		w.phase = phaseHeld
		w.keepGRPC()
		w.hold = hold{sec: w.sec, dated: w.info.HasDate}
		w.sec = nil
		if class == flushOpen {
			w.st.sc.holds.add(w.st)
		}
	}
}

// endHold releases a response that is held, because the handler is about to wait
// for the client, which may be waiting for it. A Read that was waiting already
// when the Flush came does not end the hold: a proxy reads all the time, and its
// Trailers-Only responses are to stay in one frame.
func (w *responseWriter) endHold() {
	c := w.st.sc.c
	c.Lock()
	w.releaseHeld()
	c.Unlock()
}

// releaseHeld releases what is held, if anything is. The connection is locked.
func (w *responseWriter) releaseHeld() {
	if sec := w.hold.take(); sec != nil {
		w.queueHead(sec)
	}
}

// release hands the field section to the connection's writer: sealed or held →
// released. If it is only sealed, body is the first bytes of what follows. The
// connection is locked.
func (w *responseWriter) release(body []byte) {
	if w.phase == phaseSealed {
		w.keepGRPC()
		w.addContentType(body)
		w.addDate()
		w.queueHead(w.sec)
		w.sec = nil
	} else {
		w.releaseHeld()
	}
	w.phase = phaseReleased
}

func (w *responseWriter) queueHead(sec *session.Section) {
	w.hold.released = true
	w.st.sc.c.Session().SendHead(&w.st.Stream.Stream, sec)
}

// keepGRPC keeps a copy of the grpc-* fields of a response that may be released
// before its end: if nothing follows, they are repeated, because a gRPC client
// takes no DATA frame after grpc-status, not even an empty one.
func (w *responseWriter) keepGRPC() {
	if w.info.GRPCStatus && w.grpc == nil && w.hasBody() && !w.isTunnel() {
		w.grpc = session.NewSection()
		w.grpc.Fields = message.AppendGRPC(w.grpc.Fields, w.sec.Fields)
	}
}

func (w *responseWriter) addField(sec *session.Section, name, value string) {
	sec.Fields = append(sec.Fields, field(name, value))
}

func (w *responseWriter) addDate() {
	if !w.info.HasDate {
		w.addField(w.sec, "date", dateField())
		w.info.HasDate = true
	}
}

// addContentType adds what the first bytes of the body look like, unless the
// handler has said, or it was called before. That takes its time, so it is best
// done before the connection is locked.
func (w *responseWriter) addContentType(body []byte) {
	if !w.info.HasContentType && !w.info.HasContentEncoding && message.BodyAllowed(w.status) && len(body) > 0 {
		w.addField(w.sec, "content-type", http.DetectContentType(body))
		w.info.HasContentType = true
	}
}

func (w *responseWriter) addContentLength(sec *session.Section, n int) {
	if !w.info.HasContentLength && message.BodyAllowed(w.status) {
		w.addField(sec, "content-length", strconv.Itoa(n))
		w.info.HasContentLength = true
	}
}

// finish is the end of the handler: → finished.
func (w *responseWriter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.phase == phaseOpen {
		w.seal(http.StatusOK)
	}
	var trailers *session.Section
	if w.phase != phaseFinished && w.hasBody() && !w.isTunnel() {
		trailers = w.trailers()
	}
	if w.phase == phaseSealed {
		w.completeHead(trailers) // before the connection is locked
	}
	c := w.st.sc.c
	c.Lock()
	if w.phase != phaseFinished {
		w.end(trailers)
	}
	if w.st.malformed {
		c.Session().ResetWhenSent(&w.st.Stream.Stream, protocolError, errStreamClosed)
	}
	c.Session().Done(&w.st.Stream.Stream)
	c.UnlockQuietly() // the worker writes
	w.freeBody()
}

// trailers is the trailer section, or nil if it would be empty.
func (w *responseWriter) trailers() *session.Section {
	if len(w.header) == 0 {
		return nil
	}
	sec := session.NewSection()
	sec.Fields = message.AppendTrailers(sec.Fields, w.header, w.info.Trailers())
	if len(sec.Fields) == 0 {
		sec.Free()
		return nil
	}
	return sec
}

// end ends the response, with trailers if they are not nil. The connection is
// locked.
func (w *responseWriter) end(trailers *session.Section) {
	sess, st := w.st.sc.c.Session(), &w.st.Stream.Stream
	switch {
	case w.phase == phaseSealed:
		w.endSealed(trailers)
	case w.phase == phaseHeld && w.hold.sec != nil:
		if trailers == nil {
			w.addContentLength(w.hold.sec, 0)
		}
		w.releaseHeld()
	default:
		if w.body != nil {
			w.sendBody()
		}
		if trailers == nil {
			trailers = w.repeatGRPC()
		}
	}
	w.phase = phaseFinished
	if w.st.malformed {
		return // ended by a reset
	}
	sess.SendEnd(st, trailers)
}

// completeHead adds the automatic fields of a response of which nothing has been
// flushed and nothing follows but trailers, unless it was called before.
func (w *responseWriter) completeHead(trailers *session.Section) {
	body := w.written()
	w.addContentType(body)
	if n := len(body); n > 0 || (!w.isHead() && trailers == nil) {
		if w.wrote == int64(n) {
			w.addContentLength(w.sec, n)
		}
	}
	w.addDate()
}

// endSealed ends a response of which nothing has been flushed.
func (w *responseWriter) endSealed(trailers *session.Section) {
	w.completeHead(trailers)
	w.queueHead(w.sec)
	w.sec = nil
	w.phase = phaseReleased
	if w.body != nil && w.hasBody() {
		w.sendBody()
	}
}

// repeatGRPC is the trailer section of a response that had grpc-status in its
// first one, was released before its end and ends with neither body nor
// trailers; nil for any other, and if END_STREAM can still go on the first.
func (w *responseWriter) repeatGRPC() *session.Section {
	if w.grpc == nil || w.wrote > 0 || !w.st.HeadSent() {
		return nil
	}
	sec := w.grpc
	w.grpc = nil
	return sec
}

// written is what has been written and not sent.
func (w *responseWriter) written() []byte {
	if w.body == nil {
		return nil
	}
	return w.body.B
}

// sendBody queues what has been written, and the field section if that is still
// here. The connection is locked.
func (w *responseWriter) sendBody() {
	if w.phase == phaseSealed || w.phase == phaseHeld {
		w.release(w.written())
	}
	w.st.sc.c.Session().SendBuffer(&w.st.Stream.Stream, w.body)
	w.body = nil
}

// close is the end of a handler that panicked.
func (w *responseWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.phase = phaseFinished
	w.freeBody()
}

// freeBody gives back what will not be sent.
func (w *responseWriter) freeBody() {
	if w.body != nil {
		w.body.Free()
		w.body = nil
	}
	if w.grpc != nil {
		w.grpc.Free()
		w.grpc = nil
	}
	if w.sec != nil {
		w.sec.Free()
		w.sec = nil
	}
}

// SetReadDeadline implements what http.ResponseController looks for.
func (w *responseWriter) SetReadDeadline(deadline time.Time) error {
	w.st.setDeadline(&w.st.readTimer, deadline, w.st.readTimeout)
	return nil
}

// SetWriteDeadline implements what http.ResponseController looks for.
func (w *responseWriter) SetWriteDeadline(deadline time.Time) error {
	w.st.setDeadline(&w.st.writeTimer, deadline, w.st.writeTimeout)
	return nil
}

// EnableFullDuplex implements what http.ResponseController looks for. HTTP/2 is
// always full duplex.
func (w *responseWriter) EnableFullDuplex() error { return nil }

// CloseNotify returns a channel that gets a value when the stream closes.
//
// Deprecated: Use the request's context instead.
func (w *responseWriter) CloseNotify() <-chan bool {
	c := w.st.sc.c
	c.Lock()
	defer c.UnlockQuietly()
	if w.notify == nil {
		w.notify = make(chan bool, 1)
		if w.st.Closed() {
			w.notify <- true
		}
	}
	return w.notify
}

// notifyClosed is told, once, that the stream has closed. From then on
// CloseNotify does this itself, so notify does not change any more.
func (w *responseWriter) notifyClosed() {
	if w.notify != nil {
		w.notify <- true
	}
}
