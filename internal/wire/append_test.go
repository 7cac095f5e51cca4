package wire

import (
	"reflect"
	"testing"
)

func TestFramesAreAppended(t *testing.T) {
	prio := PriorityParam{StreamDep: 7, Exclusive: true, Weight: 15}
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"DATA", AppendData(nil, 1, true, []byte("hello")), "\x00\x00\x05\x00\x01\x00\x00\x00\x01hello"},
		{"DATA, header only", AppendDataHeader(nil, 1, false, 0x010203), "\x01\x02\x03\x00\x00\x00\x00\x00\x01"},
		{"DATA, no padding", AppendDataPadded(nil, 1, false, []byte("hi"), nil), "\x00\x00\x02\x00\x00\x00\x00\x00\x01hi"},
		{"DATA, empty padding", AppendDataPadded(nil, 1, false, []byte("hi"), []byte{}), "\x00\x00\x03\x00\x08\x00\x00\x00\x01\x00hi"},
		{"DATA, padded", AppendDataPadded(nil, 1, true, []byte("hi"), []byte("\x00\x00")), "\x00\x00\x05\x00\x09\x00\x00\x00\x01\x02hi\x00\x00"},
		{"HEADERS", AppendHeaders(nil, HeadersParam{StreamID: 1, EndHeaders: true, Fragment: []byte("block")}), "\x00\x00\x05\x01\x04\x00\x00\x00\x01block"},
		{"HEADERS, all of it", AppendHeaders(nil, HeadersParam{StreamID: 1, EndStream: true, EndHeaders: true, PadLength: 2, HasPriority: true, Priority: prio, Fragment: []byte("block")}),
			"\x00\x00\x0d\x01\x2d\x00\x00\x00\x01\x02\x80\x00\x00\x07\x0fblock\x00\x00"},
		{"HEADERS, zero priority", AppendHeaders(nil, HeadersParam{StreamID: 1, HasPriority: true}), "\x00\x00\x05\x01\x20\x00\x00\x00\x01\x00\x00\x00\x00\x00"},
		{"CONTINUATION", AppendContinuation(nil, 1, true, []byte("block")), "\x00\x00\x05\x09\x04\x00\x00\x00\x01block"},
		{"PRIORITY", AppendPriority(nil, 1, prio), "\x00\x00\x05\x02\x00\x00\x00\x00\x01\x80\x00\x00\x07\x0f"},
		{"RST_STREAM", AppendRSTStream(nil, 1, Cancel), "\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08"},
		{"SETTINGS", AppendSettings(nil, Setting{SettingMaxFrameSize, 0x4000}, Setting{0xabcd, 1}), "\x00\x00\x0c\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00\xab\xcd\x00\x00\x00\x01"},
		{"SETTINGS, acknowledged", AppendSettingsAck(nil), "\x00\x00\x00\x04\x01\x00\x00\x00\x00"},
		{"PUSH_PROMISE", AppendPushPromise(nil, PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, Fragment: []byte("block")}), "\x00\x00\x09\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02block"},
		{"PUSH_PROMISE, padded", AppendPushPromise(nil, PushPromiseParam{StreamID: 1, PromiseID: 2, PadLength: 1, Fragment: []byte("block")}), "\x00\x00\x0b\x05\x08\x00\x00\x00\x01\x01\x00\x00\x00\x02block\x00"},
		{"PING", AppendPing(nil, false, [8]byte([]byte("12345678"))), "\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678"},
		{"PING, acknowledged", AppendPing(nil, true, [8]byte([]byte("12345678"))), "\x00\x00\x08\x06\x01\x00\x00\x00\x0012345678"},
		{"GOAWAY", AppendGoAway(nil, 9, EnhanceYourCalm, []byte("calm")), "\x00\x00\x0c\x07\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x0bcalm"},
		{"WINDOW_UPDATE", AppendWindowUpdate(nil, 1, 0x01020304), "\x00\x00\x04\x08\x00\x00\x00\x00\x01\x01\x02\x03\x04"},
		{"PRIORITY_UPDATE", AppendPriorityUpdate(nil, 3, "u=1"), "\x00\x00\x07\x10\x00\x00\x00\x00\x00\x00\x00\x00\x03u=1"},
	} {
		if string(test.got) != test.want {
			t.Errorf("%s:\n got %q\nwant %q", test.name, test.got, test.want)
		}
	}
}

// reappend makes a frame of what parse returned.
func reappend(id uint32, parsed any) []byte {
	switch f := parsed.(type) {
	case DataFrame:
		return AppendData(nil, f.StreamID, f.EndStream, f.Data)
	case HeadersFrame:
		return AppendHeaders(nil, HeadersParam{
			StreamID: f.StreamID, EndStream: f.EndStream, EndHeaders: f.EndHeaders,
			HasPriority: f.HasPriority, Priority: f.Priority, Fragment: f.Fragment,
		})
	case PriorityFrame:
		return AppendPriority(nil, f.StreamID, f.PriorityParam)
	case ErrCode:
		return AppendRSTStream(nil, id, f)
	case SettingsFrame:
		if f.Ack {
			return AppendSettingsAck(nil)
		}
		var settings []Setting
		for i := range f.Len() {
			settings = append(settings, f.At(i))
		}
		return AppendSettings(nil, settings...)
	case PushPromiseFrame:
		return AppendPushPromise(nil, PushPromiseParam{StreamID: f.StreamID, PromiseID: f.PromiseID, EndHeaders: f.EndHeaders, Fragment: f.Fragment})
	case pingFrame:
		return AppendPing(nil, f.ack, f.data)
	case GoAwayFrame:
		return AppendGoAway(nil, f.LastStreamID, f.Code, f.Debug)
	case uint32:
		return AppendWindowUpdate(nil, id, f)
	case ContinuationFrame:
		return AppendContinuation(nil, f.StreamID, f.EndHeaders, f.Fragment)
	case PriorityUpdateFrame:
		return AppendPriorityUpdate(nil, f.PrioritizedID, string(f.Field))
	}
	return nil
}

// FuzzParseAppend parses anything as any type of frame: what can be parsed must be the same again after it was
// appended, but for padding; and errors are of the two kinds.
func FuzzParseAppend(f *testing.F) {
	for t := range FrameType(0x12) {
		f.Add(byte(t), byte(0xff), uint32(1), []byte("\x01\x00\x00\x00\x05\x00\x00\x00"))
		f.Add(byte(t), byte(0), uint32(0), []byte("\x00\x00\x00\x05\x00\x00\x00\x01"))
		f.Add(byte(t), byte(4), uint32(3), []byte("\x00\x00\x00\x05"))
	}
	f.Fuzz(func(t *testing.T, typ, flags byte, id uint32, payload []byte) {
		if len(payload) > MaxMaxFrameSize {
			return
		}
		h := ParseHeader(AppendHeader(nil, Header{uint32(len(payload)), FrameType(typ), Flags(flags), id}))
		if want := (Header{uint32(len(payload)), FrameType(typ), Flags(flags), id & streamIDMask}); h != want {
			t.Fatalf("header %+v, want %+v", h, want)
		}
		parsed, err := parse(h, payload)
		if err != nil {
			switch err.(type) {
			case *ConnError, *StreamError:
				return
			}
			t.Fatalf("%T: %v", err, err)
		}
		if parsed == nil {
			return // an unknown type
		}
		b := reappend(h.StreamID, parsed)
		again, err := parse(ParseHeader(b), b[HeaderLen:])
		if d, ok := parsed.(DataFrame); ok {
			d.Length = uint32(len(d.Data)) // without the padding
			parsed = d
		}
		if err != nil || !reflect.DeepEqual(again, parsed) {
			t.Fatalf("%+v became %+v, %v", parsed, again, err)
		}
	})
}

func TestParsingAndAppendingDoNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 1024)
	fragment, data, debug := []byte("fragment"), []byte("data"), []byte("debug")
	pad := make([]byte, 3)
	field := "u=1, i"
	settings := []Setting{{SettingMaxFrameSize, 1 << 14}, {SettingEnablePush, 0}}
	allocs := testing.AllocsPerRun(100, func() {
		b := AppendData(buf, 1, true, data)
		ParseData(ParseHeader(b), b[HeaderLen:])
		b = AppendDataPadded(buf, 1, true, data, pad)
		ParseData(ParseHeader(b), b[HeaderLen:])
		b = AppendHeaders(buf, HeadersParam{StreamID: 1, PadLength: 3, HasPriority: true, Fragment: fragment})
		ParseHeaders(ParseHeader(b), b[HeaderLen:])
		b = AppendContinuation(buf, 1, true, fragment)
		ParseContinuation(ParseHeader(b), b[HeaderLen:])
		b = AppendPriority(buf, 1, PriorityParam{Weight: 3})
		ParsePriority(ParseHeader(b), b[HeaderLen:])
		b = AppendRSTStream(buf, 1, Cancel)
		ParseRSTStream(ParseHeader(b), b[HeaderLen:])
		b = AppendSettings(buf, settings...)
		if f, err := ParseSettings(ParseHeader(b), b[HeaderLen:]); err == nil {
			f.At(f.Len() - 1).Valid()
		}
		b = AppendPushPromise(buf, PushPromiseParam{StreamID: 1, PromiseID: 2, Fragment: fragment})
		ParsePushPromise(ParseHeader(b), b[HeaderLen:])
		b = AppendPing(buf, true, [8]byte{1})
		ParsePing(ParseHeader(b), b[HeaderLen:])
		b = AppendGoAway(buf, 1, NoError, debug)
		ParseGoAway(ParseHeader(b), b[HeaderLen:])
		b = AppendWindowUpdate(buf, 1, 1)
		ParseWindowUpdate(ParseHeader(b), b[HeaderLen:])
		b = AppendPriorityUpdate(buf, 1, field)
		ParsePriorityUpdate(ParseHeader(b), b[HeaderLen:])
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}
