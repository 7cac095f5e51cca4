package relay

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	testDelay = 40 * time.Millisecond
	testRate  = 1 << 20
)

// join returns the ends of a link. The test is over when nothing is under way any more.
func join(t *testing.T, l Link) (near, far net.Conn) {
	near, a := net.Pipe()
	b, far := net.Pipe()
	var relay sync.WaitGroup
	relay.Go(func() { l.Join(a, b) })
	t.Cleanup(func() {
		near.Close()
		far.Close()
		relay.Wait()
	})
	return near, far
}

func TestBytesArriveAfterTheDelayInBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := join(t, Link{testDelay, testRate})
		for _, c := range []struct{ from, to net.Conn }{{near, far}, {far, near}} {
			begin := time.Now()
			go c.from.Write([]byte("x"))
			if _, err := c.to.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took < testDelay || took > testDelay+time.Millisecond {
				t.Errorf("a byte was on its way for %v, want %v and the time that a byte takes", took, testDelay)
			}
		}
	})
}

func TestASenderGoesOnWhileItsBytesAreOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := join(t, Link{testDelay, testRate})
		begin := time.Now()
		for range 10 {
			near.Write([]byte("x"))
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("ten writes took %v", took)
		}
		io.ReadFull(far, make([]byte, 10))
		if took := time.Since(begin); took > testDelay+time.Millisecond {
			t.Errorf("ten bytes that were sent together were on their way for %v", took)
		}
	})
}

func TestOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := join(t, Link{testDelay, testRate})
		var want []byte
		for i := range 200 {
			want = append(want, bytes.Repeat([]byte{byte(i)}, i)...)
		}
		go func() {
			for i := range 200 {
				near.Write(bytes.Repeat([]byte{byte(i)}, i))
			}
			near.Close()
		}()
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes arrived of %d, or in another order; %v", len(got), len(want), err)
		}
	})
}

func TestTheRateHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := join(t, Link{testDelay, testRate})
		begin := time.Now()
		go func() {
			near.Write(make([]byte, 3*testRate))
			near.Close()
		}()
		n, _ := io.Copy(io.Discard, far)
		if n != 3*testRate {
			t.Fatalf("%d bytes arrived", n)
		}
		want := 3*time.Second + testDelay
		if took := time.Since(begin); took < want-time.Millisecond || took > want+time.Millisecond {
			t.Errorf("three seconds' worth of bytes took %v, want %v", took, want)
		}
	})
}

func TestWhatWasSentBeforeTheEndArrivesBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := join(t, Link{testDelay, testRate})
		begin := time.Now()
		near.Write([]byte("the last"))
		near.Close()
		got, err := io.ReadAll(far)
		if err != nil || string(got) != "the last" {
			t.Errorf("%q arrived, %v", got, err)
		}
		if took := time.Since(begin); took < testDelay {
			t.Errorf("the end arrived after %v, before it can have", took)
		}
	})
}

func TestASenderWaitsWhileTheLinkIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Link{testDelay, testRate}
		near, _ := join(t, l)
		full := l.capacity() + 2*segmentSize
		sent := 0
		go func() {
			for sent <= full {
				n, err := near.Write(make([]byte, 1<<10))
				sent += n
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Hour) // the receiver does not read
		synctest.Wait()
		if sent > full {
			t.Errorf("%d bytes were taken that are not received, want at most %d", sent, full)
		}
	})
}

// A deaf is a connection that writes fail on and that can be read from.
type deaf struct{ net.Conn }

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestASenderIsToldThatTheReceiverIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, a := net.Pipe()
		b, far := net.Pipe()
		var relay sync.WaitGroup
		relay.Go(func() { Link{testDelay, testRate}.Join(a, deaf{b}) })
		defer relay.Wait()
		defer far.Close()
		near.Write([]byte("x"))
		time.Sleep(2 * testDelay)
		if _, err := near.Write([]byte("y")); err == nil {
			t.Error("what is sent to a receiver that is gone is taken")
		}
	})
}
