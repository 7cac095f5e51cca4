package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// parse calls the parser for the type of a frame, and returns what it returned.
func parse(h Header, p []byte) (any, error) {
	switch h.Type {
	case Data:
		return ParseData(h, p)
	case Headers:
		return ParseHeaders(h, p)
	case Priority:
		return ParsePriority(h, p)
	case RSTStream:
		return ParseRSTStream(h, p)
	case Settings:
		return ParseSettings(h, p)
	case PushPromise:
		return ParsePushPromise(h, p)
	case Ping:
		data, ack, err := ParsePing(h, p)
		return pingFrame{data, ack}, err
	case GoAway:
		return ParseGoAway(h, p)
	case WindowUpdate:
		return ParseWindowUpdate(h, p)
	case Continuation:
		return ParseContinuation(h, p)
	case PriorityUpdate:
		return ParsePriorityUpdate(h, p)
	}
	return nil, nil
}

type pingFrame struct {
	data [8]byte
	ack  bool
}

func TestHeaderIsNineOctets(t *testing.T) {
	// RFC 9113 §4.1.
	h := Header{Length: 0x010203, Type: 0xab, Flags: 0xcd, StreamID: 0x0e0f1011}
	b := AppendHeader([]byte("before"), h)
	if want := "before\x01\x02\x03\xab\xcd\x0e\x0f\x10\x11"; string(b) != want {
		t.Fatalf("AppendHeader = %q, want %q", b, want)
	}
	if got := ParseHeader(b[len("before"):]); got != h {
		t.Errorf("ParseHeader = %+v, want %+v", got, h)
	}
}

func TestReservedBitOfTheStreamIdentifierIsIgnored(t *testing.T) {
	// RFC 9113 §4.1: the reserved bit MUST be ignored when receiving.
	if h := ParseHeader([]byte("\x00\x00\x00\x00\x00\x80\x00\x00\x05")); h.StreamID != 5 {
		t.Errorf("stream %d, want 5", h.StreamID)
	}
}

func TestFramesAreParsed(t *testing.T) {
	for _, test := range []struct {
		name    string
		h       Header // without its length
		payload string
		want    any
	}{
		{"DATA", Header{Type: Data, StreamID: 1}, "hello", DataFrame{StreamID: 1, Data: []byte("hello"), Length: 5}},
		{"DATA, empty, the last", Header{Type: Data, Flags: FlagEndStream, StreamID: 1}, "", DataFrame{StreamID: 1, EndStream: true, Data: []byte{}}},
		// RFC 9113 §6.9.1: flow control counts the padding and its length.
		{"DATA, padded", Header{Type: Data, Flags: FlagPadded, StreamID: 1}, "\x02hello\x00\x00", DataFrame{StreamID: 1, Data: []byte("hello"), Length: 8}},
		{"DATA, nothing but padding", Header{Type: Data, Flags: FlagPadded, StreamID: 1}, "\x01\x00", DataFrame{StreamID: 1, Data: []byte{}, Length: 2}},
		{"HEADERS", Header{Type: Headers, Flags: FlagEndHeaders, StreamID: 3}, "block", HeadersFrame{StreamID: 3, EndHeaders: true, Fragment: []byte("block")}},
		{"HEADERS, padded, with priority", Header{Type: Headers, Flags: FlagEndStream | FlagPadded | FlagPriority, StreamID: 3}, "\x01\x80\x00\x00\x07\x0fblock\x00",
			HeadersFrame{StreamID: 3, EndStream: true, HasPriority: true, Priority: PriorityParam{StreamDep: 7, Exclusive: true, Weight: 15}, Fragment: []byte("block")}},
		// An empty field block fragment is allowed: CONTINUATION frames may follow.
		{"HEADERS, nothing but padding", Header{Type: Headers, Flags: FlagPadded, StreamID: 3}, "\x01\x00", HeadersFrame{StreamID: 3, Fragment: []byte{}}},
		{"PRIORITY", Header{Type: Priority, StreamID: 3}, "\x00\x00\x00\x05\xff", PriorityFrame{3, PriorityParam{StreamDep: 5, Weight: 255}}},
		{"RST_STREAM", Header{Type: RSTStream, StreamID: 3}, "\x00\x00\x00\x08", Cancel},
		// RFC 9113 §7: unknown error codes are not special.
		{"RST_STREAM, unknown code", Header{Type: RSTStream, StreamID: 3}, "\xff\xff\xff\xff", ErrCode(0xffffffff)},
		{"SETTINGS", Header{Type: Settings}, "\x00\x03\x00\x00\x00\x64", SettingsFrame{Payload: []byte("\x00\x03\x00\x00\x00\x64")}},
		{"SETTINGS, acknowledged", Header{Type: Settings, Flags: FlagAck}, "", SettingsFrame{Ack: true, Payload: []byte{}}},
		{"PUSH_PROMISE", Header{Type: PushPromise, Flags: FlagEndHeaders, StreamID: 1}, "\x80\x00\x00\x02block",
			PushPromiseFrame{StreamID: 1, PromiseID: 2, EndHeaders: true, Fragment: []byte("block")}},
		{"PUSH_PROMISE, padded", Header{Type: PushPromise, Flags: FlagPadded, StreamID: 1}, "\x02\x00\x00\x00\x02block\x00\x00",
			PushPromiseFrame{StreamID: 1, PromiseID: 2, Fragment: []byte("block")}},
		{"PING", Header{Type: Ping}, "12345678", pingFrame{data: [8]byte([]byte("12345678"))}},
		{"PING, acknowledged", Header{Type: Ping, Flags: FlagAck}, "12345678", pingFrame{data: [8]byte([]byte("12345678")), ack: true}},
		{"GOAWAY", Header{Type: GoAway}, "\x80\x00\x00\x09\x00\x00\x00\x0bcalm", GoAwayFrame{LastStreamID: 9, Code: EnhanceYourCalm, Debug: []byte("calm")}},
		{"WINDOW_UPDATE, of the connection", Header{Type: WindowUpdate}, "\x80\x00\x00\x01", uint32(1)},
		{"WINDOW_UPDATE, of a stream", Header{Type: WindowUpdate, StreamID: 1}, "\x7f\xff\xff\xff", uint32(MaxWindow)},
		{"CONTINUATION", Header{Type: Continuation, Flags: FlagEndHeaders, StreamID: 1}, "block", ContinuationFrame{StreamID: 1, EndHeaders: true, Fragment: []byte("block")}},
		{"PRIORITY_UPDATE", Header{Type: PriorityUpdate}, "\x80\x00\x00\x03u=1", PriorityUpdateFrame{PrioritizedID: 3, Field: []byte("u=1")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.h.Length = uint32(len(test.payload))
			got, err := parse(test.h, []byte(test.payload))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestUndefinedFlagsAreIgnored(t *testing.T) {
	// RFC 9113 §4.1: flags without a meaning for the type MUST be ignored when receiving.
	const undefined = ^Flags(0) &^ (FlagEndStream | FlagEndHeaders | FlagPadded | FlagPriority)
	for _, test := range []struct {
		h       Header
		payload string
	}{
		{Header{Type: Data, Flags: undefined | FlagEndHeaders | FlagPriority, StreamID: 1}, "x"},
		{Header{Type: Headers, Flags: undefined, StreamID: 1}, "x"},
		{Header{Type: Priority, Flags: ^Flags(0), StreamID: 1}, "12345"},
		{Header{Type: RSTStream, Flags: ^Flags(0), StreamID: 1}, "1234"},
		{Header{Type: Settings, Flags: ^FlagAck}, "123456"},
		{Header{Type: PushPromise, Flags: ^FlagPadded, StreamID: 1}, "1234"},
		{Header{Type: Ping, Flags: ^Flags(0)}, "12345678"},
		{Header{Type: GoAway, Flags: ^Flags(0)}, "12345678"},
		{Header{Type: WindowUpdate, Flags: ^Flags(0)}, "1234"},
		{Header{Type: Continuation, Flags: ^Flags(0), StreamID: 1}, "x"},
		{Header{Type: PriorityUpdate, Flags: ^Flags(0)}, "1234"},
	} {
		test.h.Length = uint32(len(test.payload))
		if _, err := parse(test.h, []byte(test.payload)); err != nil {
			t.Errorf("%v with flags %#x: %v", test.h.Type, test.h.Flags, err)
		}
	}
}

// The scopes of errors, in tables.
const (
	ofConn   = "connection"
	ofStream = "stream"
)

func TestMalformedFramesAreErrors(t *testing.T) {
	for _, test := range []struct {
		rule    string
		h       Header // without its length
		payload string
		scope   string
		code    ErrCode
		count   string
	}{
		{"RFC 9113 §6.1: DATA MUST be associated with a stream", Header{Type: Data}, "x", ofConn, ProtocolError, "frame_data_stream_0"},
		{"RFC 9113 §6.1: padding of the length of the payload or more", Header{Type: Data, Flags: FlagPadded, StreamID: 1}, "\x02x", ofConn, ProtocolError, "frame_data_pad_too_big"},
		{"RFC 9113 §4.2: too small for mandatory frame data", Header{Type: Data, Flags: FlagPadded, StreamID: 1}, "", ofConn, FrameSizeError, "frame_data_pad_byte_short"},
		{"RFC 9113 §6.2: HEADERS MUST be associated with a stream", Header{Type: Headers}, "x", ofConn, ProtocolError, "frame_headers_zero_stream"},
		{"RFC 9113 §6.2: padding of the length of the payload or more", Header{Type: Headers, Flags: FlagPadded, StreamID: 1}, "\x02x", ofConn, ProtocolError, "frame_headers_pad_too_big"},
		{"RFC 9113 §6.2: padding into the priority", Header{Type: Headers, Flags: FlagPadded | FlagPriority, StreamID: 1}, "\x0112345", ofConn, ProtocolError, "frame_headers_pad_too_big"},
		{"RFC 9113 §4.2: no room for the pad length", Header{Type: Headers, Flags: FlagPadded, StreamID: 1}, "", ofConn, FrameSizeError, "frame_headers_pad_short"},
		{"RFC 9113 §4.2: no room for the dependency", Header{Type: Headers, Flags: FlagPriority, StreamID: 1}, "123", ofConn, FrameSizeError, "frame_headers_prio_short"},
		{"RFC 9113 §4.2: no room for the weight", Header{Type: Headers, Flags: FlagPriority, StreamID: 1}, "1234", ofConn, FrameSizeError, "frame_headers_prio_weight_short"},
		{"RFC 9113 §6.3: PRIORITY always identifies a stream", Header{Type: Priority}, "12345", ofConn, ProtocolError, "frame_priority_zero_stream"},
		{"RFC 9113 §6.3: a length other than 5", Header{Type: Priority, StreamID: 1}, "1234", ofStream, FrameSizeError, "frame_priority_bad_length"},
		{"RFC 9113 §6.3: a length other than 5", Header{Type: Priority, StreamID: 1}, "123456", ofStream, FrameSizeError, "frame_priority_bad_length"},
		{"RFC 9113 §6.4: RST_STREAM MUST be associated with a stream", Header{Type: RSTStream}, "1234", ofConn, ProtocolError, "frame_rststream_zero_stream"},
		{"RFC 9113 §6.4: a length other than 4", Header{Type: RSTStream, StreamID: 1}, "123", ofConn, FrameSizeError, "frame_rststream_bad_len"},
		{"RFC 9113 §6.5: an acknowledgement MUST be empty", Header{Type: Settings, Flags: FlagAck}, "123456", ofConn, FrameSizeError, "frame_settings_ack_with_length"},
		{"RFC 9113 §6.5: SETTINGS apply to a connection", Header{Type: Settings, StreamID: 1}, "123456", ofConn, ProtocolError, "frame_settings_has_stream"},
		{"RFC 9113 §6.5: a multiple of 6", Header{Type: Settings}, "1234567", ofConn, FrameSizeError, "frame_settings_mod_6"},
		{"RFC 9113 §6.6: PUSH_PROMISE MUST be associated with a stream", Header{Type: PushPromise}, "1234", ofConn, ProtocolError, "frame_pushpromise_zero_stream"},
		{"RFC 9113 §6.6: padding of the length of the payload or more", Header{Type: PushPromise, Flags: FlagPadded, StreamID: 1}, "\x011234", ofConn, ProtocolError, "frame_pushpromise_pad_too_big"},
		{"RFC 9113 §4.2: no room for the pad length", Header{Type: PushPromise, Flags: FlagPadded, StreamID: 1}, "", ofConn, FrameSizeError, "frame_pushpromise_pad_short"},
		{"RFC 9113 §4.2: no room for the promised stream", Header{Type: PushPromise, StreamID: 1}, "123", ofConn, FrameSizeError, "frame_pushpromise_promiseid_short"},
		{"RFC 9113 §6.7: a length other than 8", Header{Type: Ping}, "1234567", ofConn, FrameSizeError, "frame_ping_length"},
		{"RFC 9113 §6.7: PING is not associated with a stream", Header{Type: Ping, StreamID: 1}, "12345678", ofConn, ProtocolError, "frame_ping_has_stream"},
		{"RFC 9113 §6.8: GOAWAY applies to the connection", Header{Type: GoAway, StreamID: 1}, "12345678", ofConn, ProtocolError, "frame_goaway_has_stream"},
		{"RFC 9113 §4.2: GOAWAY too small", Header{Type: GoAway}, "1234567", ofConn, FrameSizeError, "frame_goaway_short"},
		{"RFC 9113 §6.9: a length other than 4", Header{Type: WindowUpdate, StreamID: 1}, "12345", ofConn, FrameSizeError, "frame_windowupdate_bad_len"},
		{"RFC 9113 §6.9: an increment of 0, the reserved bit ignored", Header{Type: WindowUpdate, StreamID: 1}, "\x80\x00\x00\x00", ofStream, ProtocolError, "frame_windowupdate_zero_inc_stream"},
		{"RFC 9113 §6.9: an increment of 0 for the connection", Header{Type: WindowUpdate}, "\x00\x00\x00\x00", ofConn, ProtocolError, "frame_windowupdate_zero_inc_conn"},
		{"RFC 9113 §6.10: CONTINUATION MUST be associated with a stream", Header{Type: Continuation}, "x", ofConn, ProtocolError, "frame_continuation_zero_stream"},
		{"RFC 9218 §7.1: the stream identifier MUST be 0", Header{Type: PriorityUpdate, StreamID: 1}, "\x00\x00\x00\x01", ofConn, ProtocolError, "frame_priority_update_non_zero_stream"},
		{"RFC 9113 §4.2: no room for the prioritized stream", Header{Type: PriorityUpdate}, "123", ofConn, FrameSizeError, "frame_priority_update_bad_length"},
		{"RFC 9218 §7.1: a prioritized stream of 0", Header{Type: PriorityUpdate}, "\x80\x00\x00\x00u=1", ofConn, ProtocolError, "frame_priority_update_prioritizing_zero_stream"},
	} {
		t.Run(test.count, func(t *testing.T) {
			test.h.Length = uint32(len(test.payload))
			_, err := parse(test.h, []byte(test.payload))
			checkError(t, test.rule, err, test.h.StreamID, test.scope, test.code, test.count)
		})
	}
}

func checkError(t *testing.T, rule string, err error, id uint32, scope string, code ErrCode, count string) {
	t.Helper()
	var ce *ConnError
	var se *StreamError
	switch {
	case errors.As(err, &ce):
		if scope != ofConn || ce.Code != code || ce.Count != count {
			t.Errorf("%s: got a ConnError %v, %q; want a %s error %v, %q", rule, ce.Code, ce.Count, scope, code, count)
		}
		if strings.HasSuffix(count, "_short") && count != "frame_goaway_short" && !ce.Short() {
			t.Errorf("%s: not Short", rule)
		}
	case errors.As(err, &se):
		if scope != ofStream || se.Code != code || se.Count != count || se.StreamID != id {
			t.Errorf("%s: got a StreamError %d %v, %q; want a %s error %v, %q", rule, se.StreamID, se.Code, se.Count, scope, code, count)
		}
	default:
		t.Errorf("%s: got %v; want a %s error %v", rule, err, scope, code)
	}
}

func TestPayloadsAreNotCopied(t *testing.T) {
	p := []byte("\x01data\x00")
	d, err := ParseData(Header{Length: uint32(len(p)), Flags: FlagPadded, StreamID: 1}, p)
	if err != nil {
		t.Fatal(err)
	}
	p[1] = 'D'
	if !bytes.Equal(d.Data, []byte("Data")) {
		t.Errorf("%q", d.Data)
	}
}
