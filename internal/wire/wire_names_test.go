package wire

import "testing"

func TestNamesAreTheRFCs(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Data.String(), "DATA"},
		{RSTStream.String(), "RST_STREAM"},
		{PriorityUpdate.String(), "PRIORITY_UPDATE"},
		{FrameType(0x0a).String(), "UNKNOWN_FRAME_TYPE_10"},
		{FrameType(0x0f).String(), "UNKNOWN_FRAME_TYPE_15"},
		{FrameType(0xff).String(), "UNKNOWN_FRAME_TYPE_255"},
		{NoError.String(), "NO_ERROR"},
		{HTTP11Required.String(), "HTTP_1_1_REQUIRED"},
		{ErrCode(0xe).String(), "unknown error code 0xe"},
		{ErrCode(0xffffffff).String(), "unknown error code 0xffffffff"},
		{ErrCode(0xe).Name(), ""},
		{SettingMaxFrameSize.String(), "MAX_FRAME_SIZE"},
		{SettingNoRFC7540Priorities.String(), "NO_RFC7540_PRIORITIES"},
		{SettingID(0).String(), "UNKNOWN_SETTING_0"},
		{SettingID(7).String(), "UNKNOWN_SETTING_7"},
		{SettingID(0xffff).String(), "UNKNOWN_SETTING_65535"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestErrorsSayScopeCodeAndCause(t *testing.T) {
	if got, want := ConnErrorf(ProtocolError, "n", "odd %d", 3).Error(), "connection error: PROTOCOL_ERROR: odd 3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := StreamErrorf(7, Cancel, "n", "odd %d", 3).Error(), "stream error: stream ID 7; CANCEL; odd 3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFlagsHasWantsAllOfThem(t *testing.T) {
	f := FlagEndStream | FlagPadded
	if !f.Has(FlagPadded) || !f.Has(f) || !f.Has(0) || f.Has(FlagPadded|FlagPriority) {
		t.Error("Has is wrong")
	}
}

func TestSettingsAreHeldToTheirRanges(t *testing.T) {
	// RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1.
	for _, test := range []struct {
		s    Setting
		code ErrCode // NoError if valid
	}{
		{Setting{SettingHeaderTableSize, 1<<32 - 1}, NoError},
		{Setting{SettingEnablePush, 1}, NoError},
		{Setting{SettingEnablePush, 2}, ProtocolError},
		{Setting{SettingMaxConcurrentStreams, 0}, NoError},
		{Setting{SettingInitialWindowSize, 1<<31 - 1}, NoError},
		{Setting{SettingInitialWindowSize, 1 << 31}, FlowControlError},
		{Setting{SettingMaxFrameSize, 1<<14 - 1}, ProtocolError},
		{Setting{SettingMaxFrameSize, 1 << 14}, NoError},
		{Setting{SettingMaxFrameSize, 1<<24 - 1}, NoError},
		{Setting{SettingMaxFrameSize, 1 << 24}, ProtocolError},
		{Setting{SettingEnableConnectProtocol, 1}, NoError},
		{Setting{SettingEnableConnectProtocol, 2}, ProtocolError},
		{Setting{SettingNoRFC7540Priorities, 1}, NoError},
		{Setting{SettingNoRFC7540Priorities, 2}, ProtocolError},
		{Setting{0xabcd, 1<<32 - 1}, NoError},
	} {
		got := NoError
		if err := test.s.Valid(); err != nil {
			got = err.(*ConnError).Code
		}
		if got != test.code {
			t.Errorf("%v=%d: got %v, want %v", test.s.ID, test.s.Val, got, test.code)
		}
	}
}
