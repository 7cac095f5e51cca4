package http2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// A model is a real server connection whose writer is stuck, so that frames are sent
// only when a test says so. Everything happens in one goroutine, in a bubble,
// except Writes and Reads that block.
type model struct {
	t     *testing.T
	sc    *serverConn
	peer  *h2test.Conn
	batch session.Batch
	last  uint32 // stream
	sent  uint32 // bytes of DATA, owed to the connection's window
	raw   []byte // of emit

	streams map[uint32]*modelStream
}

// modelStream is a stream of a model, and what has been sent of it.
type modelStream struct {
	*serverStream
	m     *model
	frame []modelFrame
}

func newModel(t *testing.T, srv *Server) *model {
	client, server := h2test.Pipe()
	server.StallWrites()
	opts := new(ServeConnOpts)
	hs := opts.baseConfig()
	conf := newServerConfig(srv, hs)
	sc := &serverConn{srv: srv, hs: hs, handler: opts.handler(), baseCtx: context.Background(), logf: t.Logf}
	sc.c = conn.NewServer(server, sc.options(server, &conf, opts), sc)
	sc.c.Lock()
	sc.c.WakeLocked() // our SETTINGS go out, and no further
	sc.c.UnlockAndWake()
	synctest.Wait()
	return &model{t: t, sc: sc, peer: client, streams: make(map[uint32]*modelStream)}
}

func (m *model) close() {
	m.sc.c.Fail(errors.New("the model is over"))
	m.peer.Close()
}

// open opens a stream with a request for kind.
func (m *model) open(kind *modelKind, requestOpen bool) *modelStream {
	st := m.sc.newStream(requestOpen)
	st.req = &http.Request{Method: kind.method}
	st.req.Body = &st.body
	if m.last == 0 {
		m.last = 1
	} else {
		m.last += 2
	}
	m.sc.c.Lock()
	prio := sched.Priority{Urgency: sched.DefaultUrgency, Incremental: true}
	if ok, err := m.sc.c.AcceptLocked(m.last, !requestOpen, conn.Request{Stream: &st.Stream, Declared: -1, Priority: prio}); !ok {
		m.t.Fatalf("stream %d was not accepted: %v", m.last, err)
	}
	m.sc.c.UnlockAndWake()
	ms := &modelStream{serverStream: st, m: m}
	m.streams[m.last] = ms
	return ms
}

// forget makes room for the next streams, which have all been closed.
func (m *model) forget() {
	for id, st := range m.streams {
		if !st.ClosedLocked() {
			m.t.Fatalf("stream %d has been finished and is not closed", id)
		}
	}
	clear(m.streams)
	if m.sent > 0 {
		m.sc.c.Lock()
		m.sc.c.Session().RecvWindowUpdate(0, m.sent)
		m.sc.c.UnlockAndWake()
		m.sent = 0
	}
}

func (m *model) pending() bool {
	m.sc.c.Lock()
	defer m.sc.c.UnlockAndWake()
	return m.sc.c.Session().Pending()
}

// emit has one frame sent, or a few if they are control frames.
func (m *model) emit() {
	const oneFrame = 1
	m.sc.c.Lock()
	defer m.sc.c.UnlockAndWake()
	b := &m.batch
	b.Reset()
	m.sc.c.Session().Emit(b, oneFrame)
	m.raw = m.raw[:0]
	for i := range b.Ops {
		switch op := &b.Ops[i]; {
		case op.Section != nil:
			m.noteSent()
			m.section(op)
		case op.Data != nil:
			m.raw = append(m.raw, op.Data...)
			if op.Buf != nil {
				op.Buf.Free()
			}
		default:
			m.raw = append(m.raw, b.Raw[op.From:op.To]...)
		}
	}
	m.noteSent()
	m.sc.c.Session().ReturnLent(b)
}

func (m *model) section(op *session.Op) {
	var fields []string
	for _, f := range op.Section.Fields {
		if f.Name == "date" {
			fields = append(fields, "date")
		} else {
			fields = append(fields, f.Name+"="+f.Value)
		}
	}
	if len(fields) == 0 {
		m.t.Fatal("an empty field section")
	}
	st := m.streams[op.StreamID]
	st.frame = append(st.frame, modelFrame{kind: 'H', fields: sortedFields(fields), end: op.EndStream})
	op.Section.Free()
}

// noteSent notes the frames in m.raw.
func (m *model) noteSent() {
	for b := m.raw; len(b) > 0; {
		h := wire.ParseHeader(b)
		payload := b[wire.HeaderLen:][:h.Length]
		b = b[wire.HeaderLen+len(payload):]
		st := m.streams[h.StreamID]
		switch h.Type {
		case wire.Data:
			m.sent += h.Length
			st.data(len(payload), h.Flags.Has(wire.FlagEndStream))
		case wire.RSTStream:
			st.frame = append(st.frame, modelFrame{kind: 'R', code: uint32(payload[3])})
		case wire.WindowUpdate, wire.Settings:
		default:
			m.t.Fatalf("an unexpected frame: %v", h)
		}
	}
	m.raw = m.raw[:0]
}

// data adds a DATA frame to a run of them.
func (st *modelStream) data(n int, end bool) {
	if k := len(st.frame) - 1; n > 0 && k >= 0 && st.frame[k].kind == 'D' && !st.frame[k].end {
		st.frame[k].bytes += n
		st.frame[k].end = end
		return
	}
	st.frame = append(st.frame, modelFrame{kind: 'D', bytes: n, end: end})
}

// contentSoFar is how many bytes of content have been sent.
func (st *modelStream) contentSoFar() (n int) {
	for _, f := range st.frame {
		n += f.bytes
	}
	return n
}

// begin does what the handler does before anything else happens.
func (st *modelStream) begin(kind *modelKind) {
	h := st.w.Header()
	for _, f := range kind.fields {
		name, value, _ := strings.Cut(f, "=")
		h.Set(name, value)
	}
	if kind.status != 0 {
		st.w.WriteHeader(kind.status)
	}
}

// do does one thing of a story.
func (st *modelStream) do(call byte, kind *modelKind) {
	switch call {
	case callWriteHeader:
		st.w.WriteHeader(http.StatusOK)
	case callWrite:
		st.w.Write(modelContent[:smallWrite])
	case callWriteLarge:
		st.block(func() { st.w.Write(modelContent[:largeWrite]) })
	case callFlush, otherFlush:
		if err := st.w.FlushError(); err != nil && !st.ClosedLocked() && err != errAfterHandler {
			st.m.t.Errorf("FlushError = %v", err)
		}
	case callTrailers:
		name := http.TrailerPrefix + "X-T"
		if kind.declares {
			name = "X-T"
		}
		st.w.Header().Set(name, "v")
	case callRead:
		st.read()
	case callReturn:
		st.end(func(http.ResponseWriter, *http.Request) {})
	case callPanic:
		st.end(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
}

var modelContent = []byte(strings.Repeat("x", largeWrite))

// block runs a Write, and has frames sent if that waits for it.
func (st *modelStream) block(write func()) {
	done := make(chan struct{})
	go func() {
		write()
		close(done)
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		st.m.sc.c.Lock()
		waits := st.LentLocked() && !st.LentOutLocked()
		st.m.sc.c.UnlockAndWake()
		if waits {
			st.m.emit()
		}
		runtime.Gosched()
	}
}

// read blocks in a Read of the request's body, until that has ended.
func (st *modelStream) read() {
	done := make(chan struct{})
	go func() {
		st.req.Body.Read(make([]byte, 1))
		close(done)
	}()
	synctest.Wait()
	st.Body.End(errors.New("the request has ended"), nil)
	<-done
}

// end is the end of the handler, with all that comes with it.
func (st *modelStream) end(last func(http.ResponseWriter, *http.Request)) {
	st.handler = last
	st.m.sc.Run(&st.Stream)
}

// modelProgram is a handler, and how often others flush beside it.
type modelProgram struct {
	kind         *modelKind
	calls        string // ends with callReturn or callPanic
	otherFlushes int
	width        int // streams that do the same
}

func (p modelProgram) String() string {
	return fmt.Sprintf("%s, calls %q, %d other flushes, %d streams", p.kind.name, p.calls, p.otherFlushes, p.width)
}

func (p modelProgram) requestOpen() bool {
	return p.kind.method == "CONNECT" || strings.ContainsRune(p.calls, callRead)
}

// schedule is the path to one of the ways in which a program can run: at each
// point, which of the things that may happen next does.
type schedule struct {
	picks []pick
	depth int
}

type pick struct{ taken, of int }

func (s *schedule) pick(of int) int {
	if s.depth == len(s.picks) {
		s.picks = append(s.picks, pick{0, of})
	}
	p := s.picks[s.depth]
	s.depth++
	return min(p.taken, of-1) // of differs if the write scheduler is random
}

// next moves on to the next path, depth first; false after the last.
func (s *schedule) next() bool {
	s.depth = 0
	for k := len(s.picks) - 1; k >= 0; k-- {
		if s.picks[k].taken++; s.picks[k].taken < s.picks[k].of {
			s.picks = s.picks[:k+1]
			return true
		}
	}
	return false
}

const emission = 'E'

// explore runs a program in every way in which it can run, and hands check each
// outcome. It returns their number.
func (m *model) explore(p modelProgram, check func(story string, st *modelStream, left int)) (n int) {
	s := new(schedule)
	for more := true; more; more = s.next() {
		m.run(p, s, check)
		n++
	}
	return n
}

// run runs a program as s says.
func (m *model) run(p modelProgram, s *schedule, check func(string, *modelStream, int)) {
	var streams []*modelStream
	for range p.width {
		st := m.open(p.kind, p.requestOpen())
		st.begin(p.kind)
		streams = append(streams, st)
	}
	var array [32]byte
	story := array[:0]
	calls, others := p.calls, p.otherFlushes
	left := make([]int, p.width)
	for calls != "" {
		var enabled [3]byte
		steps := append(enabled[:0], calls[0])
		if others > 0 {
			steps = append(steps, otherFlush)
		}
		if m.pending() {
			steps = append(steps, emission)
		}
		step := steps[s.pick(len(steps))]
		switch step {
		case emission:
			m.emit()
			continue
		case otherFlush:
			others--
		default:
			calls = calls[1:]
		}
		story = append(story, step)
		for i, st := range streams {
			if calls == "" {
				left[i] = st.contentSoFar()
			}
			st.do(step, p.kind)
		}
	}
	for ; others > 0; others-- {
		story = append(story, otherFlush)
		for _, st := range streams {
			st.do(otherFlush, p.kind)
		}
	}
	for m.pending() {
		m.emit()
	}
	for i, st := range streams {
		check(string(story), st, left[i])
	}
	m.forget()
}

// checkFraming runs programs in every way, compares each outcome with the contract,
// and has outcomes, if it is not nil, look at those that each story of a program had.
func checkFraming(t *testing.T, srv *Server, programs []modelProgram, outcomes func(p modelProgram, story string, seen []string)) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, srv)
		defer m.close()
		schedules := 0
		for _, p := range programs {
			seen := make(map[string][]string) // by story
			schedules += m.explore(p, func(story string, st *modelStream, left int) {
				o := oracle{kind: p.kind, story: story, off: holdsOff}
				if want := o.wire(left, p.requestOpen()); !slices.Equal(st.frame, want) {
					t.Fatalf("%v\nstory %q, of which %d bytes of content had been sent when the handler ended\n got %v\nwant %v", p, story, left, st.frame, want)
				}
				if wire := fmt.Sprint(st.frame); outcomes != nil && !slices.Contains(seen[story], wire) {
					seen[story] = append(seen[story], wire)
				}
			})
			for story, wires := range seen {
				outcomes(p, story, wires)
			}
		}
		t.Logf("%d programs, %d schedules", len(programs), schedules)
	})
}
