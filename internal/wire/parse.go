package wire

import "encoding/binary"

// A Header is what every frame begins with (RFC 9113 §4.1).
type Header struct {
	Length   uint32 // of the payload; 24 bits on the wire
	Type     FrameType
	Flags    Flags
	StreamID uint32
}

// ParseHeader parses the first HeaderLen bytes of b and drops the reserved bit of the stream identifier.
func ParseHeader(b []byte) Header {
	_ = b[HeaderLen-1]
	return Header{
		Length:   uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]),
		Type:     FrameType(b[3]),
		Flags:    Flags(b[4]),
		StreamID: binary.BigEndian.Uint32(b[5:]) & streamIDMask,
	}
}

// A DataFrame carries part of a message's content (RFC 9113 §6.1).
type DataFrame struct {
	StreamID  uint32
	EndStream bool
	Data      []byte
	Length    uint32 // what flow control counts: Data, and padding with its length
}

// ParseData parses a DATA frame.
func ParseData(h Header, p []byte) (DataFrame, error) {
	if h.StreamID == 0 {
		return DataFrame{}, onStream0(h.Type, "frame_data_stream_0")
	}
	pad := 0
	if h.Flags.Has(FlagPadded) {
		if len(p) == 0 {
			return DataFrame{}, short(h.Type, "frame_data_pad_byte_short", "pad length")
		}
		pad, p = int(p[0]), p[1:]
	}
	if pad > len(p) {
		return DataFrame{}, ConnErrorf(ProtocolError, "frame_data_pad_too_big", "pad size larger than data payload")
	}
	return DataFrame{
		StreamID:  h.StreamID,
		EndStream: h.Flags.Has(FlagEndStream),
		Data:      p[:len(p)-pad],
		Length:    h.Length,
	}, nil
}

// PriorityParam is a stream's place in the dependency tree of RFC 7540 §5.3, which RFC 9113 keeps on the wire only.
type PriorityParam struct {
	StreamDep uint32
	Exclusive bool
	Weight    uint8 // one less than the weight it stands for
}

const priorityLen = 5

func parsePriorityParam(p []byte) PriorityParam {
	dep := binary.BigEndian.Uint32(p)
	return PriorityParam{StreamDep: dep & streamIDMask, Exclusive: dep&^streamIDMask != 0, Weight: p[4]}
}

// A HeadersFrame begins a field section (RFC 9113 §6.2).
type HeadersFrame struct {
	StreamID    uint32
	EndStream   bool
	EndHeaders  bool
	HasPriority bool
	Priority    PriorityParam
	Fragment    []byte
}

// ParseHeaders parses a HEADERS frame. All its errors end the connection: without the fragment the HPACK
// state is lost.
func ParseHeaders(h Header, p []byte) (HeadersFrame, error) {
	if h.StreamID == 0 {
		return HeadersFrame{}, onStream0(h.Type, "frame_headers_zero_stream")
	}
	f := HeadersFrame{
		StreamID:    h.StreamID,
		EndStream:   h.Flags.Has(FlagEndStream),
		EndHeaders:  h.Flags.Has(FlagEndHeaders),
		HasPriority: h.Flags.Has(FlagPriority),
	}
	pad := 0
	if h.Flags.Has(FlagPadded) {
		if len(p) == 0 {
			return HeadersFrame{}, short(h.Type, "frame_headers_pad_short", "pad length")
		}
		pad, p = int(p[0]), p[1:]
	}
	if f.HasPriority {
		switch {
		case len(p) < priorityLen-1:
			return HeadersFrame{}, short(h.Type, "frame_headers_prio_short", "stream dependency")
		case len(p) < priorityLen:
			return HeadersFrame{}, short(h.Type, "frame_headers_prio_weight_short", "weight")
		}
		f.Priority, p = parsePriorityParam(p), p[priorityLen:]
	}
	if pad > len(p) {
		return HeadersFrame{}, ConnErrorf(ProtocolError, "frame_headers_pad_too_big", "pad size larger than HEADERS payload")
	}
	f.Fragment = p[:len(p)-pad]
	return f, nil
}

// A ContinuationFrame continues a field section (RFC 9113 §6.10).
type ContinuationFrame struct {
	StreamID   uint32
	EndHeaders bool
	Fragment   []byte
}

// ParseContinuation parses a CONTINUATION frame.
func ParseContinuation(h Header, p []byte) (ContinuationFrame, error) {
	if h.StreamID == 0 {
		return ContinuationFrame{}, onStream0(h.Type, "frame_continuation_zero_stream")
	}
	return ContinuationFrame{StreamID: h.StreamID, EndHeaders: h.Flags.Has(FlagEndHeaders), Fragment: p}, nil
}

// A PriorityFrame is a PRIORITY frame (RFC 9113 §6.3), deprecated but still to be parsed.
type PriorityFrame struct {
	StreamID uint32
	PriorityParam
}

// ParsePriority parses a PRIORITY frame.
func ParsePriority(h Header, p []byte) (PriorityFrame, error) {
	if h.StreamID == 0 {
		return PriorityFrame{}, onStream0(h.Type, "frame_priority_zero_stream")
	}
	if len(p) != priorityLen {
		return PriorityFrame{}, StreamErrorf(h.StreamID, FrameSizeError, "frame_priority_bad_length",
			"PRIORITY frame payload size was %d; want %d", h.Length, priorityLen)
	}
	return PriorityFrame{StreamID: h.StreamID, PriorityParam: parsePriorityParam(p)}, nil
}

// ParseRSTStream parses a RST_STREAM frame (RFC 9113 §6.4).
func ParseRSTStream(h Header, p []byte) (ErrCode, error) {
	if len(p) != 4 {
		return 0, badLength(h, "frame_rststream_bad_len", "4")
	}
	if h.StreamID == 0 {
		return 0, onStream0(h.Type, "frame_rststream_zero_stream")
	}
	return ErrCode(binary.BigEndian.Uint32(p)), nil
}

// A PushPromiseFrame announces a stream that the server will open (RFC 9113 §6.6). Whether the peer may promise
// PromiseID, zero included, depends on the streams promised before.
type PushPromiseFrame struct {
	StreamID   uint32
	PromiseID  uint32
	EndHeaders bool
	Fragment   []byte
}

// ParsePushPromise parses a PUSH_PROMISE frame.
func ParsePushPromise(h Header, p []byte) (PushPromiseFrame, error) {
	if h.StreamID == 0 {
		return PushPromiseFrame{}, onStream0(h.Type, "frame_pushpromise_zero_stream")
	}
	pad := 0
	if h.Flags.Has(FlagPadded) {
		if len(p) == 0 {
			return PushPromiseFrame{}, short(h.Type, "frame_pushpromise_pad_short", "pad length")
		}
		pad, p = int(p[0]), p[1:]
	}
	if len(p) < 4 {
		return PushPromiseFrame{}, short(h.Type, "frame_pushpromise_promiseid_short", "promised stream ID")
	}
	promise, p := binary.BigEndian.Uint32(p)&streamIDMask, p[4:]
	if pad > len(p) {
		return PushPromiseFrame{}, ConnErrorf(ProtocolError, "frame_pushpromise_pad_too_big", "pad size larger than PUSH_PROMISE payload")
	}
	return PushPromiseFrame{
		StreamID:   h.StreamID,
		PromiseID:  promise,
		EndHeaders: h.Flags.Has(FlagEndHeaders),
		Fragment:   p[:len(p)-pad],
	}, nil
}

// ParsePing parses a PING frame (RFC 9113 §6.7).
func ParsePing(h Header, p []byte) (data [8]byte, ack bool, err error) {
	if len(p) != len(data) {
		return data, false, badLength(h, "frame_ping_length", "8")
	}
	if h.StreamID != 0 {
		return data, false, offStream0(h, "frame_ping_has_stream")
	}
	return [8]byte(p), h.Flags.Has(FlagAck), nil
}

// A GoAwayFrame says that the connection is ending, and which streams were seen (RFC 9113 §6.8).
type GoAwayFrame struct {
	LastStreamID uint32
	Code         ErrCode
	Debug        []byte
}

// ParseGoAway parses a GOAWAY frame.
func ParseGoAway(h Header, p []byte) (GoAwayFrame, error) {
	if h.StreamID != 0 {
		return GoAwayFrame{}, offStream0(h, "frame_goaway_has_stream")
	}
	if len(p) < 8 {
		return GoAwayFrame{}, badLength(h, "frame_goaway_short", "at least 8")
	}
	return GoAwayFrame{
		LastStreamID: binary.BigEndian.Uint32(p) & streamIDMask,
		Code:         ErrCode(binary.BigEndian.Uint32(p[4:])),
		Debug:        p[8:],
	}, nil
}

// ParseWindowUpdate parses a WINDOW_UPDATE frame (RFC 9113 §6.9).
func ParseWindowUpdate(h Header, p []byte) (increment uint32, err error) {
	if len(p) != 4 {
		return 0, badLength(h, "frame_windowupdate_bad_len", "4")
	}
	increment = binary.BigEndian.Uint32(p) & streamIDMask // the same reserved bit
	switch {
	case increment > 0:
		return increment, nil
	case h.StreamID == 0:
		return 0, ConnErrorf(ProtocolError, "frame_windowupdate_zero_inc_conn", "WINDOW_UPDATE frame with an increment of 0")
	default:
		return 0, StreamErrorf(h.StreamID, ProtocolError, "frame_windowupdate_zero_inc_stream", "WINDOW_UPDATE frame with an increment of 0")
	}
}

// A PriorityUpdateFrame changes the priority of a stream (RFC 9218 §7.1).
type PriorityUpdateFrame struct {
	PrioritizedID uint32
	Field         []byte // a priority field value
}

// ParsePriorityUpdate parses a PRIORITY_UPDATE frame.
func ParsePriorityUpdate(h Header, p []byte) (PriorityUpdateFrame, error) {
	if h.StreamID != 0 {
		return PriorityUpdateFrame{}, ConnErrorf(ProtocolError, "frame_priority_update_non_zero_stream", "PRIORITY_UPDATE frame with non-zero stream ID")
	}
	if len(p) < 4 {
		return PriorityUpdateFrame{}, badLength(h, "frame_priority_update_bad_length", "at least 4")
	}
	id := binary.BigEndian.Uint32(p) & streamIDMask
	if id == 0 {
		return PriorityUpdateFrame{}, ConnErrorf(ProtocolError, "frame_priority_update_prioritizing_zero_stream",
			"PRIORITY_UPDATE frame with prioritized stream ID of zero")
	}
	return PriorityUpdateFrame{PrioritizedID: id, Field: p[4:]}, nil
}
