package h2test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/wire"
)

// An Expectation is a frame that a test wants.
type Expectation struct {
	text  string
	match func(Frame) string // says what is wrong, "" if nothing
}

func (e Expectation) String() string { return e.text }

// like makes an expectation of a frame whose header and payload are known. A length is left to the payload.
func like(b []byte) Expectation {
	want, _, _ := cutFrame(b)
	return Expectation{text: want.String(), match: func(got Frame) string {
		if problem := sameHeader(got, want); problem != "" {
			return problem
		}
		if string(got.Payload) != string(want.Payload) {
			return "the payload differs"
		}
		return ""
	}}
}

func sameHeader(got, want Frame) string {
	switch {
	case got.Type != want.Type:
		return "another type"
	case got.StreamID != want.StreamID:
		return "another stream"
	case got.Flags != want.Flags:
		return fmt.Sprintf("flags are %#x instead of %#x", got.Flags, want.Flags)
	}
	return ""
}

// HeadersFrame wants a HEADERS frame with exactly the fields given as names and values in turn. Regular fields may come
// in any order, after the pseudo-header fields. Padding, priority and CONTINUATION frames make no difference.
func HeadersFrame(id uint32, endStream bool, namesAndValues ...string) Expectation {
	want := Fields(namesAndValues...)
	return headers(id, endStream, "", want, func(got []hpack.HeaderField) string {
		if !slices.Equal(sorted(got), sorted(want)) {
			return "the fields differ"
		}
		return ""
	})
}

// HeadersWith wants a HEADERS frame that has the fields given as names and values in turn, and perhaps others.
func HeadersWith(id uint32, endStream bool, namesAndValues ...string) Expectation {
	want := Fields(namesAndValues...)
	return headers(id, endStream, " and others", want, func(got []hpack.HeaderField) string {
		for _, f := range want {
			if !slices.Contains(got, f) {
				return fmt.Sprintf("%s=%q is missing", f.Name, f.Value)
			}
		}
		return ""
	})
}

func headers(id uint32, endStream bool, more string, want []hpack.HeaderField, match func([]hpack.HeaderField) string) Expectation {
	h := wire.Header{Type: wire.Headers, StreamID: id}
	if endStream {
		h.Flags = wire.FlagEndStream
	}
	return Expectation{text: Frame{Header: h, Fields: want}.String() + more, match: func(got Frame) string {
		got.Flags &= wire.FlagEndStream
		if problem := sameHeader(got, Frame{Header: h}); problem != "" {
			return problem
		}
		if !pseudoFirst(got.Fields) {
			return "a pseudo-header field comes after a regular one (RFC 9113 §8.3)"
		}
		return match(got.Fields)
	}}
}

func sorted(fields []hpack.HeaderField) []hpack.HeaderField {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(a, b hpack.HeaderField) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return fields
}

func pseudoFirst(fields []hpack.HeaderField) bool {
	return slices.IsSortedFunc(fields, func(a, b hpack.HeaderField) int {
		switch {
		case a.IsPseudo() == b.IsPseudo():
			return 0
		case a.IsPseudo():
			return -1
		}
		return 1
	})
}

// PushPromiseFrame wants a PUSH_PROMISE frame with exactly the fields given as names and values in turn, in any order.
func PushPromiseFrame(id, promise uint32, namesAndValues ...string) Expectation {
	want := Fields(namesAndValues...)
	text := fmt.Sprintf("PUSH_PROMISE stream=%d promise=%d %s", id, promise, formatFields(want))
	return Expectation{text: text, match: func(got Frame) string {
		pp, err := wire.ParsePushPromise(got.Header, got.Payload)
		switch {
		case got.Type != wire.PushPromise:
			return "another type"
		case err != nil:
			return err.Error()
		case pp.StreamID != id:
			return "another stream"
		case pp.PromiseID != promise:
			return fmt.Sprintf("it promises stream %d", pp.PromiseID)
		case !slices.Equal(sorted(got.Fields), sorted(want)):
			return "the fields differ"
		}
		return ""
	}}
}

// DataFrame wants a DATA frame without padding.
func DataFrame(id uint32, data string, endStream bool) Expectation {
	return like(wire.AppendData(nil, id, endStream, []byte(data)))
}

// RSTStreamFrame wants a RST_STREAM frame.
func RSTStreamFrame(id uint32, code wire.ErrCode) Expectation {
	return like(wire.AppendRSTStream(nil, id, code))
}

// SettingsFrame wants a SETTINGS frame with these settings in this order.
func SettingsFrame(settings ...wire.Setting) Expectation {
	return like(wire.AppendSettings(nil, settings...))
}

// SettingsAckFrame wants the acknowledgement of a SETTINGS frame.
func SettingsAckFrame() Expectation { return like(wire.AppendSettingsAck(nil)) }

// PingFrame wants a PING frame.
func PingFrame(ack bool, data [8]byte) Expectation { return like(wire.AppendPing(nil, ack, data)) }

// WindowUpdateFrame wants a WINDOW_UPDATE frame.
func WindowUpdateFrame(id, increment uint32) Expectation {
	return like(wire.AppendWindowUpdate(nil, id, increment))
}

// GoAwayFrame wants a GOAWAY frame, with any debug data.
func GoAwayFrame(last uint32, code wire.ErrCode) Expectation {
	text := fmt.Sprintf("GOAWAY last=%d %v", last, code)
	return Expectation{text: text, match: func(got Frame) string {
		if got.Type != wire.GoAway {
			return "another type"
		}
		g, err := wire.ParseGoAway(got.Header, got.Payload)
		switch {
		case err != nil:
			return err.Error()
		case g.LastStreamID != last:
			return "another last stream"
		case g.Code != code:
			return "another code"
		}
		return ""
	}}
}

// FrameOfType wants a frame of a type, on a stream.
func FrameOfType(t wire.FrameType, id uint32) Expectation {
	want := Frame{Header: wire.Header{Type: t, StreamID: id}}
	return Expectation{text: fmt.Sprintf("any %v on stream %d", t, id), match: func(got Frame) string {
		got.Flags = 0
		return sameHeader(got, want)
	}}
}
