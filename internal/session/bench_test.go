package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/wire"
)

// served is a session that benchmarks drive without checks.
type served struct {
	*Session
	batch Batch
	next  uint32
	now   time.Time
}

func newServed(p sched.Policy) *served {
	conf := serverConfig()
	conf.MaxConcurrentStreams = 1 << 20
	conf.Policy = p
	s := &served{next: 1, now: time.Unix(1e9, 0)}
	s.Session = New(&conf, s.now)
	s.send.conn = wire.MaxWindow
	s.flush()
	return s
}

// flush emits what there is and lets go of it.
func (s *served) flush() int {
	s.batch.Reset()
	s.Emit(&s.batch, 1<<16)
	n := 0
	for i := range s.batch.Ops {
		op := &s.batch.Ops[i]
		n += len(op.Data)
		if op.Section != nil {
			op.Section.Free()
		}
		if op.Buf != nil {
			op.Buf.Free()
		}
	}
	s.ReturnLent(&s.batch)
	return n
}

func (s *served) accept(st *testStream, end bool) {
	if ok, err := s.Accept(&st.Stream, s.next, end, -1, defaultPriority); !ok || err != nil {
		panic(err)
	}
	s.next += 2
}

func (s *served) respond(st *testStream) {
	sec := NewSection()
	s.SendHeader(&st.Stream, sec)
	buf := NewBuffer(smallBuffer)
	buf.B = append(buf.B, "Hello, world!"...)
	s.SendBuffer(&st.Stream, buf)
	s.SendEnd(&st.Stream, nil)
	s.Done(&st.Stream)
}

// request is a request and its response, on a stream that is used again.
func (s *served) request(st *testStream) {
	*st = testStream{}
	st.Owner = st
	s.accept(st, true)
	s.respond(st)
	s.flush()
	s.TakeClosed()
	s.send.conn = wire.MaxWindow
}

func policies() map[string]func() sched.Policy {
	return map[string]func() sched.Policy{
		"round robin": sched.NewRoundRobin,
		"RFC 9218":    sched.NewRFC9218,
	}
}

// BenchmarkRequest accepts, answers and emits a request beside others that are
// open: it should cost the same however many they are.
func BenchmarkRequest(b *testing.B) {
	for _, open := range []int{10, 10000} {
		for name, policy := range policies() {
			b.Run(fmt.Sprintf("%s/%d open", name, open), func(b *testing.B) {
				s := newServed(policy())
				for range open {
					s.accept(newStream(), false)
				}
				st := newStream()
				b.ReportAllocs()
				for b.Loop() {
					s.request(st)
				}
			})
		}
	}
}

// BenchmarkEmitData emits 64 KiB of DATA while other streams have data too, or
// wait for a window.
func BenchmarkEmitData(b *testing.B) {
	body := []byte(strings.Repeat("x", 1<<16))
	for _, streams := range []int{10, 10000} {
		for _, blocked := range []bool{false, true} {
			for name, policy := range policies() {
				b.Run(fmt.Sprintf("%s/%d streams, others blocked %v", name, streams, blocked), func(b *testing.B) {
					s := newServed(policy())
					all := make([]*testStream, streams)
					for i := range all {
						all[i] = newStream()
						s.accept(all[i], true)
						s.SendHeader(&all[i].Stream, NewSection())
						s.SendLent(&all[i].Stream, body)
						if blocked && i > 0 {
							all[i].sentWindow = -wire.DefaultWindow
						}
					}
					for s.flush() > 0 && s.Pending() {
						if !blocked {
							break
						}
					}
					b.SetBytes(int64(len(body)))
					b.ReportAllocs()
					i := 0
					for b.Loop() {
						st := all[i]
						if !blocked {
							i = (i + 1) % streams
						}
						s.SendLent(&st.Stream, body)
						s.send.conn = wire.MaxWindow
						s.RecvWindowUpdate(st.id, 1<<16)
						s.flush()
					}
				})
			}
		}
	}
}

// BenchmarkWindowUpdate has the peer's WINDOW_UPDATE let a stream that waits for
// it send 16 KiB, of a stream's window or of the connection's.
func BenchmarkWindowUpdate(b *testing.B) {
	body := []byte(strings.Repeat("x", 1<<14))
	for _, streams := range []int{10, 10000} {
		for _, of := range []string{"stream", "connection"} {
			b.Run(fmt.Sprintf("of the %s/%d streams", of, streams), func(b *testing.B) {
				s := newServed(sched.NewRoundRobin())
				all := make([]*testStream, streams)
				for i := range all {
					all[i] = newStream()
					s.accept(all[i], true)
					s.SendHeader(&all[i].Stream, NewSection())
					s.SendLent(&all[i].Stream, body)
				}
				for s.Pending() {
					s.flush()
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i = (i + 1) % streams {
					st := &all[i].Stream
					st.sentWindow = -wire.DefaultWindow
					if of == "connection" {
						st.sentWindow, s.send.conn = 0, 0
					}
					s.SendLent(st, body)
					s.flush()
					id := uint32(0)
					if of == "stream" {
						id = st.id
						s.send.conn = wire.MaxWindow
					}
					s.RecvWindowUpdate(id, uint32(len(body)))
					if s.flush() != len(body) {
						b.Fatal("the window did not let it be sent")
					}
				}
			})
		}
	}
}

// BenchmarkInitialWindowSize has the peer change its initial window with many
// streams open.
func BenchmarkInitialWindowSize(b *testing.B) {
	for _, streams := range []int{10, 10000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			s := newServed(sched.NewRoundRobin())
			for range streams {
				s.accept(newStream(), false)
			}
			f := wire.SettingsFrame{Payload: []byte{0, 4, 0, 0, 0, 0}}
			b.ReportAllocs()
			for b.Loop() {
				f.Payload[5]++
				s.RecvSettings(f)
				s.control.settingsAcks = 0
			}
		})
	}
}

// A stream's memory is the caller's: a request needs none of the session's own.
func TestARequestTakesNoMemory(t *testing.T) {
	if h2test.UnderRaceDetector {
		t.Skip("the race detector has pools lose what is in them")
	}
	for name, policy := range policies() {
		s := newServed(policy())
		st := newStream()
		for range 2 * maxRecentResets {
			s.request(st)
		}
		if allocs := testing.AllocsPerRun(1000, func() { s.request(st) }); allocs >= 1 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// Nor does a body, in either direction.
func TestDataTakesNoMemory(t *testing.T) {
	s := newServed(sched.NewRoundRobin())
	st := newStream()
	s.accept(st, false)
	s.SendHeader(&st.Stream, NewSection())
	s.flush()
	in := wire.DataFrame{StreamID: st.ID(), Data: make([]byte, 16384), Length: 16384}
	out := make([]byte, 16384)
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := s.RecvData(in, s.now); err != nil {
			t.Fatal(err)
		}
		s.Consume(&st.Stream, len(in.Data))
		s.SendLent(&st.Stream, out)
		s.RecvWindowUpdate(st.ID(), uint32(len(out)))
		s.RecvWindowUpdate(0, uint32(len(out)))
		s.flush()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
