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
	c := NewServer(nil, Options{Session: session.Config{
		MaxConcurrentStreams: 10, InitialWindow: 1 << 20, ConnWindow: 1 << 20, MaxHeaderListSize: 1 << 10, Policy: sched.NewRoundRobin(),
	}}, new(testServer))
	c.writing = true // whatever is to be written waits
	st := new(Stream)
	st.Init(c, nil, new(Body))
	if ok, err := c.sess.Accept(&st.proto, 1, false, -1, sched.Priority{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	return st.Body
}

// deliver is what the reader goroutine does with DATA.
func deliver(b *Body, data []byte) {
	wanted, waited := b.put(data)
	if waited {
		b.wake()
	}
	if !wanted {
		b.discard(len(data))
	}
}

func TestBodyKeepsTheOrderOfItsBytes(t *testing.T) {
	b := newBody(t)
	var want strings.Builder
	for n := 1; n < 40000; n = n*2 + 1 {
		piece := strings.Repeat(string(rune('a'+n%26)), n)
		want.WriteString(piece)
		deliver(b, []byte(piece))
	}
	b.End(io.EOF, nil)
	got, err := io.ReadAll(b)
	if string(got) != want.String() || err != nil {
		t.Errorf("%d of %d bytes, or others, and %v", len(got), want.Len(), err)
	}
}

func TestBodyErrorComesAfterItsBytes(t *testing.T) {
	b := newBody(t)
	deliver(b, []byte("abc"))
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
		deliver(b, []byte("x"))
		if s := <-got; s != "x" {
			t.Errorf("Read returned %q", s)
		}
	})
}

func TestBodyFillsTheBufferOfAReadThatWaitsAndKeepsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody(t)
		p := make([]byte, 3)
		got := make(chan string)
		go func() {
			n, _ := b.Read(p)
			got <- string(p[:n])
		}()
		synctest.Wait()
		for _, piece := range []string{"a", "bcd", "ef"} { // in one read of the connection
			if _, waited := b.put([]byte(piece)); waited != (piece == "a") {
				t.Errorf("after %q: to be woken: %v", piece, waited)
			}
		}
		synctest.Wait()
		select {
		case s := <-got:
			t.Errorf("Read returned %q before it was woken", s)
		default:
		}
		b.wake()
		if s := <-got; s != "abc" {
			t.Errorf("Read returned %q", s)
		}
		b.End(io.EOF, nil)
		if rest, err := io.ReadAll(b); string(rest) != "def" || err != nil {
			t.Errorf("after that %q, %v", rest, err)
		}
	})
}

func TestBodyServesEveryReadThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody(t)
		got := make(chan string)
		for range 3 {
			go func() {
				p := make([]byte, 1)
				n, _ := b.Read(p)
				got <- string(p[:n])
			}()
		}
		synctest.Wait()
		for _, piece := range []string{"a", "b", "c"} {
			deliver(b, []byte(piece))
			if s := <-got; s != piece {
				t.Errorf("Read returned %q for %q", s, piece)
			}
			synctest.Wait()
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
	deliver(b, make([]byte, 50000))
	b.Close()
	b.Close()
	deliver(b, make([]byte, 50000))
	if b.first != nil || b.last != nil || b.n != 0 {
		t.Errorf("%d bytes are held", b.n)
	}
	if !b.Buffered() {
		t.Error("Read would wait on a closed body")
	}
}

func TestBodyThatIsClosedBeforeAllIsReadDoesNotLookWhole(t *testing.T) {
	for name, end := range map[string]func(b *Body){
		"all has come":   func(b *Body) { b.End(io.EOF, nil); b.Close() },
		"more will come": func(b *Body) { b.Close(); deliver(b, []byte("def")); b.End(io.EOF, nil) },
	} {
		b := newBody(t)
		deliver(b, []byte("abc"))
		end(b)
		if n, err := b.Read(make([]byte, 10)); n != 0 || err != ErrBodyClosed {
			t.Errorf("%s: Read returns %d, %v", name, n, err)
		}
	}
}

func TestBodyThatIsClosedAfterItsEndHasEnded(t *testing.T) {
	b := newBody(t)
	b.End(io.EOF, nil)
	b.Close()
	if n, err := b.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("Read returns %d, %v", n, err)
	}
}

func TestBodyOfOneByteTakesASmallChunk(t *testing.T) {
	b := newBody(t)
	deliver(b, []byte("x"))
	if n := len(b.first.b); n != smallChunk {
		t.Errorf("one byte is held in %d", n)
	}
}
