package session

import (
	"fmt"
	"testing"

	"h2fork.example/net/internal/wire"
)

func TestSmallPiecesShareABufferWhileTheyWait(t *testing.T) {
	e := newServer(t)
	st := e.accept(1, true)
	e.header(st)
	e.emit()
	e.data(st, "a")
	one := st.Queued()
	for range 999 {
		e.data(st, "bcd")
	}
	if st.q.len() != 1 || st.Queued() != one || one < BufferSize {
		t.Errorf("%d items take up %d bytes, the first one took up %d", st.q.len(), st.Queued(), one)
	}
	e.want("they are sent together", "DATA(1) 2998")
	if st.Queued() != 0 {
		t.Errorf("%d bytes are taken up by nothing", st.Queued())
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
	if st.q.len() != 4 || st.Queued() < 3*BufferMemory {
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
