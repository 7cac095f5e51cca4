package conn

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/sched"
	"h2fork.example/net/internal/session"
)

// newBody returns the body of an open stream on a connection that nobody serves.
func newBody(t *testing.T) *Body {
	t.Helper()
	c := New(Options{Session: session.Config{
		MaxConcurrentStreams: 10, InitialWindow: 1 << 20, ConnWindow: 1 << 20, MaxHeaderListSize: 1 << 10, Policy: sched.NewRoundRobin(),
	}, Side: new(testSide)})
	c.writing = true // whatever is to be written waits
	st := new(Stream)
	st.Init(c, nil)
	if ok, err := c.sess.Accept(&st.Stream, 1, false, -1, sched.Priority{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	return &st.Body
}

func TestBodyKeepsTheOrderOfItsBytes(t *testing.T) {
	b := newBody(t)
	var want strings.Builder
	for n := 1; n < 40000; n = n*2 + 1 {
		piece := strings.Repeat(string(rune('a'+n%26)), n)
		want.WriteString(piece)
		b.deliver([]byte(piece))
	}
	b.End(io.EOF, nil)
	got, err := io.ReadAll(b)
	if string(got) != want.String() || err != nil {
		t.Errorf("%d of %d bytes, or others, and %v", len(got), want.Len(), err)
	}
}

func TestBodyErrorComesAfterItsBytes(t *testing.T) {
	b := newBody(t)
	b.deliver([]byte("abc"))
	fail := errors.New("broken")
	b.End(fail, nil)
	b.End(io.EOF, nil) // the first counts
	got, err := io.ReadAll(b)
	if string(got) != "abc" || err != fail {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBodyRunsAtEndOnceBeforeTheErrorIsSeen(t *testing.T) {
	b := newBody(t)
	runs := 0
	b.End(io.EOF, func() { runs++ })
	if n, err := b.Read(nil); n != 0 || err != nil || runs != 0 {
		t.Errorf("an empty Read: %d, %v; %d runs", n, err, runs)
	}
	for range 3 {
		if _, err := b.Read(make([]byte, 1)); err != io.EOF || runs != 1 {
			t.Errorf("%v; %d runs", err, runs)
		}
	}
}

func TestBodyReadWaitsForBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody(t)
		got := make(chan string)
		go func() {
			p := make([]byte, 10)
			n, _ := b.Read(p)
			got <- string(p[:n])
		}()
		synctest.Wait()
		select {
		case s := <-got:
			t.Errorf("Read returned %q", s)
		default:
		}
		b.deliver([]byte("x"))
		if s := <-got; s != "x" {
			t.Errorf("Read returned %q", s)
		}
	})
}

func TestBodyCloseWakesItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody(t)
		got := make(chan error)
		go func() {
			_, err := b.Read(make([]byte, 1))
			got <- err
		}()
		synctest.Wait()
		b.Close()
		if err := <-got; err != ErrBodyClosed {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestBodyThatIsClosedKeepsNothing(t *testing.T) {
	b := newBody(t)
	b.deliver(make([]byte, 50000))
	b.Close()
	b.Close()
	b.deliver(make([]byte, 50000))
	if b.first != nil || b.last != nil || b.n != 0 {
		t.Errorf("%d bytes are held", b.n)
	}
	if !b.Buffered() {
		t.Error("Read would wait on a closed body")
	}
}

func TestBodyOfOneByteTakesASmallChunk(t *testing.T) {
	b := newBody(t)
	b.deliver([]byte("x"))
	if n := len(b.first.b); n != smallChunk {
		t.Errorf("one byte is held in %d", n)
	}
}
