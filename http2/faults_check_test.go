package http2

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// An handlerRecord is what a handler did, and what came of it. It is the handler's
// until that returns.
type handlerRecord struct {
	w http.ResponseWriter
	r *http.Request

	id       uint32
	read     []byte
	readErr  error  // the first
	wrote    []byte // that of a Write that failed included
	writeErr error  // the first
	flushErr error  // the first
	trailers bool   // the response has some
	returned bool   // or panicked
	ended    *gate  // open when that has come true

	received *streamRecord // what the client received of it; set when all is over
}

// write writes the next n bytes of a pattern, so that each tells its place.
func (a *handlerRecord) write(n int) {
	a.writeBytes(pattern(len(a.wrote) + n)[len(a.wrote):])
}

func (a *handlerRecord) writeBytes(p []byte) {
	if a.writeErr == nil {
		a.wrote = append(a.wrote, p...)
	}
	mine := bytes.Clone(p)
	if _, err := a.w.Write(mine); a.writeErr == nil {
		a.writeErr = err
	}
	clear(mine) // Write is not to need it any more
}

func (a *handlerRecord) flush() {
	if err := http.NewResponseController(a.w).Flush(); a.flushErr == nil {
		a.flushErr = err
	}
}

// readN reads n bytes, and reports whether there were so many.
func (a *handlerRecord) readN(n int) bool {
	p := make([]byte, n)
	n, err := io.ReadFull(a.r.Body, p)
	a.read = append(a.read, p[:n]...)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	if a.readErr == nil {
		a.readErr = err
	}
	return err == nil
}

func (a *handlerRecord) readAll() {
	for a.readN(1) {
	}
}

// done reports whether the handler did what it wanted.
func (a *handlerRecord) done() bool {
	return a.returned && a.writeErr == nil && a.flushErr == nil && (a.readErr == nil || a.readErr == io.EOF)
}

// A handlerRecords has the records of a connection.
type handlerRecords struct {
	mu  sync.Mutex
	all []*handlerRecord
}

// keep makes a handler of one that keeps accounts.
func (l *handlerRecords) keep(handler func(*handlerRecord)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.ParseUint(r.Header.Get("X-Stream"), 10, 32)
		a := &handlerRecord{w: w, r: r, id: uint32(id), ended: newGate()}
		l.mu.Lock()
		l.all = append(l.all, a)
		l.mu.Unlock()
		defer func() {
			a.returned = true
			a.ended.open()
		}()
		handler(a)
	}
}

// wantEnded checks that no request goes on.
func (l *handlerRecords) wantEnded(t *testing.T) {
	t.Helper()
	synctest.Wait()
	for _, a := range l.all {
		if a.r.Context().Err() == nil || !a.returned {
			t.Errorf("stream %d goes on: the handler has returned: %v, its context: %v", a.id, a.returned, a.r.Context().Err())
		}
	}
}

// streamRecord is what a client received on a stream.
type streamRecord struct {
	body          []byte // that of a frame that was cut off included
	ended         bool   // by END_STREAM
	endedByFields bool
	reset         bool
}

// listen takes what the server said apart. It checks what must hold wherever it
// was cut off: field sections decode, and nothing follows a stream's end.
func listen(t *testing.T, b []byte) map[uint32]*streamRecord {
	t.Helper()
	streams := make(map[uint32]*streamRecord)
	dec := hpack.NewDecoder(wire.DefaultHeaderTableSize, func(hpack.HeaderField) {})
	for len(b) >= wire.HeaderLen {
		h := wire.ParseHeader(b)
		payload := b[wire.HeaderLen:min(len(b), wire.HeaderLen+int(h.Length))]
		whole := len(payload) == int(h.Length)
		b = b[wire.HeaderLen+len(payload):]
		s := streams[h.StreamID]
		if s == nil {
			s = new(streamRecord)
			streams[h.StreamID] = s
		}
		if s.ended && (h.Type == wire.Data || h.Type == wire.Headers) {
			t.Errorf("%v on stream %d after its end", h.Type, h.StreamID)
		}
		switch h.Type {
		case wire.Data:
			s.body = append(s.body, payload...)
		case wire.RSTStream:
			s.reset = s.reset || whole
		case wire.Headers:
			if _, err := dec.Write(payload); whole && (err != nil || dec.Close() != nil) {
				t.Errorf("the field section of stream %d does not decode: %v", h.StreamID, err)
			}
		}
		if whole && h.Flags.Has(wire.FlagEndStream) && (h.Type == wire.Data || h.Type == wire.Headers) {
			s.ended, s.endedByFields = true, h.Type == wire.Headers
		}
	}
	return streams
}

// A setup is a server and the way it is made use of.
type setup struct {
	place string // in the conversation; printed if the test fails
	srv   Server
	// http.Server's.
	readTimeout, writeTimeout time.Duration

	userSched bool                   // a user's write scheduler
	prepare   func(a *handlerRecord) // before the handler
	errs      []error                // what handlers may see
	deaf      bool                   // the client reads nothing until all is over, or the play says so
	play      func(*stage)           // what happens; the connection has ended an hour later
}

// A stage is where a setup's play is on.
type stage struct {
	client, server *h2test.Conn // the two ends of the connection
	hs             *http.Server
	records        *handlerRecords
	ears           *gate // the client reads nothing until it is open; it is open, unless setup.deaf
}

// variants are what makes a difference to how a response leaves.
var variants = []struct {
	name      string
	lend      bool // large writes
	userSched bool
}{
	{name: "copied"},
	{name: "lent", lend: true},
	{name: "a user's scheduler", userSched: true},
	{name: "lent, and a user's scheduler", lend: true, userSched: true},
}

// eachVariant runs f for every conversation in every way to serve it.
func eachVariant(t *testing.T, f func(t *testing.T, v *conversation, userSched bool)) {
	for _, way := range variants {
		t.Run(way.name, func(t *testing.T) {
			if way.lend {
				gatherEverywhere(t)
			}
			for i := range conversations {
				t.Run(conversations[i].name, func(t *testing.T) { f(t, &conversations[i], way.userSched) })
			}
		})
	}
}

// converses has a server hear the conversation, and checks what must hold
// whatever went wrong. It returns the records, and how many bytes the server
// wrote.
func (v *conversation) converses(t *testing.T, s *setup) (accounts []*handlerRecord, said int64) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(s.place)
		}
	}()
	var l handlerRecords
	var answers []byte
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		srv := s.srv // a copy: it lives in this bubble
		if s.userSched {
			srv.NewWriteScheduler = func() WriteScheduler { return &userScheduler{consumes: true} }
		}
		hs := &http.Server{ReadTimeout: s.readTimeout, WriteTimeout: s.writeTimeout, ErrorLog: log.New(io.Discard, "", 0)}
		handler := l.keep(func(a *handlerRecord) {
			if s.prepare != nil {
				s.prepare(a)
			}
			v.handler(a)
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			srv.ServeConn(server, &ServeConnOpts{BaseConfig: hs, Handler: handler})
		}()
		on := &stage{client, server, hs, &l, newGate()}
		listened := make(chan struct{})
		go func() {
			defer close(listened)
			on.ears.wait()
			answers, _ = io.ReadAll(client)
		}()
		if !s.deaf {
			on.ears.open()
		}
		s.play(on)
		time.Sleep(time.Hour)
		select {
		case <-done:
		default:
			t.Error("the connection goes on")
			client.Close()
		}
		synctest.Wait()
		_, said = server.Writes()
		on.ears.open()
		<-listened
		streams := listen(t, answers)
		l.wantEnded(t)
		for _, a := range l.all {
			if a.received = streams[a.id]; a.received == nil {
				a.received = new(streamRecord)
			}
			v.check(t, s, a)
		}
	})
	return l.all, said
}

// check checks what became of a request.
func (v *conversation) check(t *testing.T, s *setup, a *handlerRecord) {
	t.Helper()
	sent := v.said.bodies[a.id]
	if !bytes.HasPrefix(sent, a.read) {
		t.Errorf("stream %d: the handler read %q of %q", a.id, a.read, sent)
	}
	if a.readErr == io.EOF && len(a.read) != len(sent) {
		t.Errorf("stream %d: the handler read %q, and then EOF, of %q", a.id, a.read, sent)
	}
	for _, err := range []error{a.readErr, a.writeErr, a.flushErr} {
		if err != nil && err != io.EOF && !v.mayFail(s, a.id, err) {
			t.Errorf("stream %d: an error that does not say what happened: %v", a.id, err)
		}
	}
	h := a.received
	if !bytes.HasPrefix(a.wrote, h.body) {
		t.Errorf("stream %d: the client read %d bytes that are no beginning of the %d written", a.id, len(h.body), len(a.wrote))
	}
	if h.ended && (len(h.body) != len(a.wrote) || a.writeErr != nil || h.endedByFields != a.trailers && len(a.wrote) > 0) {
		t.Errorf("stream %d: the response looks complete with %d of %d bytes (trailers: %v of %v, Write: %v)",
			a.id, len(h.body), len(a.wrote), h.endedByFields, a.trailers, a.writeErr)
	}
}

// mayFail reports whether the handler of stream id may see err.
func (v *conversation) mayFail(s *setup, id uint32, err error) bool {
	if slices.Contains(v.lost, id) && slices.Contains([]string{
		errStreamClosed.Error(),
		StreamError{StreamID: id, Code: ErrCodeCancel}.Error(),
		"sender tried to send more than declared Content-Length of 1 bytes",
	}, err.Error()) {
		return true
	}
	return slices.ContainsFunc(s.errs, func(known error) bool { return errors.Is(err, known) })
}

// gone are the errors where the client, or the connection, is.
var gone = []error{errClientDisconnected}

// late are the errors of a deadline, and of what comes of it.
var late = []error{errClientDisconnected, os.ErrDeadlineExceeded, errStreamClosed}

// wantAll checks that every request was answered in full, but for those that were
// lost. It returns how many those were.
func (v *conversation) wantAll(t *testing.T, accounts []*handlerRecord) (n int) {
	t.Helper()
	for _, a := range accounts {
		if slices.Contains(v.lost, a.id) {
			continue
		}
		n++
		if !a.done() || !a.received.ended {
			t.Errorf("stream %d: Read: %v, Write: %v, Flush: %v, the client has seen its end: %v", a.id, a.readErr, a.writeErr, a.flushErr, a.received.ended)
		}
	}
	return n
}
