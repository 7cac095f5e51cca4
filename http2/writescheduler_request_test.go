package http2

import (
	"math"
	"testing"
)

// fakeFlow is a stream's flow control with a window, beside the connection's, and a frame size.
type fakeFlow struct {
	id     uint32
	window int32
	conn   *int32
	frame  int32
}

// newFakeFlow returns a flow with a window, and no other limit near it.
func newFakeFlow(id uint32, window int32) *fakeFlow {
	conn := int32(1 << 30)
	return &fakeFlow{id: id, window: window, conn: &conn, frame: 1 << 14}
}

func (f *fakeFlow) StreamID() uint32 { return f.id }

func (f *fakeFlow) MayCarry() int32 { return max(0, min(f.window, *f.conn, f.frame)) }

func (f *fakeFlow) Charge(n int32) {
	f.window -= n
	*f.conn -= n
}

func TestConsumeTakesWhatIsAskedForAndAllowed(t *testing.T) {
	for _, test := range []struct {
		name                      string
		size                      int
		window, connWindow, frame int32
		n                         int32
		count, first, rest        int
	}{
		{"all of it", 100, 1000, 1000, 1000, 1000, 1, 100, 0},
		{"exactly all of it", 100, 100, 100, 100, 100, 1, 100, 0},
		{"as much as asked for", 100, 1000, 1000, 1000, 30, 2, 30, 70},
		{"as the stream's window", 100, 40, 1000, 1000, math.MaxInt32, 2, 40, 60},
		{"as the connection's window", 100, 1000, 50, 1000, math.MaxInt32, 2, 50, 50},
		{"as the frame size", 100, 1000, 1000, 60, math.MaxInt32, 2, 60, 40},
		{"no window", 100, 0, 1000, 1000, math.MaxInt32, 0, 0, 0},
		{"a negative window", 100, -10, 1000, 1000, math.MaxInt32, 0, 0, 0},
		{"no connection window", 100, 1000, 0, 1000, math.MaxInt32, 0, 0, 0},
		{"nothing asked for", 100, 1000, 1000, 1000, 0, 0, 0, 0},
		{"less than nothing asked for", 100, 1000, 1000, 1000, -1, 0, 0, 0},
		{"no content, no window", 0, 0, 0, 1000, 0, 1, 0, 0},
		{"no content, less than nothing asked for", 0, 1000, 1000, 1000, -1, 1, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := test.connWindow
			flow := &fakeFlow{id: 5, window: test.window, conn: &conn, frame: test.frame}
			first, rest, count := newDataRequest(flow, test.size).Consume(test.n)
			if count != test.count || first.DataSize() != test.first || rest.DataSize() != test.rest {
				t.Errorf("Consume(%d) = %v, %v, %d, want %d, %d bytes, %d",
					test.n, first, rest, count, test.first, test.rest, test.count)
			}
			taken := int32(test.first)
			if flow.window != test.window-taken || conn != test.connWindow-taken {
				t.Errorf("windows = %d, %d after %d bytes of %d, %d", flow.window, conn, taken, test.window, test.connWindow)
			}
			for _, wr := range []FrameWriteRequest{first, rest}[:count] {
				if wr.StreamID() != 5 {
					t.Errorf("stream %d, want 5", wr.StreamID())
				}
			}
		})
	}
}

func TestPiecesAddUpToTheWhole(t *testing.T) {
	flow := newFakeFlow(1, 1000)
	wr := newDataRequest(flow, 1000)
	total := 0
	for {
		piece, rest, count := wr.Consume(300)
		if count == 0 {
			t.Fatal("nothing consumed")
		}
		total += piece.DataSize()
		if count == 1 {
			break
		}
		wr = rest
	}
	if total != 1000 || flow.window != 0 {
		t.Errorf("%d bytes consumed and %d left, want 1000 and 0", total, flow.window)
	}
}

// P49.
func TestConsumingAConsumedRequestAgainChargesNothing(t *testing.T) {
	flow := newFakeFlow(1, 100)
	first, _, _ := newDataRequest(flow, 1000).Consume(math.MaxInt32)
	piece, rest, count := first.Consume(30)
	if count != 2 || piece.DataSize() != 30 || rest.DataSize() != 70 {
		t.Errorf("Consume(30) of 100 = %v, %v, %d", piece, rest, count)
	}
	if last, _, count := rest.Consume(math.MaxInt32); count != 1 || last.DataSize() != 70 {
		t.Errorf("Consume of the rest = %v, %d", last, count)
	}
	if flow.window != 0 {
		t.Errorf("window = %d, want 0", flow.window)
	}
}

func TestConsumeKeepsWhatIsToBeWritten(t *testing.T) {
	flow := newFakeFlow(1, 100)
	first, rest, _ := newDataRequest(flow, 1000).Consume(50)
	if first.flow != flow || rest.flow != flow || !first.paid || rest.paid {
		t.Errorf("Consume(50) = %+v, %+v", first, rest)
	}
	section := newStreamRequest("HEADERS", 1, "fields")
	if wr, _, count := section.Consume(0); wr != section || count != 1 {
		t.Errorf("Consume(0) = %+v, %d", wr, count)
	}
}

func TestTheZeroFrameWriteRequestIsHarmless(t *testing.T) {
	var zero FrameWriteRequest
	if zero.StreamID() != 0 || zero.DataSize() != 0 {
		t.Errorf("stream %d, %d bytes, want 0, 0", zero.StreamID(), zero.DataSize())
	}
	for _, n := range []int32{math.MinInt32, -1, 0, 1, math.MaxInt32} {
		if wr, rest, count := zero.Consume(n); wr != zero || rest != zero || count != 1 {
			t.Errorf("Consume(%d) = %v, %v, %d, want the zero value and 1", n, wr, rest, count)
		}
	}
	if got, want := zero.String(), "[FrameWriteRequest stream=0, ch=false, writer=<nil>]"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

// P50.
func TestRequestsDescribeThemselves(t *testing.T) {
	for _, test := range []struct {
		wr   FrameWriteRequest
		want string
	}{
		{newControlRequest("PING", 0, nil), "[FrameWriteRequest stream=0, ch=false, writer=PING]"},
		{newControlRequest("RST_STREAM", 7, nil), "[FrameWriteRequest stream=7, ch=false, writer=RST_STREAM]"},
		{newStreamRequest("HEADERS", 5, nil), "[FrameWriteRequest stream=5, ch=false, writer=HEADERS]"},
		{newDataRequest(newFakeFlow(3, 0), 12), "[FrameWriteRequest stream=3, ch=false, writer=DATA(12 bytes)]"},
	} {
		if got := test.wr.String(); got != test.want {
			t.Errorf("String() = %q, want %q", got, test.want)
		}
	}
}
