package conn

import (
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// standbyRuns reports whether the standby writer is a goroutine.
func (s *testServer) standbyRuns() bool {
	synctest.Wait()
	_, standby := s.idlers()
	return standby
}

func TestTheStandbyWriterIsAGoroutineOnlyWhileItIsNeeded(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		p.Ping(false, [8]byte{1})
		p.WantNow("the reader leaves writing to it", h2test.PingFrame(true, [8]byte{1}))
		if !s.standbyRuns() {
			t.Error("it went at once")
		}
		time.Sleep(2 * sweepAfter)
		if s.standbyRuns() {
			t.Error("it stays with an idle connection")
		}
		p.Ping(false, [8]byte{2})
		p.WantNow("it comes again", h2test.PingFrame(true, [8]byte{2}))
	})
}

func TestTheStandbyWriterStaysWhileThePeerSends(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		for range 20 {
			p.Ping(false, [8]byte{1})
			p.WantNow("it answers", h2test.PingFrame(true, [8]byte{1}))
			time.Sleep(sweepAfter / 2)
			if !s.standbyRuns() {
				t.Fatal("it has gone")
			}
		}
	})
}

// isQuiet reports whether the connection has neither a goroutine that waits for work nor a timer that ends it.
func (s *testServer) isQuiet() bool {
	synctest.Wait()
	parked, standby := s.idlers()
	s.c.Lock()
	defer s.c.Unlock()
	return parked == 0 && !standby && !s.c.clock.sweeping
}

// Whatever has been asked, and whatever handlers still run.
func TestAConnectionIsQuietWhenNothingHasComeForAWhile(t *testing.T) {
	const handled = 10 * time.Minute // by a handler that takes long
	for seed := range uint64(100) {
		handler := func(st *Stream) {
			rng := rand.New(rand.NewPCG(seed, uint64(st.proto.ID())))
			time.Sleep([]time.Duration{0, time.Millisecond, handled}[rng.IntN(3)])
		}
		runConn(t, 1+int(seed%8), handler, func(p *h2test.Peer, s *testServer) {
			rng, id := rand.New(rand.NewPCG(seed, 0)), uint32(1)
			for range 20 {
				switch rng.IntN(3) {
				case 0:
					p.Request(id, h2test.EndStream)
					id += 2
				case 1:
					p.Ping(false, [8]byte{1})
				case 2:
					time.Sleep(time.Duration(rng.Int64N(int64(2 * sweepAfter))))
				}
				if rng.IntN(4) == 0 {
					time.Sleep(4 * sweepAfter) // the short handlers end in it
					if !s.isQuiet() {
						t.Fatalf("seed %d: something is kept while nothing comes", seed)
					}
				}
			}
			time.Sleep(30 * handled)
			if !s.isQuiet() || s.keepsForStreams() {
				t.Errorf("seed %d: something is kept by a connection that is idle", seed)
			}
		})
	}
}

// Clients that wait for news are many, and mostly there is none.
func TestAnOpenStreamOnWhichNothingMovesNeedsNeitherTimerNorIdleGoroutine(t *testing.T) {
	runConn(t, 10, func(*Stream) { time.Sleep(time.Minute) }, func(p *h2test.Peer, s *testServer) {
		p.Request(1, h2test.EndStream)
		p.Ping(false, [8]byte{1})
		p.WantNow("the reader leaves writing to the standby writer", h2test.PingFrame(true, [8]byte{1}))
		if s.isQuiet() {
			t.Error("nothing is kept for what comes next")
		}
		time.Sleep(2 * sweepAfter)
		if !s.isQuiet() {
			t.Error("something is kept while nothing comes")
		}
		time.Sleep(time.Minute)
		p.Want("the response when the handler has returned", h2test.HeadersWith(1, h2test.EndStream, ":status", "204"))
		time.Sleep(2 * sweepAfter)
		if !s.isQuiet() || s.keepsForStreams() {
			t.Error("something is kept by a connection that is idle")
		}
	})
}

func TestTheStandbyWriterEndsWithItsConnection(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		p.Ping(false, [8]byte{1})
		synctest.Wait()
		s.c.Fail(io.EOF)
		if s.standbyRuns() {
			t.Error("it outlives the connection")
		}
	})
}

// Two peers that both block in a write would wait for each other for ever.
func TestTheReaderReadsWhileTheStandbyWriterIsStuck(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		for i := range byte(10) {
			p.Ping(false, [8]byte{i})
			synctest.Wait()
		}
		if n := p.Conn().(*h2test.Conn).Unread(); n != 0 {
			t.Errorf("%d bytes have not been read", n)
		}
		conn.ReleaseWrites()
		for i := range byte(10) {
			p.WantNow("each is answered", h2test.PingFrame(true, [8]byte{i}))
		}
	})
}

func TestWhatComesWhileTheStandbyWriterIsStuckIsSentInOneWrite(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		p.Ping(false, [8]byte{0})
		synctest.Wait()
		before, _ := conn.Writes()
		for i := byte(1); i < 10; i++ {
			p.Ping(false, [8]byte{i})
			synctest.Wait()
		}
		conn.ReleaseWrites()
		for i := range byte(10) {
			p.WantNow("each is answered", h2test.PingFrame(true, [8]byte{i}))
		}
		if after, _ := conn.Writes(); after-before > 2 {
			t.Errorf("%d writes", after-before)
		}
	})
}

func TestAPeerThatReadsNothingIsNotReadFrom(t *testing.T) {
	runConn(t, 10, func(*Stream) {}, func(p *h2test.Peer, s *testServer) {
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		const pings = 20000
		ping := wire.AppendPing(nil, false, [8]byte{})
		var all []byte
		for range pings {
			all = append(all, ping...)
		}
		go p.Conn().Write(all)
		synctest.Wait()
		s.c.Lock()
		dead := s.c.DeadLocked()
		s.c.Unlock()
		if dead != nil {
			t.Fatal(dead)
		}
		if n := p.Conn().(*h2test.Conn).Unread(); n == 0 {
			t.Error("everything was read, and is owed an answer")
		}
	})
}
