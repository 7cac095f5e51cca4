package conn

import (
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
	"h2fork.example/net/internal/wire"
)

// testServer runs handle for each stream, and logs what it
// is told.
type testServer struct {
	c       *Conn
	handle  func(st *Stream)
	started *Stream // guarded by the connection's lock: the last

	mu     sync.Mutex
	log    []string  // guarded by mu
	closed []*Stream // guarded by mu
}

func (s *testServer) tell(what string) {
	s.mu.Lock()
	s.log = append(s.log, what)
	s.mu.Unlock()
}

func (s *testServer) Request(f Fields) (Request, error) {
	st := new(Stream)
	st.Init(s.c, nil, new(Body))
	return Request{Stream: st, Declared: -1}, nil
}

func (s *testServer) Run(st *Stream) {
	s.handle(st)
	st.Lock()
	sec := session.NewSection()
	sec.Fields = append(sec.Fields, h2test.Fields(":status", "204")...)
	st.SendHeaderLocked(sec)
	st.SendEndLocked(nil)
	st.DoneLocked()
	st.Unlock()
	st.Body.Close()
}

func (s *testServer) Closed(st *Stream) {
	s.mu.Lock()
	s.log, s.closed = append(s.log, "closed"), append(s.closed, st)
	s.mu.Unlock()
}
func (s *testServer) Ready() { s.tell("ready") }
func (s *testServer) Active(active bool) {
	if active {
		s.tell("active")
	} else {
		s.tell("idle")
	}
}
func (*testServer) Section(*Stream, Fields) error       { return nil }
func (*testServer) PriorityUpdate(uint32, string) error { return nil }
func (s *testServer) OpenedLocked(st *Stream)           { s.started = st }
func (*testServer) GoAway(wire.GoAwayFrame)             {}

// runConn serves a connection in a bubble, and runs the script on the other end.
func runConn(t *testing.T, handlers int, handle func(*Stream), script func(p *h2test.Peer, s *testServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		s := &testServer{handle: handle}
		s.c = NewServer(server, Options{
			Session: session.Config{
				MaxConcurrentStreams: 1000, InitialWindow: 1 << 20, MaxFrameSize: 1 << 20,
				MaxHeaderListSize: 1 << 20, HeaderTableSize: 4096, ConnWindow: 1 << 20, Policy: sched.NewRoundRobin(),
			},
			MaxEncoderTableSize: 4096,
			MaxHandlers:         handlers,
			TellActivity:        true,
		}, s)
		done := make(chan error)
		go func() { done <- s.c.Serve() }()
		p := h2test.NewPeer(t, client)
		p.Ignore(h2test.WindowUpdates)
		t.Cleanup(func() {
			p.Close()
			<-done
		})
		p.Greet()
		script(p, s)
	})
}

func TestAtMostMaxHandlersRun(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	runConn(t, 3, func(*Stream) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(time.Second)
		mu.Lock()
		running--
		mu.Unlock()
	}, func(p *h2test.Peer, s *testServer) {
		begin := time.Now()
		for id := uint32(1); id < 20; id += 2 {
			p.Request(id, h2test.EndStream)
		}
		for range 10 {
			for f := p.Next(); f.Type != wire.Headers; {
				f = p.Next()
			}
		}
		if d := time.Since(begin); most != 3 || d != 4*time.Second {
			t.Errorf("%d handlers ran at a time, and it took %v", most, d)
		}
	})
}

func TestHandlersThatBlockHoldUpNobody(t *testing.T) {
	runConn(t, 1000, func(st *Stream) {
		if st.proto.ID() != 99 {
			st.c.Lock()
			st.WaitLocked(st.ClosedLocked)
			st.c.UnlockAndWake()
		}
	}, func(p *h2test.Peer, s *testServer) {
		for id := uint32(1); id < 100; id += 2 {
			p.Request(id, h2test.EndStream)
		}
		p.WantNow("forty-nine block", h2test.HeadersFrame(99, h2test.EndStream, ":status", "204"))
		s.c.Lock()
		if n := s.c.workers.running; n != 49 {
			t.Errorf("%d handlers run", n)
		}
		s.c.Unlock()
	})
}

func TestWorkersEndWhenTheConnectionHasBeenIdle(t *testing.T) {
	runConn(t, 1000, func(*Stream) { time.Sleep(time.Millisecond) }, func(p *h2test.Peer, s *testServer) {
		for id := uint32(1); id < 20; id += 2 {
			p.Request(id, h2test.EndStream)
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if parked, _ := s.idlers(); parked != 10 {
			t.Errorf("%d workers are parked after ten requests at a time", parked)
		}
		time.Sleep(2 * sweepAfter)
		if parked, standby := s.idlers(); parked != 0 || standby {
			t.Errorf("after a while of idleness %d workers are parked, standby writer: %t", parked, standby)
		}
	})
}

func TestWhoKeepsAStreamDoesNotKeepThoseThatClosedWithIt(t *testing.T) {
	runConn(t, 1000, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		for id := uint32(1); id < 20; id += 2 {
			p.Request(id, h2test.EndStream)
		}
		synctest.Wait()
		s.c.Fail(io.EOF) // those that have not been started close together
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, st := range s.closed {
			if st.proto.NextClosed() != nil {
				t.Errorf("stream %d has stream %d", st.proto.ID(), st.proto.NextClosed().ID())
			}
		}
	})
}

func TestAnIdleConnectionKeepsNothingForStreamsToCome(t *testing.T) {
	runConn(t, 1000, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		p.Request(1, h2test.EndStream)
		synctest.Wait()
		if !s.keepsForStreams() {
			t.Error("nothing is kept after a response")
		}
		time.Sleep(2 * sweepAfter)
		if s.keepsForStreams() {
			t.Error("something is kept after a while of idleness")
		}
	})
}

// keepsForStreams reports whether there is memory for streams to come.
func (s *testServer) keepsForStreams() bool {
	s.c.Lock()
	defer s.c.Unlock()
	return s.c.clock.sweep != nil || !reflect.ValueOf(s.c.sess).Elem().FieldByName("free").IsNil()
}

// idlers is how many goroutines wait for work.
func (s *testServer) idlers() (parked int, standby bool) {
	s.c.Lock()
	defer s.c.Unlock()
	return len(s.c.workers.parked), s.c.standby.running
}

func TestParkedWorkersAreBounded(t *testing.T) {
	runConn(t, 1000, func(*Stream) { time.Sleep(time.Millisecond) }, func(p *h2test.Peer, s *testServer) {
		for id := uint32(1); id < 600; id += 2 {
			p.Request(id, h2test.EndStream)
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if parked, _ := s.idlers(); parked > maxParked {
			t.Errorf("%d workers are parked", parked)
		}
	})
}

func TestActivityIsToldInOrder(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		for id := uint32(1); id < 10; id += 2 {
			p.Request(id, h2test.EndStream)
			p.Want("the request is served", h2test.HeadersFrame(id, h2test.EndStream, ":status", "204"))
		}
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		want := "ready" + strings.Repeat(" active closed idle", 5)
		got := strings.Join(s.log, " ")
		if strings.ReplaceAll(got, " closed", "") != strings.ReplaceAll(want, " closed", "") || strings.Count(got, "closed") != 5 {
			t.Errorf("the side was told %q", got)
		}
	})
}

func TestAResponseIsOneWrite(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		synctest.Wait()
		server := s.c.nc.(*h2test.Conn)
		before, _ := server.Writes()
		var all []byte
		for id := uint32(1); id < 40; id += 2 {
			all = wire.AppendHeaders(all, wire.HeadersParam{StreamID: id, EndStream: true, EndHeaders: true, Fragment: []byte("\x82\x87\x84\x01\x01a")})
		}
		p.Raw(all)
		synctest.Wait()
		if after, _ := server.Writes(); after-before > 4 {
			t.Errorf("twenty responses to requests of one read took %d writes", after-before)
		}
	})
}

func TestAFrameLargerThanTheBufferIsRead(t *testing.T) {
	var mu sync.Mutex
	var got strings.Builder
	runConn(t, 10, func(st *Stream) {
		mu.Lock()
		defer mu.Unlock()
		b := make([]byte, 1000)
		for {
			n, err := st.Body.Read(b)
			got.Write(b[:n])
			if err != nil {
				if err != io.EOF {
					t.Errorf("Read: %v", err)
				}
				return
			}
		}
	}, func(p *h2test.Peer, s *testServer) {
		content := strings.Repeat("0123456789", 50000)
		p.Request(1, h2test.KeepOpen)
		p.Data(1, h2test.KeepOpen, content[:300000])
		p.Data(1, h2test.EndStream, content[300000:])
		p.Want("the body has come", h2test.HeadersFrame(1, h2test.EndStream, ":status", "204"))
		if got.String() != content {
			t.Errorf("%d of %d bytes came, or others", got.Len(), len(content))
		}
		synctest.Wait()
		if s.c.in.pooled != nil || len(s.c.in.buf) != idleReadSize {
			t.Error("an idle connection keeps a buffer")
		}
	})
}

// A frame's length is the peer's word, and nine octets: the buffer follows what
// has come.
func TestTheLengthOfAFrameAloneTakesNoBuffer(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		const length = 500_000
		frame := wire.AppendHeader(nil, wire.Header{Type: 0xff, Length: length})
		frame = append(frame, make([]byte, length)...)
		for sent := 0; sent < len(frame); {
			n := min(max(wire.HeaderLen, sent), len(frame)-sent)
			p.Raw(frame[sent : sent+n])
			sent += n
			synctest.Wait()
			if got, most := len(s.c.in.buf), max(readBufferSize, readGrowth*sent); got > most && sent < len(frame) {
				t.Errorf("the buffer has %d bytes when %d have come, more than %d", got, sent, most)
			}
		}
		p.Ping(false, [8]byte{1})
		p.Want("the frame has been read", h2test.PingFrame(true, [8]byte{1}))
	})
}
