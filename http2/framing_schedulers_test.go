package http2

import (
	"io"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// userScheduler is a WriteScheduler as a program might write one. Frames of a
// stream keep their order; those of none come first.
type userScheduler struct {
	consumes bool // as the documentation advises
	newest   bool // the stream that was opened last comes first, not the first frame

	control []FrameWriteRequest
	frames  []FrameWriteRequest
	open    []uint32
}

func (s *userScheduler) OpenStream(id uint32, _ OpenStreamOptions) { s.open = append(s.open, id) }
func (s *userScheduler) AdjustStream(uint32, PriorityParam)        {}

func (s *userScheduler) CloseStream(id uint32) {
	s.open = slices.DeleteFunc(s.open, func(other uint32) bool { return other == id })
	s.frames = slices.DeleteFunc(s.frames, func(wr FrameWriteRequest) bool { return wr.StreamID() == id })
}

func (s *userScheduler) Push(wr FrameWriteRequest) {
	if slices.Contains(s.open, wr.StreamID()) {
		s.frames = append(s.frames, wr)
	} else {
		s.control = append(s.control, wr)
	}
}

func (s *userScheduler) Pop() (FrameWriteRequest, bool) {
	if len(s.control) > 0 {
		wr := s.control[0]
		s.control = s.control[1:]
		return wr, true
	}
	order := s.open
	if s.newest {
		order = slices.Clone(s.open)
		slices.Reverse(order)
	}
	for _, id := range order {
		if wr, ok := s.popOf(id); ok {
			return wr, true
		}
	}
	return FrameWriteRequest{}, false
}

// popOf pops the first frame of a stream.
func (s *userScheduler) popOf(id uint32) (FrameWriteRequest, bool) {
	i := slices.IndexFunc(s.frames, func(wr FrameWriteRequest) bool { return wr.StreamID() == id })
	if i < 0 {
		return FrameWriteRequest{}, false
	}
	wr, n := s.frames[i], 1
	if s.consumes {
		var rest FrameWriteRequest
		wr, rest, n = wr.Consume(math.MaxInt32)
		if n == 2 {
			s.frames[i] = rest
		}
	}
	if n == 1 {
		s.frames = slices.Delete(s.frames, i, i+1)
	}
	return wr, n > 0
}

// framingSchedulers are ours, and some that users might write.
var framingSchedulers = []struct {
	name string
	new  func() WriteScheduler
}{
	{"round robin", newRoundRobinWriteScheduler},
	{"RFC 9218", newRFC9218WriteScheduler},
	{"RFC 7540", func() WriteScheduler { return NewPriorityWriteScheduler(nil) }},
	{"RFC 7540, throttled", func() WriteScheduler {
		return NewPriorityWriteScheduler(&PriorityWriteSchedulerConfig{ThrottleOutOfOrderWrites: true})
	}},
	{"random", NewRandomWriteScheduler},
	{"a user's", func() WriteScheduler { return &userScheduler{consumes: true} }},
	{"a user's that does not Consume", func() WriteScheduler { return new(userScheduler) }},
	{"a user's that serves the newest stream first", func() WriteScheduler { return &userScheduler{consumes: true, newest: true} }},
}

func TestEverySchedulerFramesAsTheContractSays(t *testing.T) {
	calls := 2
	if short() {
		calls = 1
	}
	for _, s := range framingSchedulers {
		t.Run(s.name, func(t *testing.T) {
			srv := &Server{NewWriteScheduler: s.new}
			checkFraming(t, srv, shortPrograms(modelKinds, calls-1, 1, 1), nil)
			checkFraming(t, srv, shortPrograms(keyKinds, calls, 1, 2), nil)
		})
	}
}

// The same from the client's side, with windows that content has to wait for.
func TestEverySchedulerFoldsEndStreamIntoTheLastData(t *testing.T) {
	handler := respond(200, nil, func(w http.ResponseWriter) {
		io.WriteString(w, "hello")
		flushNow(w)
	})
	for _, s := range framingSchedulers {
		t.Run(s.name, func(t *testing.T) {
			framingServe(t, &Server{NewWriteScheduler: s.new}, handler, func(p *h2test.Peer, _ *h2test.Conn) {
				p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 0})
				p.WantNow("settings are acknowledged", h2test.SettingsAckFrame())
				for id := uint32(1); id <= 5; id += 2 {
					p.Request(id, h2test.EndStream)
					p.WantNow("a header needs no window", h2test.HeadersFrame(id, h2test.KeepOpen, ":status", "200"))
				}
				for _, id := range []uint32{3, 5, 1} {
					p.WindowUpdate(id, 3)
					p.WantNow("as much as fits", h2test.DataFrame(id, "hel", h2test.KeepOpen))
				}
				for _, id := range []uint32{5, 1, 3} {
					p.WindowUpdate(id, 3)
					p.WantNow("the rest ends the stream", h2test.DataFrame(id, "lo", h2test.EndStream))
				}
				p.WantNothing("all streams are closed")
			})
		})
	}
}

func TestEverySchedulerHoldsAndReleases(t *testing.T) {
	for _, s := range framingSchedulers {
		t.Run(s.name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/grpc" {
					setFields(w, trailersOnly...)
				}
				flushNow(w)
				time.Sleep(time.Minute)
			}
			framingServe(t, &Server{NewWriteScheduler: s.new}, handler, func(p *h2test.Peer, _ *h2test.Conn) {
				p.Request(1, h2test.EndStream, ":path", "/grpc")
				time.Sleep(time.Second)
				p.Request(3, h2test.EndStream)
				wantTimeline(p, time.Now(), "each is held as its class says", []framingAt{
					at(0, h2test.HeadersFrame(3, h2test.KeepOpen, ":status", "200")),
					at(time.Minute-time.Second, headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...)),
					at(time.Minute, h2test.DataFrame(3, "", h2test.EndStream)),
				})
			})
		})
	}
}
