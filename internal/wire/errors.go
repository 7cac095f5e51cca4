package wire

import (
	"fmt"
	"strconv"
)

// An ErrCode says why a stream or a connection ended (RFC 9113 §7).
type ErrCode uint32

const (
	NoError ErrCode = iota
	ProtocolError
	InternalError
	FlowControlError
	SettingsTimeout
	StreamClosed
	FrameSizeError
	RefusedStream
	Cancel
	CompressionError
	ConnectError
	EnhanceYourCalm
	InadequateSecurity
	HTTP11Required
)

var errCodeNames = [...]string{
	NoError:            "NO_ERROR",
	ProtocolError:      "PROTOCOL_ERROR",
	InternalError:      "INTERNAL_ERROR",
	FlowControlError:   "FLOW_CONTROL_ERROR",
	SettingsTimeout:    "SETTINGS_TIMEOUT",
	StreamClosed:       "STREAM_CLOSED",
	FrameSizeError:     "FRAME_SIZE_ERROR",
	RefusedStream:      "REFUSED_STREAM",
	Cancel:             "CANCEL",
	CompressionError:   "COMPRESSION_ERROR",
	ConnectError:       "CONNECT_ERROR",
	EnhanceYourCalm:    "ENHANCE_YOUR_CALM",
	InadequateSecurity: "INADEQUATE_SECURITY",
	HTTP11Required:     "HTTP_1_1_REQUIRED",
}

// Name returns the name the RFC gives to c, or "".
func (c ErrCode) Name() string {
	if uint64(c) < uint64(len(errCodeNames)) {
		return errCodeNames[c]
	}
	return ""
}

// String returns the name of c, or "unknown error code" and its number.
func (c ErrCode) String() string {
	if name := c.Name(); name != "" {
		return name
	}
	return "unknown error code 0x" + strconv.FormatUint(uint64(c), 16)
}

// A ConnError ends the connection (RFC 9113 §5.4.1).
type ConnError struct {
	Code   ErrCode
	Count  string // short name for counters of errors: lower case, words joined by underscores
	Reason string // what the peer did

	short bool
}

// ConnErrorf returns a ConnError.
func ConnErrorf(code ErrCode, count, format string, args ...any) *ConnError {
	return &ConnError{Code: code, Count: count, Reason: reason(format, args)}
}

func (e *ConnError) Error() string {
	return "connection error: " + e.Code.String() + ": " + e.Reason
}

// maxReason bounds what an error says, in bytes. It may quote what the peer sent, which may be a megabyte; and it
// is logged, kept for as long as its stream is, and sent in GOAWAY to a peer that takes no frame of more than
// 16,384 bytes.
const maxReason = 1 << 10

func reason(format string, args []any) string {
	s := fmt.Sprintf(format, args...)
	if len(s) > maxReason {
		return s[:maxReason] + "…"
	}
	return s
}

// Short reports whether a payload ended inside a field that its frame's flags or type promised.
func (e *ConnError) Short() bool { return e.short }

// A StreamError ends one stream (RFC 9113 §5.4.2).
type StreamError struct {
	StreamID uint32
	Code     ErrCode
	Count    string // short name for counters of errors: lower case, words joined by underscores
	Reason   string // what the peer did
}

// StreamErrorf returns a StreamError.
func StreamErrorf(id uint32, code ErrCode, count, format string, args ...any) *StreamError {
	return &StreamError{StreamID: id, Code: code, Count: count, Reason: reason(format, args)}
}

func (e *StreamError) Error() string {
	return "stream error: stream ID " + strconv.FormatUint(uint64(e.StreamID), 10) + "; " + e.Code.String() + "; " + e.Reason
}

// short is the error for a payload without a field that its frame promised. RFC 9113 §4.2: a frame too
// small to contain mandatory frame data is a FRAME_SIZE_ERROR, of the connection if it carries part of a field
// section.
func short(t FrameType, count, field string) *ConnError {
	return &ConnError{Code: FrameSizeError, Count: count, Reason: t.String() + " frame too short for its " + field, short: true}
}

// onStream0 is the error for a frame that belongs on a stream and came on stream 0.
func onStream0(t FrameType, count string) *ConnError {
	return ConnErrorf(ProtocolError, count, "%v frame with stream ID 0", t)
}

// offStream0 is the error for a frame that belongs on stream 0 and came on another.
func offStream0(h Header, count string) *ConnError {
	return ConnErrorf(ProtocolError, count, "%v frame with stream ID %d", h.Type, h.StreamID)
}

// badLength is the error for a frame whose length does not fit its type.
func badLength(h Header, count, want string) *ConnError {
	return ConnErrorf(FrameSizeError, count, "%v frame payload size was %d; want %s", h.Type, h.Length, want)
}
