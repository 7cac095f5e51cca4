package http2

import "h2fork.example/net/internal/wire"

// A DataFrame is a DATA frame: part of a message's content (RFC 9113 §6.1).
type DataFrame struct {
	FrameHeader
	data []byte // aliases the Framer's buffer
}

// StreamEnded reports whether the frame is the last its sender sends on the stream.
func (f *DataFrame) StreamEnded() bool { return f.Flags.Has(FlagDataEndStream) }

// Data returns the content without padding. It is valid until the next frame is
// read.
func (f *DataFrame) Data() []byte {
	f.mustBeValid()
	return f.data
}

// A HeadersFrame is a HEADERS frame: the beginning of a field section, perhaps all
// of it (RFC 9113 §6.2).
type HeadersFrame struct {
	FrameHeader

	// Priority is the priority in the frame, if HasPriority.
	Priority PriorityParam

	fragment []byte // aliases the Framer's buffer
}

// HeaderBlockFragment returns what the frame carries of the encoded field section.
// It is valid until the next frame is read.
func (f *HeadersFrame) HeaderBlockFragment() []byte {
	f.mustBeValid()
	return f.fragment
}

// HeadersEnded reports whether the field section is complete, with no CONTINUATION
// to follow.
func (f *HeadersFrame) HeadersEnded() bool { return f.Flags.Has(FlagHeadersEndHeaders) }

// StreamEnded reports whether the field section is the last thing its sender sends
// on the stream.
func (f *HeadersFrame) StreamEnded() bool { return f.Flags.Has(FlagHeadersEndStream) }

// HasPriority reports whether the frame carries a priority.
func (f *HeadersFrame) HasPriority() bool { return f.Flags.Has(FlagHeadersPriority) }

// A PriorityFrame is a PRIORITY frame: a priority for its stream (RFC 7540 §6.3,
// deprecated by RFC 9113 §5.3.2).
type PriorityFrame struct {
	FrameHeader
	PriorityParam
}

// A RSTStreamFrame is a RST_STREAM frame: the early end of its stream
// (RFC 9113 §6.4).
type RSTStreamFrame struct {
	FrameHeader
	ErrCode ErrCode
}

// A SettingsFrame is a SETTINGS frame: settings that its sender wants its peer to
// follow, or the acknowledgement of such a frame (RFC 9113 §6.5).
type SettingsFrame struct {
	FrameHeader
	settings wire.SettingsFrame // aliases the Framer's buffer
}

// IsAck reports whether the frame acknowledges the peer's settings. It has none of
// its own then.
func (f *SettingsFrame) IsAck() bool { return f.Flags.Has(FlagSettingsAck) }

// NumSettings returns the number of settings in the frame.
func (f *SettingsFrame) NumSettings() int { return f.settings.Len() }

// Setting returns setting i, from 0 to NumSettings()-1, in the order in which they
// were sent. Its value may be one that Setting.Valid refuses.
func (f *SettingsFrame) Setting(i int) Setting { return publicSetting(f.settings.At(i)) }

// Value returns the value of the first setting with the identifier given, and
// whether there is one.
func (f *SettingsFrame) Value(id SettingID) (v uint32, ok bool) {
	f.mustBeValid()
	for i := range f.NumSettings() {
		if s := f.Setting(i); s.ID == id {
			return s.Val, true
		}
	}
	return 0, false
}

// HasDuplicates reports whether a setting occurs more than once.
func (f *SettingsFrame) HasDuplicates() bool {
	var known uint64 // a bit for each identifier below 64: all that have been registered
	var others map[SettingID]bool
	for i := range f.NumSettings() {
		id := f.Setting(i).ID
		if id < 64 {
			if known&(1<<id) != 0 {
				return true
			}
			known |= 1 << id
			continue
		}
		if others[id] {
			return true
		}
		if others == nil {
			others = make(map[SettingID]bool)
		}
		others[id] = true
	}
	return false
}

// ForeachSetting calls fn for each setting in turn until fn returns an error, and
// returns that.
func (f *SettingsFrame) ForeachSetting(fn func(Setting) error) error {
	f.mustBeValid()
	for i := range f.NumSettings() {
		if err := fn(f.Setting(i)); err != nil {
			return err
		}
	}
	return nil
}

// A PushPromiseFrame is a PUSH_PROMISE frame: a request that the server will answer
// unasked (RFC 9113 §6.6).
type PushPromiseFrame struct {
	FrameHeader

	// PromiseID is the stream on which the answer will come.
	PromiseID uint32

	fragment []byte // aliases the Framer's buffer
}

// HeaderBlockFragment returns what the frame carries of the encoded field section
// of the promised request. It is valid until the next frame is read.
func (f *PushPromiseFrame) HeaderBlockFragment() []byte {
	f.mustBeValid()
	return f.fragment
}

// HeadersEnded reports whether the field section is complete, with no CONTINUATION
// to follow.
func (f *PushPromiseFrame) HeadersEnded() bool { return f.Flags.Has(FlagPushPromiseEndHeaders) }

// A PingFrame is a PING frame, which asks whether the connection is alive, or the
// acknowledgement of one (RFC 9113 §6.7).
type PingFrame struct {
	FrameHeader

	// Data is chosen by the sender of the PING, and repeated in the acknowledgement.
	Data [8]byte
}

// IsAck reports whether the frame is an acknowledgement.
func (f *PingFrame) IsAck() bool { return f.Flags.Has(FlagPingAck) }

// A GoAwayFrame is a GOAWAY frame: its sender takes no more streams
// (RFC 9113 §6.8).
type GoAwayFrame struct {
	FrameHeader

	// LastStreamID is the last of the peer's streams that the sender may have acted
	// on.
	LastStreamID uint32

	// ErrCode is why the connection ends, ErrCodeNo if nothing is wrong.
	ErrCode ErrCode

	debug []byte // aliases the Framer's buffer
}

// DebugData returns the opaque bytes at the end of the frame. They are valid until
// the next frame is read.
func (f *GoAwayFrame) DebugData() []byte {
	f.mustBeValid()
	return f.debug
}

// A WindowUpdateFrame is a WINDOW_UPDATE frame: permission to send more, on its
// stream or, on stream 0, on the connection (RFC 9113 §6.9).
type WindowUpdateFrame struct {
	FrameHeader

	// Increment is the number of bytes by which the flow-control window grows, 1 to
	// 2^31-1.
	Increment uint32
}

// A ContinuationFrame is a CONTINUATION frame: more of a field section
// (RFC 9113 §6.10).
type ContinuationFrame struct {
	FrameHeader
	fragment []byte // aliases the Framer's buffer
}

// HeaderBlockFragment returns what the frame carries of the encoded field section.
// It is valid until the next frame is read.
func (f *ContinuationFrame) HeaderBlockFragment() []byte {
	f.mustBeValid()
	return f.fragment
}

// HeadersEnded reports whether the field section is complete, with no further
// CONTINUATION to follow.
func (f *ContinuationFrame) HeadersEnded() bool { return f.Flags.Has(FlagContinuationEndHeaders) }

// A PriorityUpdateFrame is a PRIORITY_UPDATE frame: a new priority for a stream
// (RFC 9218 §7.1).
type PriorityUpdateFrame struct {
	FrameHeader

	// Priority is a value as in a priority field, such as "u=1, i".
	Priority string

	// PrioritizedStreamID is the stream it applies to; the frame itself is sent on
	// stream 0.
	PrioritizedStreamID uint32
}

// An UnknownFrame is a frame of a type that this package has no other type for.
type UnknownFrame struct {
	FrameHeader
	payload []byte // aliases the Framer's buffer
}

// Payload returns what follows the frame's header. It is valid until the next frame
// is read.
func (f *UnknownFrame) Payload() []byte {
	f.mustBeValid()
	return f.payload
}
