package wire

import "encoding/binary"

// The Append functions write what they are told: that a payload fits MaxMaxFrameSize and that stream identifiers
// are valid is the caller's to see to. A conformance test may want them otherwise.

// AppendHeader appends a frame header.
func AppendHeader(dst []byte, h Header) []byte {
	return append(dst,
		byte(h.Length>>16), byte(h.Length>>8), byte(h.Length),
		byte(h.Type),
		byte(h.Flags),
		byte(h.StreamID>>24), byte(h.StreamID>>16), byte(h.StreamID>>8), byte(h.StreamID))
}

// AppendDataHeader appends the header of an unpadded DATA frame whose payload, of the length given, is sent
// from somewhere else.
func AppendDataHeader(dst []byte, id uint32, endStream bool, length int) []byte {
	return AppendHeader(dst, Header{
		Length:   uint32(length),
		Type:     Data,
		Flags:    Flags(0).with(FlagEndStream, endStream),
		StreamID: id,
	})
}

// AppendData appends a DATA frame.
func AppendData(dst []byte, id uint32, endStream bool, data []byte) []byte {
	return append(AppendDataHeader(dst, id, endStream, len(data)), data...)
}

// AppendDataPadded appends a DATA frame with up to 255 bytes of padding. A nil pad is no padding; an empty one is
// a pad length of 0, which still takes a byte.
func AppendDataPadded(dst []byte, id uint32, endStream bool, data, pad []byte) []byte {
	if pad == nil {
		return AppendData(dst, id, endStream, data)
	}
	dst = AppendHeader(dst, Header{
		Length:   uint32(1 + len(data) + len(pad)),
		Type:     Data,
		Flags:    FlagPadded.with(FlagEndStream, endStream),
		StreamID: id,
	})
	dst = append(dst, byte(len(pad)))
	dst = append(dst, data...)
	return append(dst, pad...)
}

// HeadersParam is what AppendHeaders writes.
type HeadersParam struct {
	StreamID    uint32
	EndStream   bool
	EndHeaders  bool
	PadLength   uint8 // 0 is no padding
	HasPriority bool
	Priority    PriorityParam
	Fragment    []byte
}

// AppendHeaders appends a HEADERS frame.
func AppendHeaders(dst []byte, p HeadersParam) []byte {
	length := len(p.Fragment)
	if p.PadLength > 0 {
		length += 1 + int(p.PadLength)
	}
	if p.HasPriority {
		length += priorityLen
	}
	flags := Flags(0).
		with(FlagEndStream, p.EndStream).
		with(FlagEndHeaders, p.EndHeaders).
		with(FlagPadded, p.PadLength > 0).
		with(FlagPriority, p.HasPriority)
	dst = AppendHeader(dst, Header{Length: uint32(length), Type: Headers, Flags: flags, StreamID: p.StreamID})
	if p.PadLength > 0 {
		dst = append(dst, p.PadLength)
	}
	if p.HasPriority {
		dst = appendPriorityParam(dst, p.Priority)
	}
	dst = append(dst, p.Fragment...)
	return append(dst, zeros[:p.PadLength]...)
}

var zeros [255]byte // padding must be zero (RFC 9113 §6.1)

func appendPriorityParam(dst []byte, p PriorityParam) []byte {
	dep := p.StreamDep
	if p.Exclusive {
		dep |= 1 << 31
	}
	return append(binary.BigEndian.AppendUint32(dst, dep), p.Weight)
}

// AppendContinuation appends a CONTINUATION frame.
func AppendContinuation(dst []byte, id uint32, endHeaders bool, fragment []byte) []byte {
	dst = AppendHeader(dst, Header{
		Length:   uint32(len(fragment)),
		Type:     Continuation,
		Flags:    Flags(0).with(FlagEndHeaders, endHeaders),
		StreamID: id,
	})
	return append(dst, fragment...)
}

// AppendPriority appends a PRIORITY frame.
func AppendPriority(dst []byte, id uint32, p PriorityParam) []byte {
	return appendPriorityParam(AppendHeader(dst, Header{Length: priorityLen, Type: Priority, StreamID: id}), p)
}

// AppendRSTStream appends a RST_STREAM frame.
func AppendRSTStream(dst []byte, id uint32, code ErrCode) []byte {
	dst = AppendHeader(dst, Header{Length: 4, Type: RSTStream, StreamID: id})
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

// PushPromiseParam is what AppendPushPromise writes.
type PushPromiseParam struct {
	StreamID   uint32
	PromiseID  uint32
	EndHeaders bool
	PadLength  uint8 // 0 is no padding
	Fragment   []byte
}

// AppendPushPromise appends a PUSH_PROMISE frame.
func AppendPushPromise(dst []byte, p PushPromiseParam) []byte {
	length := 4 + len(p.Fragment)
	if p.PadLength > 0 {
		length += 1 + int(p.PadLength)
	}
	flags := Flags(0).with(FlagEndHeaders, p.EndHeaders).with(FlagPadded, p.PadLength > 0)
	dst = AppendHeader(dst, Header{Length: uint32(length), Type: PushPromise, Flags: flags, StreamID: p.StreamID})
	if p.PadLength > 0 {
		dst = append(dst, p.PadLength)
	}
	dst = binary.BigEndian.AppendUint32(dst, p.PromiseID)
	dst = append(dst, p.Fragment...)
	return append(dst, zeros[:p.PadLength]...)
}

// AppendPing appends a PING frame.
func AppendPing(dst []byte, ack bool, data [8]byte) []byte {
	dst = AppendHeader(dst, Header{Length: uint32(len(data)), Type: Ping, Flags: Flags(0).with(FlagAck, ack)})
	return append(dst, data[:]...)
}

// AppendGoAway appends a GOAWAY frame.
func AppendGoAway(dst []byte, last uint32, code ErrCode, debug []byte) []byte {
	dst = AppendHeader(dst, Header{Length: uint32(8 + len(debug)), Type: GoAway})
	dst = binary.BigEndian.AppendUint32(dst, last)
	dst = binary.BigEndian.AppendUint32(dst, uint32(code))
	return append(dst, debug...)
}

// AppendWindowUpdate appends a WINDOW_UPDATE frame; stream 0 is the connection.
func AppendWindowUpdate(dst []byte, id, increment uint32) []byte {
	dst = AppendHeader(dst, Header{Length: 4, Type: WindowUpdate, StreamID: id})
	return binary.BigEndian.AppendUint32(dst, increment)
}

// AppendPriorityUpdate appends a PRIORITY_UPDATE frame.
func AppendPriorityUpdate(dst []byte, prioritizedID uint32, field string) []byte {
	dst = AppendHeader(dst, Header{Length: uint32(4 + len(field)), Type: PriorityUpdate})
	dst = binary.BigEndian.AppendUint32(dst, prioritizedID)
	return append(dst, field...)
}
