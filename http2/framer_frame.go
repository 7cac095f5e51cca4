package http2

import (
	"io"
	"sync"

	"h2fork.example/net/internal/wire"
)

// A FrameType says what a frame is for (RFC 9113 §6, RFC 9218 §7.1).
type FrameType uint8

const (
	FrameData           FrameType = 0x0
	FrameHeaders        FrameType = 0x1
	FramePriority       FrameType = 0x2
	FrameRSTStream      FrameType = 0x3
	FrameSettings       FrameType = 0x4
	FramePushPromise    FrameType = 0x5
	FramePing           FrameType = 0x6
	FrameGoAway         FrameType = 0x7
	FrameWindowUpdate   FrameType = 0x8
	FrameContinuation   FrameType = 0x9
	FramePriorityUpdate FrameType = 0x10
)

// String returns the type's name in the RFC, such as RST_STREAM.
func (t FrameType) String() string { return wire.FrameType(t).String() }

// Flags are the flags of a frame. What a bit means depends on the type of the
// frame.
type Flags uint8

// Has reports whether all flags of v are set in f.
func (f Flags) Has(v Flags) bool { return f&v == v }

// The flags that each type of frame has.
const (
	// DATA
	FlagDataEndStream Flags = 0x1
	FlagDataPadded    Flags = 0x8

	// HEADERS
	FlagHeadersEndStream  Flags = 0x1
	FlagHeadersEndHeaders Flags = 0x4
	FlagHeadersPadded     Flags = 0x8
	FlagHeadersPriority   Flags = 0x20

	// SETTINGS
	FlagSettingsAck Flags = 0x1

	// PING
	FlagPingAck Flags = 0x1

	// CONTINUATION
	FlagContinuationEndHeaders Flags = 0x4

	// PUSH_PROMISE
	FlagPushPromiseEndHeaders Flags = 0x4
	FlagPushPromisePadded     Flags = 0x8
)

// A FrameHeader is what every frame begins with: nine bytes on the wire
// (RFC 9113 §4.1).
type FrameHeader struct {
	valid bool // the Framer has not yet reused the memory behind the frame

	// Type is the type of the frame. Those this package doesn't know can be written
	// with WriteRawFrame, and are read as an UnknownFrame.
	Type FrameType

	// Flags are the flags of the frame; what they mean depends on Type.
	Flags Flags

	// Length is the size of the payload in bytes: of 24 bits, and no more than 16384
	// without the peer's consent.
	Length uint32

	// StreamID is the stream that the frame belongs to, 0 for frames about the
	// connection.
	StreamID uint32
}

// Header returns h. Frame types have it by embedding a FrameHeader.
func (h FrameHeader) Header() FrameHeader { return h }

func (h FrameHeader) String() string {
	return "[FrameHeader " + string(appendHeaderSummary(nil, h.wire())) + "]"
}

// mustBeValid keeps users from reading memory that has come to hold another frame.
func (h *FrameHeader) mustBeValid() {
	if !h.valid {
		panic("Frame accessor called on non-owned Frame")
	}
}

func (h *FrameHeader) invalidate() { h.valid = false }

func (h FrameHeader) wire() wire.Header {
	return wire.Header{Length: h.Length, Type: wire.FrameType(h.Type), Flags: wire.Flags(h.Flags), StreamID: h.StreamID}
}

func publicHeader(h wire.Header) FrameHeader {
	return FrameHeader{valid: true, Type: FrameType(h.Type), Flags: Flags(h.Flags), Length: h.Length, StreamID: h.StreamID}
}

// headerBufs are for ReadFrameHeader only; a Framer has its own buffer.
var headerBufs = sync.Pool{New: func() any { return new([wire.HeaderLen]byte) }}

// ReadFrameHeader reads the nine bytes of a frame header from r. Whole frames are
// read by [Framer.ReadFrame].
func ReadFrameHeader(r io.Reader) (FrameHeader, error) {
	buf := headerBufs.Get().(*[wire.HeaderLen]byte)
	defer headerBufs.Put(buf)
	return readHeader(r, buf)
}

func readHeader(r io.Reader, buf *[wire.HeaderLen]byte) (FrameHeader, error) {
	if _, err := io.ReadFull(r, buf[:]); err != nil {
		return FrameHeader{}, err
	}
	return publicHeader(wire.ParseHeader(buf[:])), nil
}

// A Frame is one frame, as read by a Framer. Its concrete type is a pointer:
// *DataFrame, *HeadersFrame and so on, or *UnknownFrame.
//
// A frame belongs to the Framer that read it, and is valid until the next frame is
// read.
type Frame interface {
	Header() FrameHeader

	// invalidate marks the frame's memory as reused.
	invalidate()
}

// A PriorityParam is the priority of a stream.
//
// Its exported fields are the dependency tree of RFC 7540 §5.3, which RFC 9113
// deprecates.
type PriorityParam struct {
	// StreamDep is the stream that this stream depends on, 0 if on none.
	StreamDep uint32

	// Exclusive is whether the stream becomes the only one to depend on StreamDep.
	Exclusive bool

	// Weight is the weight, less one: 0 to 255 stand for 1 to 256. It means nothing
	// without StreamDep.
	Weight uint8

	// urgency and incremental are the parameters of RFC 9218 §4, for write schedulers
	// that follow it.
	urgency     uint8 // 0 (first) to 7
	incremental uint8 // 0 or 1
}

// IsZero reports whether p is the zero value, which writes no priority.
func (p PriorityParam) IsZero() bool { return p == PriorityParam{} }

func (p PriorityParam) wire() wire.PriorityParam {
	return wire.PriorityParam{StreamDep: p.StreamDep, Exclusive: p.Exclusive, Weight: p.Weight}
}

func publicPriority(p wire.PriorityParam) PriorityParam {
	return PriorityParam{StreamDep: p.StreamDep, Exclusive: p.Exclusive, Weight: p.Weight}
}
