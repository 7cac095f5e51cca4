package http2

import (
	"errors"
	"fmt"

	"h2fork.example/net/internal/wire"
)

// An ErrCode says why a stream or a connection was ended (RFC 9113 §7).
type ErrCode uint32

const (
	ErrCodeNo                 ErrCode = 0x0
	ErrCodeProtocol           ErrCode = 0x1
	ErrCodeInternal           ErrCode = 0x2
	ErrCodeFlowControl        ErrCode = 0x3
	ErrCodeSettingsTimeout    ErrCode = 0x4
	ErrCodeStreamClosed       ErrCode = 0x5
	ErrCodeFrameSize          ErrCode = 0x6
	ErrCodeRefusedStream      ErrCode = 0x7
	ErrCodeCancel             ErrCode = 0x8
	ErrCodeCompression        ErrCode = 0x9
	ErrCodeConnect            ErrCode = 0xa
	ErrCodeEnhanceYourCalm    ErrCode = 0xb
	ErrCodeInadequateSecurity ErrCode = 0xc
	ErrCodeHTTP11Required     ErrCode = 0xd
)

// String returns the code's name in RFC 9113, such as PROTOCOL_ERROR.
func (e ErrCode) String() string { return wire.ErrCode(e).String() }

// A ConnectionError ends a whole connection (RFC 9113 §5.4.1). Those that a
// Transport returns are found with errors.As or errors.Is: they come with the
// reason that the server is told in GOAWAY.
type ConnectionError ErrCode

func (e ConnectionError) Error() string { return "connection error: " + ErrCode(e).String() }

// A StreamError ends one stream; its connection stays usable (RFC 9113 §5.4.2).
type StreamError struct {
	StreamID uint32
	Code     ErrCode
	Cause    error // what led to it, if more than the code is known
}

func (e StreamError) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("stream error: stream ID %d; %v", e.StreamID, e.Code)
	}
	return fmt.Sprintf("stream error: stream ID %d; %v; %v", e.StreamID, e.Code, e.Cause)
}

// A GoAwayError is the error of a request that was in flight when the server ended
// the connection with a GOAWAY frame.
type GoAwayError struct {
	LastStreamID uint32
	ErrCode      ErrCode
	DebugData    string
}

func (e GoAwayError) Error() string {
	return fmt.Sprintf("http2: server sent GOAWAY and closed the connection; LastStreamID=%v, ErrCode=%v, debug=%q",
		e.LastStreamID, e.ErrCode, e.DebugData)
}

// publicError turns the errors of internal/wire into those that programs can name.
// An error that wraps one of internal/wire keeps its text, and errors.As finds the
// public one in it.
func publicError(err error) error {
	if e, ok := err.(*wire.StreamError); ok {
		return publicStreamError(e)
	}
	var ce *wire.ConnError
	if errors.As(err, &ce) {
		return &crossedError{err, ConnectionError(ce.Code)}
	}
	var se *wire.StreamError
	if errors.As(err, &se) {
		return &crossedError{err, publicStreamError(se)}
	}
	return err
}

func publicStreamError(e *wire.StreamError) StreamError {
	pub := StreamError{StreamID: e.StreamID, Code: ErrCode(e.Code)}
	if e.Reason != "" {
		pub.Cause = errors.New(e.Reason)
	}
	return pub
}

// A crossedError is an error that wrapped one of internal/wire's.
type crossedError struct {
	err    error
	public error // a ConnectionError or a StreamError
}

func (e *crossedError) Error() string   { return e.err.Error() }
func (e *crossedError) Unwrap() []error { return []error{e.err, e.public} }
