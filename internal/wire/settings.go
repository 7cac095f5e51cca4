package wire

import (
	"encoding/binary"
	"strconv"
)

// A SettingID names a setting (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1).
type SettingID uint16

const (
	SettingHeaderTableSize       SettingID = 0x1
	SettingEnablePush            SettingID = 0x2
	SettingMaxConcurrentStreams  SettingID = 0x3
	SettingInitialWindowSize     SettingID = 0x4
	SettingMaxFrameSize          SettingID = 0x5
	SettingMaxHeaderListSize     SettingID = 0x6
	SettingEnableConnectProtocol SettingID = 0x8
	SettingNoRFC7540Priorities   SettingID = 0x9
)

var settingNames = [...]string{
	SettingHeaderTableSize:       "HEADER_TABLE_SIZE",
	SettingEnablePush:            "ENABLE_PUSH",
	SettingMaxConcurrentStreams:  "MAX_CONCURRENT_STREAMS",
	SettingInitialWindowSize:     "INITIAL_WINDOW_SIZE",
	SettingMaxFrameSize:          "MAX_FRAME_SIZE",
	SettingMaxHeaderListSize:     "MAX_HEADER_LIST_SIZE",
	SettingEnableConnectProtocol: "ENABLE_CONNECT_PROTOCOL",
	SettingNoRFC7540Priorities:   "NO_RFC7540_PRIORITIES",
}

// String returns the RFC's name without SETTINGS_, or UNKNOWN_SETTING_ and the number.
func (id SettingID) String() string {
	if int(id) < len(settingNames) && settingNames[id] != "" {
		return settingNames[id]
	}
	return "UNKNOWN_SETTING_" + strconv.Itoa(int(id))
}

// A Setting is one parameter of a SETTINGS frame.
type Setting struct {
	ID  SettingID
	Val uint32
}

// Valid returns a *ConnError if the value is not one the RFC allows for the setting. Unknown settings are valid.
func (s Setting) Valid() error {
	switch s.ID {
	case SettingEnablePush, SettingEnableConnectProtocol, SettingNoRFC7540Priorities:
		if s.Val > 1 {
			return ConnErrorf(ProtocolError, "setting_not_boolean", "%v is %d, neither 0 nor 1", s.ID, s.Val)
		}
	case SettingInitialWindowSize:
		if s.Val > MaxWindow {
			return ConnErrorf(FlowControlError, "frame_settings_window_size_too_big", "%v is %d, more than %d", s.ID, s.Val, MaxWindow)
		}
	case SettingMaxFrameSize:
		if s.Val < DefaultMaxFrameSize || s.Val > MaxMaxFrameSize {
			return ConnErrorf(ProtocolError, "setting_max_frame_size", "%v is %d, outside %d to %d", s.ID, s.Val, DefaultMaxFrameSize, MaxMaxFrameSize)
		}
	}
	return nil
}

const settingLen = 6 // a 16-bit identifier and a 32-bit value

// A SettingsFrame is the peer's settings, or its acknowledgement of ours (RFC 9113 §6.5).
type SettingsFrame struct {
	Ack     bool
	Payload []byte
}

// Len returns the number of settings.
func (f SettingsFrame) Len() int { return len(f.Payload) / settingLen }

// At returns setting i, which may not be Valid.
func (f SettingsFrame) At(i int) Setting {
	p := f.Payload[i*settingLen:][:settingLen]
	return Setting{SettingID(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:])}
}

// ParseSettings parses a SETTINGS frame. It leaves the values to Setting.Valid.
func ParseSettings(h Header, p []byte) (SettingsFrame, error) {
	ack := h.Flags.Has(FlagAck)
	if ack && len(p) > 0 {
		return SettingsFrame{}, badLength(h, "frame_settings_ack_with_length", "0 in an acknowledgement")
	}
	if h.StreamID != 0 {
		return SettingsFrame{}, offStream0(h, "frame_settings_has_stream")
	}
	if len(p)%settingLen != 0 {
		return SettingsFrame{}, badLength(h, "frame_settings_mod_6", "a multiple of 6")
	}
	return SettingsFrame{Ack: ack, Payload: p}, nil
}

// AppendSettings appends a SETTINGS frame.
func AppendSettings(dst []byte, settings ...Setting) []byte {
	dst = AppendSettingsHeader(dst, len(settings))
	for _, s := range settings {
		dst = AppendSetting(dst, s)
	}
	return dst
}

// AppendSettingsHeader appends the header of a SETTINGS frame; n calls of AppendSetting make it complete.
func AppendSettingsHeader(dst []byte, n int) []byte {
	return AppendHeader(dst, Header{Length: uint32(n * settingLen), Type: Settings})
}

// AppendSetting appends a setting to a SETTINGS frame.
func AppendSetting(dst []byte, s Setting) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.ID))
	return binary.BigEndian.AppendUint32(dst, s.Val)
}

// AppendSettingsAck appends a SETTINGS frame that acknowledges the peer's.
func AppendSettingsAck(dst []byte) []byte {
	return AppendHeader(dst, Header{Type: Settings, Flags: FlagAck})
}
