package http2

import (
	"errors"
	"fmt"
	"io"
	"testing"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/wire"
)

func TestErrorsSayWhatUpstreamsSay(t *testing.T) {
	for code := range uint32(20) {
		ours := []any{
			ErrCode(code),
			ConnectionError(code),
			StreamError{StreamID: 3, Code: ErrCode(code)},
			StreamError{StreamID: 3, Code: ErrCode(code), Cause: io.EOF},
		}
		theirs := []any{
			xhttp2.ErrCode(code),
			xhttp2.ConnectionError(code),
			xhttp2.StreamError{StreamID: 3, Code: xhttp2.ErrCode(code)},
			xhttp2.StreamError{StreamID: 3, Code: xhttp2.ErrCode(code), Cause: io.EOF},
		}
		for i := range ours {
			if got, want := fmt.Sprint(ours[i]), fmt.Sprint(theirs[i]); got != want {
				t.Errorf("%T is %q, want %q", ours[i], got, want)
			}
		}
	}
}

func TestGoAwayErrorSaysWhatUpstreamsSays(t *testing.T) {
	err := GoAwayError{LastStreamID: 3, ErrCode: ErrCodeEnhanceYourCalm, DebugData: "a\nb"}
	if got, want := err.Error(), `http2: server sent GOAWAY and closed the connection; LastStreamID=3, ErrCode=ENHANCE_YOUR_CALM, debug="a\nb"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInternalErrorsBecomePublicOnes(t *testing.T) {
	got := publicError(wire.ConnErrorf(wire.FrameSizeError, "n", "r"))
	if want := ConnectionError(ErrCodeFrameSize); !errors.Is(got, want) || got.Error() != want.Error()+": r" {
		t.Errorf("got %v, want %v and the reason", got, want)
	}
	se, ok := publicError(wire.StreamErrorf(5, wire.Cancel, "n", "received from peer")).(StreamError)
	if !ok || se.StreamID != 5 || se.Code != ErrCodeCancel || fmt.Sprint(se.Cause) != "received from peer" {
		t.Errorf("got %+v, %v", se, ok)
	}
	if got, want := publicError(&wire.StreamError{StreamID: 5, Code: wire.Cancel}), (StreamError{StreamID: 5, Code: ErrCodeCancel}); got != want {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	for _, err := range []error{nil, io.EOF, ConnectionError(1)} {
		if got := publicError(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestWrappedInternalErrorsAreFoundByErrorsAs(t *testing.T) {
	err := publicError(fmt.Errorf("while reading: %w", wire.ConnErrorf(wire.FrameSizeError, "n", "r")))
	var ce ConnectionError
	if !errors.As(err, &ce) || ce != ConnectionError(ErrCodeFrameSize) {
		t.Errorf("no ConnectionError in %v", err)
	}
	var internal *wire.ConnError
	if !errors.As(err, &internal) {
		t.Errorf("no wire.ConnError in %v", err)
	}
	if got, want := err.Error(), "while reading: connection error: FRAME_SIZE_ERROR: r"; got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}

	err = publicError(fmt.Errorf("while reading: %w", wire.StreamErrorf(5, wire.Cancel, "n", "r")))
	var se StreamError
	if !errors.As(err, &se) || se.StreamID != 5 || se.Code != ErrCodeCancel {
		t.Errorf("no StreamError in %v", err)
	}
}
