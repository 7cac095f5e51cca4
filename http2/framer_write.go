package http2

import (
	"errors"
	"io"
	"log"

	"h2fork.example/net/internal/wire"
)

var (
	errStreamID    = errors.New("invalid stream ID")
	errDepStreamID = errors.New("invalid dependent stream ID")
	errPadLength   = errors.New("pad length too large")
	errPadBytes    = errors.New("padding bytes must all be zeros unless AllowIllegalWrites is enabled")
	errIncrement   = errors.New("illegal window increment value")
)

// Largest values of fields with 31 bits, and with 8.
const (
	maxUint31    = 1<<31 - 1
	maxPadLength = 255
)

// write writes the frame in writeBuf with a single Write.
func (fr *Framer) write() error {
	payload := fr.writeBuf[wire.HeaderLen:]
	if len(payload) > wire.MaxMaxFrameSize {
		return ErrFrameTooLarge
	}
	if fr.logWrites {
		if line, err := appendSummary(nil, wire.ParseHeader(fr.writeBuf), payload); err != nil {
			log.Printf("http2: Framer %p: failed to decode just-written frame", fr)
		} else {
			log.Printf("http2: Framer %p: wrote %s", fr, line)
		}
	}
	n, err := fr.w.Write(fr.writeBuf)
	if err == nil && n != len(fr.writeBuf) {
		err = io.ErrShortWrite
	}
	return err
}

// checkStream refuses the identifiers that no stream can have.
func (fr *Framer) checkStream(id uint32) error {
	if (id == 0 || id > maxUint31) && !fr.AllowIllegalWrites {
		return errStreamID
	}
	return nil
}

// WriteData writes a DATA frame in one Write. The caller keeps to the peer's limits
// on sizes.
func (fr *Framer) WriteData(streamID uint32, endStream bool, data []byte) error {
	return fr.WriteDataPadded(streamID, endStream, data, nil)
}

// WriteDataPadded writes a DATA frame with padding in one Write. The caller keeps
// to the peer's limits on sizes.
//
// A pad that is nil means none; otherwise it is at most 255 bytes, all zero unless
// AllowIllegalWrites is set.
func (fr *Framer) WriteDataPadded(streamID uint32, endStream bool, data, pad []byte) error {
	if err := fr.checkStream(streamID); err != nil {
		return err
	}
	if len(pad) > maxPadLength {
		return errPadLength
	}
	for _, b := range pad {
		// RFC 9113 §6.1: padding octets MUST be set to zero when sending.
		if b != 0 && !fr.AllowIllegalWrites {
			return errPadBytes
		}
	}
	fr.writeBuf = wire.AppendDataPadded(fr.writeBuf[:0], streamID, endStream, data, pad)
	return fr.write()
}

// A HeadersFrameParam is what WriteHeaders writes.
type HeadersFrameParam struct {
	// StreamID is the stream; it must be set.
	StreamID uint32

	// BlockFragment is an HPACK-encoded field section, or the beginning of one.
	BlockFragment []byte

	// EndStream is whether the field section is the last thing to be sent on the
	// stream.
	EndStream bool

	// EndHeaders is whether BlockFragment is the whole field section. The rest has to
	// follow in CONTINUATION frames if not.
	EndHeaders bool

	// PadLength is the number of zero bytes of padding. 0 means none.
	PadLength uint8

	// Priority, unless it is zero, is written into the frame.
	Priority PriorityParam
}

// WriteHeaders writes a HEADERS frame in one Write. The caller encodes the field
// section, and splits it into frames.
func (fr *Framer) WriteHeaders(p HeadersFrameParam) error {
	if err := fr.checkStream(p.StreamID); err != nil {
		return err
	}
	if p.Priority.StreamDep > maxUint31 && !fr.AllowIllegalWrites {
		return errDepStreamID
	}
	fr.writeBuf = wire.AppendHeaders(fr.writeBuf[:0], wire.HeadersParam{
		StreamID:    p.StreamID,
		EndStream:   p.EndStream,
		EndHeaders:  p.EndHeaders,
		PadLength:   p.PadLength,
		HasPriority: !p.Priority.IsZero(),
		Priority:    p.Priority.wire(),
		Fragment:    p.BlockFragment,
	})
	return fr.write()
}

// WriteContinuation writes a CONTINUATION frame in one Write.
func (fr *Framer) WriteContinuation(streamID uint32, endHeaders bool, headerBlockFragment []byte) error {
	if err := fr.checkStream(streamID); err != nil {
		return err
	}
	fr.writeBuf = wire.AppendContinuation(fr.writeBuf[:0], streamID, endHeaders, headerBlockFragment)
	return fr.write()
}

// WritePriority writes a PRIORITY frame in one Write.
func (fr *Framer) WritePriority(streamID uint32, p PriorityParam) error {
	if err := fr.checkStream(streamID); err != nil {
		return err
	}
	if p.StreamDep > maxUint31 {
		return errDepStreamID
	}
	fr.writeBuf = wire.AppendPriority(fr.writeBuf[:0], streamID, p.wire())
	return fr.write()
}

// WritePriorityUpdate writes a PRIORITY_UPDATE frame in one Write: streamID is the
// stream that gets the priority, and priority a value such as "u=1, i".
func (fr *Framer) WritePriorityUpdate(streamID uint32, priority string) error {
	if err := fr.checkStream(streamID); err != nil {
		return err
	}
	fr.writeBuf = wire.AppendPriorityUpdate(fr.writeBuf[:0], streamID, priority)
	return fr.write()
}

// WriteRSTStream writes a RST_STREAM frame in one Write.
func (fr *Framer) WriteRSTStream(streamID uint32, code ErrCode) error {
	if err := fr.checkStream(streamID); err != nil {
		return err
	}
	fr.writeBuf = wire.AppendRSTStream(fr.writeBuf[:0], streamID, wire.ErrCode(code))
	return fr.write()
}

// WriteSettings writes a SETTINGS frame in one Write.
func (fr *Framer) WriteSettings(settings ...Setting) error {
	fr.writeBuf = wire.AppendSettingsHeader(fr.writeBuf[:0], len(settings))
	for _, s := range settings {
		fr.writeBuf = wire.AppendSetting(fr.writeBuf, s.wire())
	}
	return fr.write()
}

// WriteSettingsAck writes the SETTINGS frame that acknowledges the peer's in one
// Write.
func (fr *Framer) WriteSettingsAck() error {
	fr.writeBuf = wire.AppendSettingsAck(fr.writeBuf[:0])
	return fr.write()
}

// A PushPromiseParam is what WritePushPromise writes.
type PushPromiseParam struct {
	// StreamID is the stream whose request led to the promise; it must be set.
	StreamID uint32

	// PromiseID is the stream on which the answer will be sent; it must be set.
	PromiseID uint32

	// BlockFragment is the promised request as an HPACK-encoded field section, or the
	// beginning of one.
	BlockFragment []byte

	// EndHeaders is whether BlockFragment is the whole field section. The rest has to
	// follow in CONTINUATION frames if not.
	EndHeaders bool

	// PadLength is the number of zero bytes of padding. 0 means none.
	PadLength uint8
}

// WritePushPromise writes a PUSH_PROMISE frame in one Write. The caller encodes the
// field section, and splits it into frames.
func (fr *Framer) WritePushPromise(p PushPromiseParam) error {
	if err := fr.checkStream(p.StreamID); err != nil {
		return err
	}
	if err := fr.checkStream(p.PromiseID); err != nil {
		return err
	}
	fr.writeBuf = wire.AppendPushPromise(fr.writeBuf[:0], wire.PushPromiseParam{
		StreamID:   p.StreamID,
		PromiseID:  p.PromiseID,
		EndHeaders: p.EndHeaders,
		PadLength:  p.PadLength,
		Fragment:   p.BlockFragment,
	})
	return fr.write()
}

// WritePing writes a PING frame in one Write. An acknowledgement carries the data
// of the PING that it answers.
func (fr *Framer) WritePing(ack bool, data [8]byte) error {
	fr.writeBuf = wire.AppendPing(fr.writeBuf[:0], ack, data)
	return fr.write()
}

// WriteGoAway writes a GOAWAY frame in one Write: maxStreamID is the last of the
// peer's streams that was or may yet be acted on.
func (fr *Framer) WriteGoAway(maxStreamID uint32, code ErrCode, debugData []byte) error {
	fr.writeBuf = wire.AppendGoAway(fr.writeBuf[:0], maxStreamID&maxUint31, wire.ErrCode(code), debugData)
	return fr.write()
}

// WriteWindowUpdate writes a WINDOW_UPDATE frame in one Write, for a stream or,
// with a streamID of 0, for the connection. The increment is from 1 to 2^31-1.
func (fr *Framer) WriteWindowUpdate(streamID, incr uint32) error {
	if (incr == 0 || incr > maxUint31) && !fr.AllowIllegalWrites {
		return errIncrement
	}
	fr.writeBuf = wire.AppendWindowUpdate(fr.writeBuf[:0], streamID, incr)
	return fr.write()
}

// WriteRawFrame writes a frame of any type in one Write, without checks: for types
// that this package doesn't know.
func (fr *Framer) WriteRawFrame(t FrameType, flags Flags, streamID uint32, payload []byte) error {
	fr.writeBuf = wire.AppendHeader(fr.writeBuf[:0], wire.Header{
		Length:   uint32(len(payload)),
		Type:     wire.FrameType(t),
		Flags:    wire.Flags(flags),
		StreamID: streamID,
	})
	fr.writeBuf = append(fr.writeBuf, payload...)
	return fr.write()
}
