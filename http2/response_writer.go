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

// responseWriter is a handler's http.ResponseWriter. Its methods may be called
// concurrently with Flush, as httputil.ReverseProxy does.
type responseWriter struct {
	st     *serverStream // see tenure
	tenure tenure

	framing framing // guarded by framingMu

	// mu is held by the methods that handlers call. A Write that waits for the client
	// holds it. So a deadline and a Read that ends a hold, which must not wait for
	// such a Write, take only the connection's lock, which is locked after this one.
	mu sync.Mutex

	// framingMu is locked after all other locks. A function that moves the response on
	// holds mu, the connection's lock or both. One that puts something on the wire
	// keeps the connection locked from the event to the end of its action.
	framingMu sync.Mutex

	closed bool             // guarded by mu: the handler has returned
	dated  bool             // the handler has set the Date of what is held; guarded by the connection's lock
	status int16            // guarded by mu: 0 until the fields are sealed
	header http.Header      // the handler's goroutine's; set under mu
	sec    *session.Section // guarded by mu: the sealed fields, until they are held or released
	info   message.ResponseInfo
	body   *session.Buffer // guarded by mu: written and not sent, or nil
	wrote  int64           // guarded by mu: bytes the handler wrote

	// Guarded by the connection's lock.
	held *session.Section // a field section that is held back; nil: none is
	grpc *session.Section // see keepGRPC
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
	if w.sealed() || w.closed {
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
	w.st.Lock()
	w.st.SendInfoLocked(sec)
	w.awaitOutputLocked()
	w.st.UnlockAndWake()
}

func (w *responseWriter) sealed() bool { return w.status != 0 }

// seal snapshots the fields.
func (w *responseWriter) seal(status int) {
	w.status = int16(status)
	w.sec = session.NewSection()
	w.sec.Fields = message.AppendResponse(w.sec.Fields, status, w.header, &w.info)
	if d := w.info.Declared; d != nil {
		for _, k := range d.Invalid {
			w.st.sc.logf("ignoring invalid trailer %q", k)
		}
	}
	w.framingMu.Lock()
	w.framing.seal(w.sealedFields(), !holdsOff)
	w.framingMu.Unlock()
	if w.info.ConnectionClose {
		w.st.sc.drain()
	}
}

func (w *responseWriter) sealedFields() sealedFields {
	return sealedFields{
		hasBody:         w.hasBody(),
		connect:         w.st.req.Method == http.MethodConnect,
		tunnel:          w.isTunnel(),
		declared:        len(w.info.Trailers()) > 0,
		contentLength:   w.info.ContentLength,
		grpcContentType: w.info.GRPCContentType,
		grpcStatus:      w.info.GRPCStatus,
	}
}

func (w *responseWriter) isHEAD() bool { return w.st.req.Method == http.MethodHead }

// isTunnel reports whether the response made the stream a tunnel (RFC 9113 §8.5).
func (w *responseWriter) isTunnel() bool { return w.st.connect && w.status/100 == 2 }

// hasBody reports whether the response may have content.
func (w *responseWriter) hasBody() bool { return !w.isHEAD() && message.BodyAllowed(int(w.status)) }

// Flush is FlushError.
func (w *responseWriter) Flush() { w.FlushError() }

// FlushError sends what has been written so far, or holds it: see framing. It does
// not wait until it has been sent, only while the stream has too much output
// waiting: see maxStreamOutput. An error says that the stream has ended.
func (w *responseWriter) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errAfterHandler // a proxy's timer may come late
	}
	if !w.sealed() {
		w.seal(http.StatusOK)
	}
	w.st.Lock()
	defer w.st.UnlockAndWake()
	if w.st.ClosingLocked() && (w.st.Err() != nil || w.phase() != phaseFinished) {
		return w.st.writeErr()
	}
	if w.body == nil {
		w.happensLocked(eventFlush)
		w.st.GatherLocked()
		return nil
	}
	w.happensLocked(eventBody)
	w.st.GatherLocked()
	return w.awaitOutputLocked()
}

func (w *responseWriter) phase() phase {
	w.framingMu.Lock()
	defer w.framingMu.Unlock()
	return w.framing.phase
}

// next asks the framing contract what is to be done about e.
func (w *responseWriter) next(e event) action {
	w.framingMu.Lock()
	defer w.framingMu.Unlock()
	return w.framing.next(e)
}

// happensLocked does what is to be done about e, for all events but the return of
// the handler.
func (w *responseWriter) happensLocked(e event) { w.doLocked(w.next(e), nil) }

// doLocked carries out an action; trailers may be nil. The caller holds mu too,
// except for an event that can only end a hold.
func (w *responseWriter) doLocked(a action, trailers *session.Section) {
	if a&holdHeader != 0 {
		w.held, w.dated = w.sec, w.info.HasDate
		w.sec = nil
	}
	if a&sendHeader != 0 {
		w.sendHeaderLocked(a, trailers)
	}
	if a&sendBody != 0 {
		w.sendBodyLocked()
	}
	if a&repeatGRPC != 0 {
		trailers, w.grpc = w.grpc, nil
	}
	if a&sendEnd != 0 && !w.st.malformed { // a malformed request's stream is ended by a reset
		w.st.SendEndLocked(trailers)
	}
}

// sendHeaderLocked hands the field section, sealed or held, to the connection's
// writer. A held one gets its Date now, as it would have without the Flush.
func (w *responseWriter) sendHeaderLocked(a action, trailers *session.Section) {
	sec := w.held
	switch {
	case sec == nil:
		w.completeHeader(a, trailers)
		sec, w.sec = w.sec, nil
	default:
		if a&tellSize != 0 {
			w.addContentLength(sec, 0)
		}
		if !w.dated {
			sec.Fields = append(sec.Fields, field("date", dateField()))
		}
		w.held = nil
	}
	if a&keepGRPC != 0 {
		w.grpc = session.NewSection()
		w.grpc.Fields = message.AppendGRPC(w.grpc.Fields, sec.Fields)
	}
	if a&commit != 0 {
		w.st.CommitHeaderLocked(sec)
	} else {
		w.st.SendHeaderLocked(sec)
	}
}

// endHold releases a held response, because the handler is about to wait for the
// client, which may be waiting for the response. A Read that was waiting already
// when the Flush came does not end the hold: a proxy reads all the time, and its
// Trailers-Only responses must stay in one frame.
func (w *responseWriter) endHold() {
	w.st.Lock()
	w.happensLocked(eventWait)
	w.st.UnlockAndWake()
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

// addContentType adds the content-type that the first bytes of the body look like,
// unless the handler has set one, or it was called before. That takes time, so it
// is best done before the connection is locked.
func (w *responseWriter) addContentType(body []byte) {
	if !w.info.HasContentType && !w.info.HasContentEncoding && message.BodyAllowed(int(w.status)) && len(body) > 0 {
		w.addField(w.sec, "content-type", detectContentType(body))
		w.info.HasContentType = true
	}
}

func (w *responseWriter) addContentLength(sec *session.Section, n int) {
	if !w.info.HasContentLength && message.BodyAllowed(int(w.status)) {
		w.addField(sec, "content-length", strconv.Itoa(n))
		w.info.HasContentLength = true
	}
}

// finish is the return of the handler.
func (w *responseWriter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if !w.sealed() {
		w.seal(http.StatusOK)
	}
	e := eventReturn
	var trailers *session.Section
	if w.hasBody() && !w.isTunnel() {
		trailers = w.trailers()
	}
	if trailers != nil {
		e = eventTrailers
	}
	if w.sec != nil { // before the connection is locked
		w.completeHeader(tellSize, trailers)
	}
	w.st.Lock()
	w.doLocked(w.next(e), trailers)
	if w.st.malformed {
		w.st.ResetWhenSentLocked(protocolError, errStreamClosed)
	}
	w.st.DoneLocked()
	w.freeUnsentLocked()
	w.st.Unlock() // the worker writes
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

// completeHeader adds the automatic fields of a response of which nothing has been
// flushed, unless it was called before. If a has tellSize, only trailers follow
// what has been written.
func (w *responseWriter) completeHeader(a action, trailers *session.Section) {
	body := w.written()
	w.addContentType(body)
	if n := len(body); a&tellSize != 0 && (n > 0 || (!w.isHEAD() && trailers == nil)) {
		if w.wrote == int64(n) {
			w.addContentLength(w.sec, n)
		}
	}
	w.addDate()
}

// written is what has been written and not sent.
func (w *responseWriter) written() []byte {
	if w.body == nil {
		return nil
	}
	return w.body.B
}

// sendBodyLocked queues what has been written, unless it was written for HEAD.
func (w *responseWriter) sendBodyLocked() {
	if w.body == nil || !w.hasBody() {
		return
	}
	w.st.SendBufferLocked(w.body)
	w.body = nil
}

// close notes the end of a handler that panicked.
func (w *responseWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.st.Lock()
	w.freeUnsentLocked()
	w.st.Unlock()
}

// freeUnsentLocked frees what will not be sent.
func (w *responseWriter) freeUnsentLocked() {
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

// SetReadDeadline is for http.ResponseController.
func (w *responseWriter) SetReadDeadline(deadline time.Time) error {
	if w.tenure.keep() {
		w.st.setDeadline(&w.st.readTimer, deadline, w.st.readTimeout)
	}
	return nil
}

// SetWriteDeadline is for http.ResponseController.
func (w *responseWriter) SetWriteDeadline(deadline time.Time) error {
	if w.tenure.keep() {
		w.st.setDeadline(&w.st.writeTimer, deadline, w.st.writeTimeout)
	}
	return nil
}

// EnableFullDuplex is for http.ResponseController. HTTP/2 is always full duplex.
func (w *responseWriter) EnableFullDuplex() error { return nil }

// CloseNotify returns a channel that gets a value when the stream closes.
//
// Deprecated: Use the request's context instead.
func (w *responseWriter) CloseNotify() <-chan bool {
	if w.tenure.keep() {
		return w.st.closeNotify()
	}
	return notified()
}
