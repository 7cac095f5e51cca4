package http2

import (
	"fmt"
	"strconv"

	"h2fork.example/net/internal/wire"
)

// maxSummaryData is how much of a DATA frame a log line shows. A peer chooses the
// content, and must not fill the log with it.
const maxSummaryData = 256

// summarize returns what a log line says about a frame.
func summarize(h wire.Header, payload []byte) string {
	line, _ := appendSummary(nil, h, payload)
	return string(line)
}

// appendSummary fails, with what it could say, if the frame isn't well-formed.
func appendSummary(b []byte, h wire.Header, payload []byte) (_ []byte, err error) {
	b = appendHeaderSummary(b, h)
	switch h.Type {
	case wire.Data:
		var f wire.DataFrame
		if f, err = wire.ParseData(h, payload); err == nil {
			b = appendDataSummary(b, f.Data)
		}
	case wire.Headers:
		_, err = wire.ParseHeaders(h, payload)
	case wire.Priority:
		_, err = wire.ParsePriority(h, payload)
	case wire.RSTStream:
		var code wire.ErrCode
		if code, err = wire.ParseRSTStream(h, payload); err == nil {
			b = fmt.Appendf(b, " ErrCode=%v", code)
		}
	case wire.Settings:
		var f wire.SettingsFrame
		if f, err = wire.ParseSettings(h, payload); err == nil {
			b = appendSettingsSummary(b, f)
		}
	case wire.PushPromise:
		_, err = wire.ParsePushPromise(h, payload)
	case wire.Ping:
		var data [8]byte
		if data, _, err = wire.ParsePing(h, payload); err == nil {
			b = fmt.Appendf(b, " ping=%q", data[:])
		}
	case wire.GoAway:
		var f wire.GoAwayFrame
		if f, err = wire.ParseGoAway(h, payload); err == nil {
			b = fmt.Appendf(b, " LastStreamID=%v ErrCode=%v Debug=%q", f.LastStreamID, f.Code, f.Debug)
		}
	case wire.WindowUpdate:
		var increment uint32
		if increment, err = wire.ParseWindowUpdate(h, payload); err == nil {
			if h.StreamID == 0 {
				b = append(b, " (conn)"...)
			}
			b = fmt.Appendf(b, " incr=%d", increment)
		}
	case wire.Continuation:
		_, err = wire.ParseContinuation(h, payload)
	case wire.PriorityUpdate:
		_, err = wire.ParsePriorityUpdate(h, payload)
	}
	return b, err
}

func appendDataSummary(b, data []byte) []byte {
	omitted := max(0, len(data)-maxSummaryData)
	b = fmt.Appendf(b, " data=%q", data[:len(data)-omitted])
	if omitted > 0 {
		b = fmt.Appendf(b, " (%d bytes omitted)", omitted)
	}
	return b
}

func appendSettingsSummary(b []byte, f wire.SettingsFrame) []byte {
	sep := ", settings: "
	for i := range f.Len() {
		s := f.At(i)
		b = fmt.Appendf(b, "%s%v=%v", sep, s.ID, s.Val)
		sep = ", "
	}
	return b
}

func appendHeaderSummary(b []byte, h wire.Header) []byte {
	b = append(b, h.Type.String()...)
	sep := " flags="
	for bit := wire.Flags(1); bit != 0; bit <<= 1 {
		if !h.Flags.Has(bit) {
			continue
		}
		b = append(b, sep...)
		b = append(b, flagName(h.Type, bit)...)
		sep = "|"
	}
	if h.StreamID != 0 {
		b = fmt.Appendf(b, " stream=%d", h.StreamID)
	}
	return fmt.Appendf(b, " len=%d", h.Length)
}

// flagName returns the RFC's name of one flag, or its value if the type of frame
// has no such flag.
func flagName(t wire.FrameType, flag wire.Flags) string {
	fields := t == wire.Headers || t == wire.PushPromise
	switch {
	case flag == wire.FlagEndStream && (t == wire.Data || t == wire.Headers):
		return "END_STREAM"
	case flag == wire.FlagAck && (t == wire.Settings || t == wire.Ping):
		return "ACK"
	case flag == wire.FlagEndHeaders && (fields || t == wire.Continuation):
		return "END_HEADERS"
	case flag == wire.FlagPadded && (fields || t == wire.Data):
		return "PADDED"
	case flag == wire.FlagPriority && t == wire.Headers:
		return "PRIORITY"
	}
	return "0x" + strconv.FormatUint(uint64(flag), 16)
}
