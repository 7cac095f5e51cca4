// Package wire converts single HTTP/2 frames (RFC 9113 §4) to and from bytes.
//
// Parse functions turn a frame header and its payload into a value struct whose slices alias the payload;
// Append functions append a whole frame to a slice. Nothing here does I/O, keeps state or allocates, except
// to describe an error. What depends on state (which stream may receive which frame, whether a field block
// is contiguous, how large a window may grow) is the caller's to check.
package wire

import "strconv"

const (
	// HeaderLen is the size of a frame header (RFC 9113 §4.1).
	HeaderLen = 9

	// Preface is what a client sends before its first frame (RFC 9113 §3.4).
	Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	DefaultMaxFrameSize    = 1 << 14   // initial SETTINGS_MAX_FRAME_SIZE, and the least it can be
	MaxMaxFrameSize        = 1<<24 - 1 // what a 24-bit length can say
	DefaultWindow          = 1<<16 - 1 // initial flow-control window of a connection and of each stream
	MaxWindow              = 1<<31 - 1 // RFC 9113 §6.9.1
	DefaultHeaderTableSize = 4096      // initial SETTINGS_HEADER_TABLE_SIZE

	streamIDMask = 1<<31 - 1 // the highest bit of a stream identifier is reserved (RFC 9113 §4.1)
)

// A FrameType says what a frame is for (RFC 9113 §6, RFC 9218 §7.1).
type FrameType uint8

const (
	Data FrameType = iota
	Headers
	Priority
	RSTStream
	Settings
	PushPromise
	Ping
	GoAway
	WindowUpdate
	Continuation

	PriorityUpdate FrameType = 0x10
)

var frameTypeNames = [...]string{
	Data:           "DATA",
	Headers:        "HEADERS",
	Priority:       "PRIORITY",
	RSTStream:      "RST_STREAM",
	Settings:       "SETTINGS",
	PushPromise:    "PUSH_PROMISE",
	Ping:           "PING",
	GoAway:         "GOAWAY",
	WindowUpdate:   "WINDOW_UPDATE",
	Continuation:   "CONTINUATION",
	PriorityUpdate: "PRIORITY_UPDATE",
}

// String returns the name the RFC gives to t, or UNKNOWN_FRAME_TYPE_ and its number.
func (t FrameType) String() string {
	if int(t) < len(frameTypeNames) && frameTypeNames[t] != "" {
		return frameTypeNames[t]
	}
	return "UNKNOWN_FRAME_TYPE_" + strconv.Itoa(int(t))
}

// Flags are the flags of a frame; which are defined depends on the frame's type.
type Flags uint8

const (
	FlagEndStream  Flags = 0x1  // DATA, HEADERS
	FlagAck        Flags = 0x1  // SETTINGS, PING
	FlagEndHeaders Flags = 0x4  // HEADERS, PUSH_PROMISE, CONTINUATION
	FlagPadded     Flags = 0x8  // DATA, HEADERS, PUSH_PROMISE
	FlagPriority   Flags = 0x20 // HEADERS
)

// Has reports whether every flag of v is set in f.
func (f Flags) Has(v Flags) bool { return f&v == v }

// with returns f, and v too if on.
func (f Flags) with(v Flags, on bool) Flags {
	if on {
		f |= v
	}
	return f
}
