package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

// A writeCounter keeps what was written, and counts the Writes.
type writeCounter struct {
	bytes.Buffer
	writes int
}

func (w *writeCounter) Write(p []byte) (int, error) {
	w.writes++
	return w.Buffer.Write(p)
}

// writeCases call the Write methods of both Framers with the same arguments.
var writeCases = []struct {
	name   string
	ours   func(*Framer) error
	theirs func(*xhttp2.Framer) error
}{
	{"data", func(f *Framer) error { return f.WriteData(1, true, []byte("x")) }, func(f *xhttp2.Framer) error { return f.WriteData(1, true, []byte("x")) }},
	{"data on stream 0", func(f *Framer) error { return f.WriteData(0, false, nil) }, func(f *xhttp2.Framer) error { return f.WriteData(0, false, nil) }},
	{"data on a reserved stream", func(f *Framer) error { return f.WriteData(1<<31, false, nil) }, func(f *xhttp2.Framer) error { return f.WriteData(1<<31, false, nil) }},
	{"padded", func(f *Framer) error { return f.WriteDataPadded(1, false, []byte("x"), make([]byte, 255)) }, func(f *xhttp2.Framer) error { return f.WriteDataPadded(1, false, []byte("x"), make([]byte, 255)) }},
	{"empty padding", func(f *Framer) error { return f.WriteDataPadded(1, false, nil, []byte{}) }, func(f *xhttp2.Framer) error { return f.WriteDataPadded(1, false, nil, []byte{}) }},
	{"too much padding", func(f *Framer) error { return f.WriteDataPadded(1, false, nil, make([]byte, 256)) }, func(f *xhttp2.Framer) error { return f.WriteDataPadded(1, false, nil, make([]byte, 256)) }},
	{"padding that isn't zero", func(f *Framer) error { return f.WriteDataPadded(1, false, nil, []byte("x")) }, func(f *xhttp2.Framer) error { return f.WriteDataPadded(1, false, nil, []byte("x")) }},
	{"headers", func(f *Framer) error {
		return f.WriteHeaders(HeadersFrameParam{StreamID: 1, BlockFragment: []byte("block"), EndStream: true, EndHeaders: true, PadLength: 3, Priority: PriorityParam{StreamDep: 5, Exclusive: true, Weight: 7}})
	}, func(f *xhttp2.Framer) error {
		return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("block"), EndStream: true, EndHeaders: true, PadLength: 3, Priority: xhttp2.PriorityParam{StreamDep: 5, Exclusive: true, Weight: 7}})
	}},
	{"headers, nothing set", func(f *Framer) error { return f.WriteHeaders(HeadersFrameParam{}) }, func(f *xhttp2.Framer) error { return f.WriteHeaders(xhttp2.HeadersFrameParam{}) }},
	{"headers, bad dependency", func(f *Framer) error {
		return f.WriteHeaders(HeadersFrameParam{StreamID: 1, Priority: PriorityParam{StreamDep: 1 << 31}})
	}, func(f *xhttp2.Framer) error {
		return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, Priority: xhttp2.PriorityParam{StreamDep: 1 << 31}})
	}},
	{"priority", func(f *Framer) error { return f.WritePriority(1, PriorityParam{StreamDep: 3, Weight: 2}) }, func(f *xhttp2.Framer) error { return f.WritePriority(1, xhttp2.PriorityParam{StreamDep: 3, Weight: 2}) }},
	{"priority, bad dependency", func(f *Framer) error { return f.WritePriority(1, PriorityParam{StreamDep: 1 << 31}) }, func(f *xhttp2.Framer) error { return f.WritePriority(1, xhttp2.PriorityParam{StreamDep: 1 << 31}) }},
	{"priority on stream 0", func(f *Framer) error { return f.WritePriority(0, PriorityParam{}) }, func(f *xhttp2.Framer) error { return f.WritePriority(0, xhttp2.PriorityParam{}) }},
	{"reset", func(f *Framer) error { return f.WriteRSTStream(1, ErrCodeCancel) }, func(f *xhttp2.Framer) error { return f.WriteRSTStream(1, xhttp2.ErrCodeCancel) }},
	{"reset of stream 0", func(f *Framer) error { return f.WriteRSTStream(0, 99) }, func(f *xhttp2.Framer) error { return f.WriteRSTStream(0, 99) }},
	{"settings", func(f *Framer) error {
		return f.WriteSettings(Setting{SettingMaxFrameSize, 3}, Setting{0xff, 1 << 31})
	}, func(f *xhttp2.Framer) error {
		return f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingMaxFrameSize, Val: 3}, xhttp2.Setting{ID: 0xff, Val: 1 << 31})
	}},
	{"no settings", func(f *Framer) error { return f.WriteSettings() }, func(f *xhttp2.Framer) error { return f.WriteSettings() }},
	{"settings ack", func(f *Framer) error { return f.WriteSettingsAck() }, func(f *xhttp2.Framer) error { return f.WriteSettingsAck() }},
	{"push promise", func(f *Framer) error {
		return f.WritePushPromise(PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: []byte("b"), EndHeaders: true, PadLength: 1})
	}, func(f *xhttp2.Framer) error {
		return f.WritePushPromise(xhttp2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: []byte("b"), EndHeaders: true, PadLength: 1})
	}},
	{"push promise of stream 0", func(f *Framer) error { return f.WritePushPromise(PushPromiseParam{StreamID: 1}) }, func(f *xhttp2.Framer) error { return f.WritePushPromise(xhttp2.PushPromiseParam{StreamID: 1}) }},
	{"ping", func(f *Framer) error { return f.WritePing(true, [8]byte{1, 2}) }, func(f *xhttp2.Framer) error { return f.WritePing(true, [8]byte{1, 2}) }},
	{"go away", func(f *Framer) error { return f.WriteGoAway(1<<31|3, ErrCodeNo, []byte("bye")) }, func(f *xhttp2.Framer) error { return f.WriteGoAway(1<<31|3, xhttp2.ErrCodeNo, []byte("bye")) }},
	{"window update", func(f *Framer) error { return f.WriteWindowUpdate(0, 1<<31-1) }, func(f *xhttp2.Framer) error { return f.WriteWindowUpdate(0, 1<<31-1) }},
	{"window update of 0", func(f *Framer) error { return f.WriteWindowUpdate(1, 0) }, func(f *xhttp2.Framer) error { return f.WriteWindowUpdate(1, 0) }},
	{"window update too large", func(f *Framer) error { return f.WriteWindowUpdate(1, 1<<31) }, func(f *xhttp2.Framer) error { return f.WriteWindowUpdate(1, 1<<31) }},
	{"continuation", func(f *Framer) error { return f.WriteContinuation(1, true, []byte("b")) }, func(f *xhttp2.Framer) error { return f.WriteContinuation(1, true, []byte("b")) }},
	{"continuation on stream 0", func(f *Framer) error { return f.WriteContinuation(0, true, nil) }, func(f *xhttp2.Framer) error { return f.WriteContinuation(0, true, nil) }},
	{"priority update", func(f *Framer) error { return f.WritePriorityUpdate(1, "u=1") }, func(f *xhttp2.Framer) error { return f.WritePriorityUpdate(1, "u=1") }},
	{"priority update of stream 0", func(f *Framer) error { return f.WritePriorityUpdate(0, "u=1") }, func(f *xhttp2.Framer) error { return f.WritePriorityUpdate(0, "u=1") }},
	{"raw", func(f *Framer) error { return f.WriteRawFrame(0xee, 0xdd, 1<<31, []byte("x")) }, func(f *xhttp2.Framer) error { return f.WriteRawFrame(0xee, 0xdd, 1<<31, []byte("x")) }},
}

func TestFramesAreWrittenAsUpstreamWritesThemInOneWrite(t *testing.T) {
	for _, illegal := range []bool{false, true} {
		for _, test := range writeCases {
			t.Run(fmt.Sprintf("%s,illegal=%v", test.name, illegal), func(t *testing.T) {
				var got, want writeCounter
				ours, theirs := NewFramer(&got, nil), xhttp2.NewFramer(&want, nil)
				ours.AllowIllegalWrites, theirs.AllowIllegalWrites = illegal, illegal
				gotErr, wantErr := test.ours(ours), test.theirs(theirs)
				if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
					t.Fatalf("error %v, want %v", gotErr, wantErr)
				}
				if got.String() != want.String() || got.writes != want.writes {
					t.Errorf("%d writes of\n%q, want %d of\n%q", got.writes, got.String(), want.writes, want.String())
				}
			})
		}
	}
}

func TestFrameTooLargeToWriteIsNotWritten(t *testing.T) {
	var w writeCounter
	if err := NewFramer(&w, nil).WriteData(1, false, make([]byte, 1<<24)); err != ErrFrameTooLarge {
		t.Errorf("error %v, want %v", err, ErrFrameTooLarge)
	}
	if w.writes != 0 {
		t.Errorf("%d writes, want none", w.writes)
	}
}

// A writerFunc is an io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestShortWriteIsAnError(t *testing.T) {
	fr := NewFramer(writerFunc(func(p []byte) (int, error) { return len(p) - 1, nil }), nil)
	if err := fr.WriteSettingsAck(); err != io.ErrShortWrite {
		t.Errorf("error %v, want %v", err, io.ErrShortWrite)
	}
}

func TestErrorOfTheWriterIsReturned(t *testing.T) {
	broken := errors.New("broken")
	fr := NewFramer(writerFunc(func(p []byte) (int, error) { return 0, broken }), nil)
	if err := fr.WriteSettingsAck(); err != broken {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestWritingDoesNotAllocate(t *testing.T) {
	fr := NewFramer(io.Discard, nil)
	data, fragment := make([]byte, 1000), make([]byte, 100)
	settings := []Setting{{SettingMaxFrameSize, 1 << 14}, {SettingEnablePush, 0}}
	allocs := testing.AllocsPerRun(100, func() {
		fr.WriteData(1, true, data)
		fr.WriteHeaders(HeadersFrameParam{StreamID: 1, BlockFragment: fragment})
		fr.WriteSettings(settings...)
		fr.WritePing(true, [8]byte{})
		fr.WriteWindowUpdate(1, 1)
		fr.WriteGoAway(1, ErrCodeNo, nil)
		fr.WriteRSTStream(1, ErrCodeCancel)
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

func TestPriorityParamWithAnythingSetIsNotZero(t *testing.T) {
	if !(PriorityParam{}).IsZero() {
		t.Error("the zero value is not zero")
	}
	for _, p := range []PriorityParam{{StreamDep: 1}, {Exclusive: true}, {Weight: 1}, {urgency: 1}, {incremental: 1}} {
		if p.IsZero() {
			t.Errorf("%+v is zero", p)
		}
	}
}
