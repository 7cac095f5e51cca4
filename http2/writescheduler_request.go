package http2

import "fmt"

// A FrameWriteRequest stands for a frame that waits in a WriteScheduler. Its zero
// value stands for a frame without DATA that belongs to no stream.
type FrameWriteRequest struct {
	kind     string     // what it is, for String
	streamID uint32     // 0 if of no stream
	control  bool       // of no stream, or RST_STREAM: may overtake other frames of its stream
	paid     bool       // flow control has been charged for all of size
	size     int        // bytes of DATA
	flow     streamFlow // of DATA, what Consume charges; otherwise nil
	payload  any        // what is to be written, for the connection that made the request
}

// streamFlow is the flow control that a stream's DATA frames are subject to. The
// connection's lock guards it, which is held whenever a WriteScheduler runs.
type streamFlow interface {
	StreamID() uint32

	// MayCarry returns the most bytes that a DATA frame may have now: the least of
	// the stream's window, the connection's and the frame size that the peer allows;
	// never less than 0.
	MayCarry() int32

	// Charge charges n bytes, not more than MayCarry, to both windows.
	Charge(n int32)
}

// newControlRequest returns a request for a frame that belongs to no stream, or for
// RST_STREAM on a stream.
func newControlRequest(kind string, streamID uint32, payload any) FrameWriteRequest {
	return FrameWriteRequest{kind: kind, streamID: streamID, control: true, payload: payload}
}

// newStreamRequest returns a request for a frame of a stream that keeps its place
// in the stream, but isn't DATA.
func newStreamRequest(kind string, streamID uint32, payload any) FrameWriteRequest {
	return FrameWriteRequest{kind: kind, streamID: streamID, payload: payload}
}

// newDataRequest returns a request for n bytes of DATA, or for a DATA frame without
// content if n is 0. Which frame ends the stream is decided when it is written.
//
// A scheduler may split the request with Consume. What is popped in the end says by
// its size how many bytes may be written; if it is paid, flow control has been
// charged for them.
func newDataRequest(flow streamFlow, n int) FrameWriteRequest {
	return FrameWriteRequest{kind: "DATA", streamID: flow.StreamID(), size: n, flow: flow}
}

// StreamID returns the stream that the frame is for, 0 for a frame such as PING and
// SETTINGS that is for the connection.
func (wr FrameWriteRequest) StreamID() uint32 { return wr.streamID }

// DataSize returns how many bytes of flow control it takes to write the whole
// frame, which is 0 for any frame but DATA.
func (wr FrameWriteRequest) DataSize() int { return wr.size }

// Consume takes up to n bytes of the frame, as far as flow control and the peer's
// frame size allow, and charges them to flow control. The number that it returns
// says how many of the requests that it returns count:
//
//   - 0: nothing may be written now; wr still has to be;
//   - 1: the first is all of wr, to be written now. So it is for any frame without DATA, whatever n is;
//   - 2: the first is the beginning of wr, to be written now, the second is the rest.
func (wr FrameWriteRequest) Consume(n int32) (FrameWriteRequest, FrameWriteRequest, int) {
	var none FrameWriteRequest
	if wr.size == 0 {
		return wr, none, 1
	}
	// A scheduler inside another may have consumed these bytes already. They are not
	// charged twice.
	if !wr.paid {
		n = min(n, wr.flow.MayCarry())
	}
	if n <= 0 {
		return none, none, 0
	}
	charged := min(int(n), wr.size)
	if !wr.paid {
		wr.flow.Charge(int32(charged))
	}
	first, rest := wr, wr
	first.size, first.paid = charged, true
	if charged == wr.size {
		return first, none, 1
	}
	rest.size -= charged
	return first, rest, 2
}

// String describes the request, for debugging.
func (wr FrameWriteRequest) String() string {
	writer := wr.kind
	switch {
	case wr.flow != nil:
		writer = fmt.Sprintf("%s(%d bytes)", wr.kind, wr.size)
	case writer == "":
		writer = "<nil>"
	}
	// In golang.org/x/net the middle part says whether a channel waits for the frame.
	// Here none ever does.
	return fmt.Sprintf("[FrameWriteRequest stream=%d, ch=false, writer=%s]", wr.streamID, writer)
}
