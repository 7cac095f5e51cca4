package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/wire"
)

func framerOf(frames ...[]byte) *Framer {
	return NewFramer(nil, bytes.NewReader(bytes.Join(frames, nil)))
}

func mustReadFrame(t *testing.T, fr *Framer) Frame {
	t.Helper()
	f, err := fr.ReadFrame()
	if err != nil {
		t.Fatalf("ReadFrame: %v (%v)", err, fr.ErrorDetail())
	}
	return f
}

func TestFrameHeaderIsTwelveBytesOfMemory(t *testing.T) {
	if n := unsafe.Sizeof(FrameHeader{}); n != 12 {
		t.Errorf("%d bytes, want 12", n)
	}
}

func TestFrameHeadersArePrintedAsUpstreamPrintsThem(t *testing.T) {
	for typ := range 256 {
		if 0x0a <= typ && typ <= 0x0f {
			continue // of which upstream prints nothing
		}
		for _, flags := range []Flags{0, 1, 4, 0x2d, 0xff} {
			ours := FrameHeader{Type: FrameType(typ), Flags: flags, Length: 7, StreamID: uint32(typ % 3)}
			theirs := xhttp2.FrameHeader{Type: xhttp2.FrameType(typ), Flags: xhttp2.Flags(flags), Length: 7, StreamID: uint32(typ % 3)}
			if ours.String() != theirs.String() {
				t.Errorf("%v, want %v", ours, theirs)
			}
		}
	}
}

// P41.
func TestTypesInTheGapHaveANumberForAName(t *testing.T) {
	if got, want := (FrameHeader{Type: 0x0a, Length: 1}).String(), "[FrameHeader UNKNOWN_FRAME_TYPE_10 len=1]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestReadFrameHeaderReadsNineBytes(t *testing.T) {
	r := strings.NewReader("\x00\x00\x05\x01\x04\x80\x00\x00\x03rest")
	fh, err := ReadFrameHeader(r)
	if err != nil || fh.Length != 5 || fh.Type != FrameHeaders || fh.Flags != FlagHeadersEndHeaders || fh.StreamID != 3 {
		t.Errorf("got %v, %v", fh, err)
	}
	if r.Len() != len("rest") {
		t.Errorf("%d bytes left, want 4", r.Len())
	}
	if _, err := ReadFrameHeader(r); err != io.ErrUnexpectedEOF {
		t.Errorf("short header: %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if _, err := ReadFrameHeader(r); err != io.EOF {
		t.Errorf("no header: %v, want %v", err, io.EOF)
	}
}

func TestHeaderAndPayloadCanBeReadApart(t *testing.T) {
	fr := framerOf(wire.AppendData(nil, 1, true, []byte("hello")), wire.AppendData(nil, 1, true, []byte("skipped")))
	fh, err := fr.ReadFrameHeader()
	if err != nil {
		t.Fatal(err)
	}
	f, err := fr.ReadFrameForHeader(fh)
	if err != nil || string(f.(*DataFrame).Data()) != "hello" {
		t.Fatalf("got %v, %v", f, err)
	}
	fh, err = fr.ReadFrameHeader()
	if err != nil || fh.Length != 7 {
		t.Fatalf("got %v, %v", fh, err)
	}
	if rest, _ := io.ReadAll(fr.r); string(rest) != "skipped" {
		t.Errorf("the payload is %q", rest)
	}
}

func TestReadFrameForAHeaderOfTheCallersMaking(t *testing.T) {
	fr := NewFramer(nil, strings.NewReader("hello"))
	f, err := fr.ReadFrameForHeader(FrameHeader{Type: FrameData, Length: 5, StreamID: 1})
	if err != nil || string(f.(*DataFrame).Data()) != "hello" {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestFrameLargerThanTheMaximumIsNotConsumed(t *testing.T) {
	r := bytes.NewReader(wire.AppendData(nil, 1, true, make([]byte, 101)))
	fr := NewFramer(nil, r)
	fr.SetMaxReadFrameSize(100)
	fh, err := fr.ReadFrameHeader()
	if err != ErrFrameTooLarge || fh.Length != 101 || fh.StreamID != 1 {
		t.Errorf("got %v, %v; want %v", fh, err, ErrFrameTooLarge)
	}
	if r.Len() != 101 {
		t.Errorf("%d bytes left, want 101", r.Len())
	}
}

func TestMaximumFrameSizeIsBoundedByTheProtocol(t *testing.T) {
	fr := framerOf()
	fr.SetMaxReadFrameSize(1 << 31)
	if fr.maxReadSize != 1<<24-1 {
		t.Errorf("%d", fr.maxReadSize)
	}
}

func TestAnswerThatLooksLikeHTTP1IsExplained(t *testing.T) {
	const answer = "HTTP/1.1 400 Bad Request\r\n\r\n"
	for _, size := range []uint32{1 << 14, 1 << 24} { // too large, and cut off
		ours := NewFramer(nil, strings.NewReader(answer))
		ours.SetMaxReadFrameSize(size)
		theirs := xhttp2.NewFramer(nil, strings.NewReader(answer))
		theirs.SetMaxReadFrameSize(size)
		_, got := ours.ReadFrame()
		_, want := theirs.ReadFrame()
		if fmt.Sprint(got) != fmt.Sprint(want) || !strings.Contains(got.Error(), "HTTP/1.1") {
			t.Errorf("got %v, want %v", got, want)
		}
		if errors.Is(got, ErrFrameTooLarge) != errors.Is(want, xhttp2.ErrFrameTooLarge) || errors.Is(got, io.ErrUnexpectedEOF) != errors.Is(want, io.ErrUnexpectedEOF) {
			t.Errorf("got %v to wrap what %v does", got, want)
		}
	}
}

func TestFramesOutOfOrderAreExplainedAsUpstreamDoes(t *testing.T) {
	open := wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1})
	for _, frames := range [][][]byte{
		{wire.AppendContinuation(nil, 1, true, nil)},
		{open, wire.AppendPing(nil, false, [8]byte{})},
		{open, wire.AppendContinuation(nil, 3, true, nil)},
		{open, wire.AppendContinuation(nil, 1, false, nil), wire.AppendData(nil, 1, true, nil)},
		{open, wire.AppendContinuation(nil, 1, true, nil), wire.AppendContinuation(nil, 1, true, nil)},
		{open, wire.AppendHeader(nil, wire.Header{Type: 0x42})},
	} {
		stream := bytes.Join(frames, nil)
		ours, theirs := NewFramer(nil, bytes.NewReader(stream)), xhttp2.NewFramer(nil, bytes.NewReader(stream))
		var got, want error
		for got == nil && want == nil {
			_, got = ours.ReadFrame()
			_, want = theirs.ReadFrame()
		}
		if fmt.Sprint(got, ours.ErrorDetail()) != fmt.Sprint(want, theirs.ErrorDetail()) || got != ConnectionError(ErrCodeProtocol) {
			t.Errorf("got %v (%v), want %v (%v)", got, ours.ErrorDetail(), want, theirs.ErrorDetail())
		}
	}
}

func TestErrorDetailIsThatOfTheLastRead(t *testing.T) {
	fr := framerOf(wire.AppendWindowUpdate(nil, 1, 0), wire.AppendSettings(nil))
	_, err := fr.ReadFrame()
	if err != (StreamError{StreamID: 1, Code: ErrCodeProtocol}) || fr.ErrorDetail() == nil {
		t.Fatalf("got %v (%v)", err, fr.ErrorDetail())
	}
	mustReadFrame(t, fr)
	if fr.ErrorDetail() != nil {
		t.Errorf("detail %v after a frame without fault", fr.ErrorDetail())
	}
}

func TestFrameIsInvalidOnceTheNextIsRead(t *testing.T) {
	for _, b := range [][]byte{
		wire.AppendData(nil, 1, false, []byte("x")),
		wire.AppendHeaders(nil, wire.HeadersParam{StreamID: 1, EndHeaders: true}),
		wire.AppendPushPromise(nil, wire.PushPromiseParam{StreamID: 1, PromiseID: 2}),
		wire.AppendSettings(nil),
		wire.AppendGoAway(nil, 0, 0, nil),
		wire.AppendHeader(nil, wire.Header{Type: 0x42}),
	} {
		fr := framerOf(b, wire.AppendPing(nil, false, [8]byte{}))
		f := mustReadFrame(t, fr)
		mustReadFrame(t, fr)
		func() {
			defer func() {
				if r := recover(); r != "Frame accessor called on non-owned Frame" {
					t.Errorf("%T: panic %v", f, r)
				}
			}()
			switch f := f.(type) {
			case *DataFrame:
				f.Data()
			case *HeadersFrame:
				f.HeaderBlockFragment()
			case *PushPromiseFrame:
				f.HeaderBlockFragment()
			case *SettingsFrame:
				f.Value(1)
			case *GoAwayFrame:
				f.DebugData()
			case *UnknownFrame:
				f.Payload()
			}
		}()
	}
}

func TestDataFramesAreReusedOnRequestOnly(t *testing.T) {
	data := wire.AppendData(nil, 1, false, []byte("x"))
	fr := framerOf(data, data, data, data)
	first, second := mustReadFrame(t, fr), mustReadFrame(t, fr)
	if first == second {
		t.Error("reused without SetReuseFrames")
	}
	fr.SetReuseFrames()
	first = mustReadFrame(t, fr)
	fr.SetReuseFrames()
	if second = mustReadFrame(t, fr); first != second {
		t.Error("not reused after SetReuseFrames")
	}
}

func TestReadingDataWithReuseDoesNotAllocate(t *testing.T) {
	stream := wire.AppendData(nil, 1, false, make([]byte, 1000))
	r := bytes.NewReader(stream)
	fr := NewFramer(nil, r)
	fr.SetReuseFrames()
	allocs := testing.AllocsPerRun(100, func() {
		r.Reset(stream)
		if _, err := fr.ReadFrame(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

func TestFramesAreReadFromAReaderThatDribbles(t *testing.T) {
	fr := NewFramer(nil, iotest.OneByteReader(bytes.NewReader(wire.AppendData(nil, 1, false, []byte("hello")))))
	if f := mustReadFrame(t, fr).(*DataFrame); string(f.Data()) != "hello" {
		t.Errorf("%q", f.Data())
	}
	if _, err := fr.ReadFrame(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestDuplicateSettingsAreFoundWhateverTheirNumber(t *testing.T) {
	var many []wire.Setting
	for i := range 200 {
		many = append(many, wire.Setting{ID: wire.SettingID(i)})
	}
	for _, test := range []struct {
		settings []wire.Setting
		want     bool
	}{
		{nil, false},
		{many, false},
		{append(many[:len(many):len(many)], wire.Setting{ID: 3}), true},
		{append(many[:len(many):len(many)], wire.Setting{ID: 150}), true},
	} {
		f := mustReadFrame(t, framerOf(wire.AppendSettings(nil, test.settings...))).(*SettingsFrame)
		if got := f.HasDuplicates(); got != test.want {
			t.Errorf("%d settings: %v, want %v", f.NumSettings(), got, test.want)
		}
	}
}

func TestForeachSettingStopsAtTheFirstError(t *testing.T) {
	f := mustReadFrame(t, framerOf(wire.AppendSettings(nil, wire.Setting{ID: 1}, wire.Setting{ID: 2}, wire.Setting{ID: 3}))).(*SettingsFrame)
	stop, calls := errors.New("stop"), 0
	err := f.ForeachSetting(func(s Setting) error {
		calls++
		if s.ID == 2 {
			return stop
		}
		return nil
	})
	if err != stop || calls != 2 {
		t.Errorf("%v after %d calls, want %v after 2", err, calls, stop)
	}
}
