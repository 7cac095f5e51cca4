package conn

import (
	"io"
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

// Clients that wait for news are many, and mostly there is none.
func TestAnOpenStreamOnWhichNothingMovesNeedsNeitherTimerNorIdleGoroutine(t *testing.T) {
	runConn(t, 10, func(*Stream) { time.Sleep(time.Minute) }, func(p *h2test.Peer, s *testServer) {
		quiet := func() bool {
			parked, standby := s.idlers()
			s.c.Lock()
			defer s.c.Unlock()
			return parked == 0 && !standby && !s.c.clock.sweeping
		}
		p.Request(1, h2test.EndStream)
		p.Ping(false, [8]byte{1})
		p.WantNow("the reader leaves writing to the standby writer", h2test.PingFrame(true, [8]byte{1}))
		if quiet() {
			t.Error("nothing is kept for what comes next")
		}
		time.Sleep(2 * sweepAfter)
		if !quiet() {
			t.Error("something is kept while nothing comes")
		}
		time.Sleep(time.Minute)
		p.Want("the response when the handler has returned", h2test.HeadersWith(1, h2test.EndStream, ":status", "204"))
		time.Sleep(2 * sweepAfter)
		if !quiet() || s.keepsForStreams() {
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
