package session

import (
	"fmt"
	"testing"

	"h2fork.example/net/internal/wire"
)

func TestSmallPiecesShareBuffersWhileTheyWait(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.emit()
	e.data(st, "a")
	one := st.Queued()
	for range smallBuffer/3 - 1 {
		e.data(st, "bcd")
	}
	if st.q.len() != 1 || st.Queued() != one || one < smallBuffer {
		t.Errorf("%d items take up %d bytes, the first one took up %d", st.q.len(), st.Queued(), one)
	}
	for range BufferSize / 3 {
		e.data(st, "bcd")
	}
	if st.q.len() != 2 || st.Queued() != one+BufferMemory {
		t.Errorf("%d items take up %d bytes, want two, a small and a large one", st.q.len(), st.Queued())
	}
	e.want("they are sent together", fmt.Sprintf("DATA(1) %d", 1+3*(smallBuffer/3-1+BufferSize/3)))
	if st.Queued() != 0 {
		t.Errorf("%d bytes are taken up by nothing", st.Queued())
	}
}

func TestABufferGrowsOnceItIsTooSmall(t *testing.T) {
	b := NewBuffer(3).Append([]byte("one"))
	small := b
	if b = b.Append([]byte("two")); b != small || cap(b.B) != smallBuffer {
		t.Errorf("six bytes are in a buffer of %d", cap(b.B))
	}
	if b = b.Append(make([]byte, BufferSize-6)); cap(b.B) != BufferSize || string(b.B[:7]) != "onetwo\x00" {
		t.Errorf("%d bytes that begin with %q are in a buffer of %d", len(b.B), b.B[:7], cap(b.B))
	}
	if small == b || len(small.B) != 0 {
		t.Errorf("the small buffer still has %d bytes", len(small.B))
	}
	b.Free()
	if b := NewBuffer(BufferSize); cap(b.B) != BufferSize || len(b.B) != 0 {
		t.Errorf("a new buffer has %d bytes of %d", len(b.B), cap(b.B))
	}
}

func TestPiecesThatDoNotFitGetABufferOfTheirOwn(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.emit()
	for range 3 {
		e.data(st, string(make([]byte, BufferSize/2+1)))
	}
	if st.q.len() != 3 || st.Queued() != 3*BufferMemory {
		t.Errorf("%d items take up %d bytes, want 3 of %d", st.q.len(), st.Queued(), BufferMemory)
	}
}

// The writer may be reading what has been emitted of a buffer to which more is added.
func TestWhatIsAddedToABufferFollowsWhatHasBeenSentOfIt(t *testing.T) {
	e := newServer(t, func(c *Config) {})
	e.mustRecv(wire.AppendSettings(nil, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 2}))
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "one")
	e.want("the window lets two through", "SETTINGS ACK", "HEADERS(1)", "DATA(1) 2")
	e.data(st, "two")
	if st.q.len() != 1 || string(st.q.first().data) != "etwo" {
		t.Errorf("%d items wait, the first with %q", st.q.len(), st.q.first().data)
	}
	e.mustRecv(wire.AppendWindowUpdate(nil, 1, 100))
	e.end(st)
	e.want("the rest", "DATA(1) 4 END_STREAM")
}

func TestPiecesBehindAFieldSectionOrLentBytesStayBehindThem(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.data(st, "a")
	e.lend(st, "b")
	e.data(st, "c")
	if st.q.len() != 4 {
		t.Errorf("%d items, want 4", st.q.len())
	}
}

// A user's scheduler keeps a value for each piece, so many pieces in one buffer could
// still be much memory.
func TestAUsersSchedulerGetsEachPieceByItself(t *testing.T) {
	e, _ := newExternal(t)
	st := e.accept(1, true)
	e.header(st)
	for range 3 {
		e.data(st, "x")
	}
	if st.q.len() != 4 || st.Queued() < 3*smallBuffer {
		t.Errorf("%d items take up %d bytes", st.q.len(), st.Queued())
	}
}

func TestAQueuedFieldSectionTakesUpWhatItsFieldsDo(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.SendInfo(&st.Stream, fieldSection(":status", "103", "link", fmt.Sprintf("%1000d", 1)))
	if n := st.Queued(); n < 1000 || n > 10000 {
		t.Errorf("a kilobyte takes up %d bytes", n)
	}
}
