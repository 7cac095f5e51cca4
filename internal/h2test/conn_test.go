package h2test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

func TestConnBehavesAsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, b := Pipe()
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func wantRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, 100)
	if n, err := c.Read(b); string(b[:n]) != want || err != nil {
		t.Fatalf("Read: %q, %v; want %q", b[:n], err, want)
	}
}

func wantReadError(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 100)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("Read: %d bytes, %v; want %v", n, err, want)
	}
}

func wantWriteError(t *testing.T, c net.Conn, s string, n int, want error) {
	t.Helper()
	if got, err := c.Write([]byte(s)); got != n || !errors.Is(err, want) {
		t.Fatalf("Write: %d bytes, %v; want %d, %v", got, err, n, want)
	}
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	wantWriteError(t, c, s, len(s), nil)
}

func TestWritesAreBufferedAndReadsCanBeSplit(t *testing.T) {
	a, b := Pipe()
	write(t, a, "hello")
	if n := a.Unread(); n != 5 {
		t.Errorf("%d bytes unread, want 5", n)
	}
	b.SplitReads(3)
	wantRead(t, b, "hel")
	wantRead(t, b, "lo")
	if calls, n := a.Writes(); calls != 1 || n != 5 {
		t.Errorf("%d writes of %d bytes, want 1 of 5", calls, n)
	}
}

func TestReadDeadlinePassesInTheTimeOfTheBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Hour))
		wantReadError(t, a, os.ErrDeadlineExceeded)
		if d := time.Since(start); d != time.Hour {
			t.Errorf("the deadline passed after %v, want an hour", d)
		}
		a.SetReadDeadline(time.Time{})
		write(t, b, "x")
		wantRead(t, a, "x")
	})
}

func TestPostponedDeadlineDoesNotPassEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := Pipe()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Second))
		time.AfterFunc(time.Second/2, func() { a.SetReadDeadline(start.Add(time.Minute)) })
		wantReadError(t, a, os.ErrDeadlineExceeded)
		if d := time.Since(start); d != time.Minute {
			t.Errorf("the deadline passed after %v, want a minute", d)
		}
	})
}

func TestBlockedReadLeavesTheBubbleIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		done := false
		go func() {
			wantRead(t, a, "x")
			done = true
		}()
		synctest.Wait()
		if done {
			t.Error("Read returned before there was something to read")
		}
		write(t, b, "x")
		synctest.Wait()
		if !done {
			t.Error("Read did not return")
		}
	})
}

func TestCloseLeavesWhatWasWritten(t *testing.T) {
	a, b := Pipe()
	write(t, a, "bye")
	a.Close()
	wantRead(t, b, "bye")
	wantReadError(t, b, io.EOF)
	wantWriteError(t, b, "x", 0, ErrPipe)
	wantReadError(t, a, net.ErrClosed)
	wantWriteError(t, a, "x", 0, net.ErrClosed)
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseWriteEndsOneDirection(t *testing.T) {
	a, b := Pipe()
	a.CloseWrite()
	wantReadError(t, b, io.EOF)
	write(t, b, "still here")
	wantRead(t, a, "still here")
	wantWriteError(t, a, "x", 0, ErrPipe)
}

func TestResetLosesWhatWasNotRead(t *testing.T) {
	a, b := Pipe()
	write(t, a, "lost")
	a.Reset()
	wantReadError(t, b, ErrReset)
	wantWriteError(t, b, "x", 0, ErrReset)
}

func TestStalledWriteWaitsForItsRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		a.StallWrites()
		go write(t, a, "late")
		synctest.Wait()
		if n := a.Unread(); n != 0 {
			t.Errorf("a stalled Write wrote %d bytes", n)
		}
		a.ReleaseWrites()
		wantRead(t, b, "late")
	})
}

func TestStalledWriteHonoursItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := Pipe()
		a.StallWrites()
		a.SetWriteDeadline(time.Now().Add(time.Second))
		wantWriteError(t, a, "x", 0, os.ErrDeadlineExceeded)
	})
}

func TestFullBufferBlocksWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		a.LimitBuffer(4)
		done := false
		go func() {
			write(t, a, "abcdefgh")
			done = true
		}()
		synctest.Wait()
		if n := a.Unread(); n != 4 || done {
			t.Errorf("%d bytes buffered, done %v; want 4, false", n, done)
		}
		wantRead(t, b, "abcd")
		synctest.Wait()
		wantRead(t, b, "efgh")
		synctest.Wait()
		if !done {
			t.Error("Write did not return")
		}
	})
}

func TestWritesFailAfterSoManyBytes(t *testing.T) {
	a, b := Pipe()
	broken := errors.New("broken")
	a.FailWrites(3, broken)
	write(t, a, "ab")
	wantWriteError(t, a, "cd", 1, broken)
	wantWriteError(t, a, "e", 0, broken)
	wantRead(t, b, "abc")
}

func TestConcurrentWritesAreNotMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		a.LimitBuffer(1)
		var writers sync.WaitGroup
		for _, s := range []string{"aaaa", "bbbb", "cccc"} {
			writers.Go(func() { write(t, a, s) })
		}
		go func() {
			writers.Wait()
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || len(got) != 12 {
			t.Fatalf("%q, %v", got, err)
		}
		for _, s := range []string{"aaaa", "bbbb", "cccc"} {
			if !strings.Contains(string(got), s) {
				t.Errorf("%q was mixed: %q", s, got)
			}
		}
	})
}

func TestListenerHandsOutBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen()
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			write(t, c, "hello from "+c.LocalAddr().String())
		}()
		client, server, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		wantRead(t, client, "hello from 192.0.2.2:443")
		if calls, _ := server.Writes(); calls != 1 {
			t.Errorf("the server's end saw %d writes, want 1", calls)
		}
		l.Close()
		if _, _, err := l.Dial(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Dial after Close: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}
