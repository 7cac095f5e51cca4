package conn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/session"
)

func TestLoansGoBetweenTheBytesAroundThem(t *testing.T) {
	for name, test := range map[string]struct {
		buf    string
		pieces []loan
		want   string
	}{
		"nothing":          {"", nil, ""},
		"no loans":         {"abc", nil, "abc"},
		"one inside":       {"ad", []loan{{1, []byte("bc")}}, "abcd"},
		"at both ends":     {"bc", []loan{{0, []byte("a")}, {2, []byte("d")}}, "abcd"},
		"two in one place": {"ad", []loan{{1, []byte("b")}, {1, []byte("c")}}, "abcd"},
	} {
		var l loans
		for _, p := range test.pieces {
			l.add(p.at, p.data)
		}
		l.gather([]byte(test.buf))
		for _, piece := range l.iov {
			if len(piece) == 0 {
				t.Errorf("%s: an empty piece is one more element of the writev", name)
			}
		}
		if got := string(l.rest()); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestWhatIsLeftOfLoansIsWhatWasNotWritten(t *testing.T) {
	var l loans
	l.add(2, []byte("cd"))
	l.gather([]byte("abef"))
	var out bytes.Buffer
	if _, err := l.iov.WriteTo(&limited{&out, 3}); err == nil {
		t.Fatal("everything was written")
	}
	if got := out.String() + string(l.rest()); got != "abcdef" {
		t.Errorf("%q", got)
	}
}

// limited takes n bytes.
type limited struct {
	w io.Writer
	n int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) <= l.n {
		l.n -= len(p)
		return l.w.Write(p)
	}
	n, _ := l.w.Write(p[:l.n])
	l.n = 0
	return n, io.ErrShortWrite
}

func TestLoansThatWereForgottenAreKeptAliveByNothing(t *testing.T) {
	var l loans
	l.add(0, []byte("a"))
	l.gather([]byte("b"))
	l.forget()
	if l.any() || l.iov != nil || l.pieces[:1][0].data != nil || l.list[:1][0] != nil {
		t.Errorf("%v", l)
	}
}

// Records are made of what TLS is given, and a program that wraps a connection wants its Writes.
func TestOnlyPlainSocketsGather(t *testing.T) {
	for _, test := range []struct {
		nc   net.Conn
		want bool
	}{
		{new(net.TCPConn), true}, {new(net.UnixConn), true},
		{new(tls.Conn), false}, {struct{ *net.TCPConn }{}, false},
	} {
		if Gathers(test.nc) != test.want {
			t.Errorf("%T", test.nc)
		}
	}
}

// lendConn runs a handler that lends p once, with a connection that gathers, and waits
// until it has its bytes back or stop reports true.
func lendConn(t *testing.T, p []byte, stop func(*Stream) bool, script func(p *h2test.Peer, s *testServer, back chan struct{})) {
	t.Helper()
	back := make(chan struct{})
	runConn(t, 10, func(st *Stream) {
		st.Lock()
		sec := session.NewSection()
		sec.Fields = append(sec.Fields, h2test.Fields(":status", "200")...)
		st.SendHeaderLocked(sec)
		st.SendLentLocked(p)
		st.WakeLocked()
		st.WaitLocked(func() bool {
			if stop(st) && st.LentOutLocked() {
				st.RecallLocked()
			}
			return !st.LentLocked()
		})
		st.UnlockAndWake()
		close(back)
	}, func(p *h2test.Peer, s *testServer) { script(p, s, back) })
}

func isBack(back chan struct{}) bool {
	synctest.Wait()
	select {
	case <-back:
		return true
	default:
		return false
	}
}

func never(*Stream) bool { return false }

func TestALenderWaitsForTheWriteOfItsBytes(t *testing.T) {
	p := bytes.Repeat([]byte("x"), minLoan)
	lendConn(t, p, never, func(peer *h2test.Peer, s *testServer, back chan struct{}) {
		s.c.out.direct = true
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		peer.Request(1, h2test.EndStream)
		if isBack(back) {
			t.Error("the bytes are back before they were written")
		}
		conn.ReleaseWrites()
		peer.WantNow("they are sent", h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, string(p), h2test.KeepOpen))
		if !isBack(back) {
			t.Error("they were written, and are not back")
		}
	})
}

// Where nothing is written from where it is, the copy ends the loan.
func TestALenderDoesNotWaitForTheWriteOfACopy(t *testing.T) {
	p := bytes.Repeat([]byte("x"), minLoan)
	lendConn(t, p, never, func(peer *h2test.Peer, s *testServer, back chan struct{}) {
		s.c.nc.(*h2test.Conn).StallWrites()
		peer.Request(1, h2test.EndStream)
		if !isBack(back) {
			t.Error("the bytes have been copied, and are not back")
		}
		s.c.Fail(io.EOF)
	})
}

func TestARecallGivesTheBytesBackAndTheRestIsStillSent(t *testing.T) {
	p := bytes.Repeat([]byte("x"), minLoan)
	late := false // guarded by the connection's lock
	lendConn(t, p, func(*Stream) bool { return late }, func(peer *h2test.Peer, s *testServer, back chan struct{}) {
		s.c.out.direct = true
		conn := s.c.nc.(*h2test.Conn)
		conn.StallWrites()
		peer.Request(1, h2test.EndStream)
		if isBack(back) {
			t.Fatal("the bytes are back before they were written")
		}
		s.c.Lock()
		late = true
		s.started.WakeWaitersLocked()
		s.c.Unlock()
		if !isBack(back) {
			t.Error("they have been recalled, and are not back")
		}
		clear(p) // they are the lender's again
		conn.ReleaseWrites()
		peer.WantNow("what was promised is sent", h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, string(bytes.Repeat([]byte("x"), minLoan)), h2test.KeepOpen))
		s.c.Lock()
		defer s.c.Unlock()
		if s.c.recalled || s.c.lending {
			t.Error("the next write would be interrupted")
		}
	})
}

func TestARecallWithoutALoanInterruptsNothing(t *testing.T) {
	nc := new(slowConn)
	c := &Conn{nc: nc}
	c.out.direct = true
	c.RecallLocked()
	c.lending = true
	c.out.direct = false
	c.RecallLocked()
	if c.recalled || nc.deadlines != 0 {
		t.Error("a write has been interrupted")
	}
	c.out.direct = true
	c.RecallLocked()
	c.RecallLocked()
	if !c.recalled || nc.deadlines != 1 {
		t.Errorf("%d deadlines", nc.deadlines)
	}
}

func TestAWriteOfLoansThatMovesSomethingGetsTheWholeTimeoutAgain(t *testing.T) {
	nc := &slowConn{takes: []int{1, 2, 2, 100, 100}}
	c := &Conn{nc: nc, opt: &Options{WriteByteTimeout: time.Second}}
	c.out.output = new(output)
	c.out.loans.add(2, []byte("cd"))
	c.out.loans.gather([]byte("abef"))
	if err := c.writeLoans(); err != nil || string(nc.written) != "abcdef" {
		t.Errorf("%v; %q", err, nc.written)
	}
	c.out.loans.gather([]byte("abef"))
	if err := c.writeLoans(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write that moves nothing: %v", err)
	}
}
