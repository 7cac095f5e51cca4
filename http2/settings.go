package http2

import (
	"errors"
	"fmt"

	"h2fork.example/net/internal/wire"
)

// A SettingID is the identifier of a setting (RFC 9113 §6.5.2, RFC 8441 §3,
// RFC 9218 §2.1).
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

// String returns the setting's name in the RFC without its SETTINGS_, such as
// MAX_FRAME_SIZE.
func (s SettingID) String() string { return wire.SettingID(s).String() }

// A Setting is one parameter of a SETTINGS frame.
type Setting struct {
	// ID is which setting it is.
	ID SettingID

	// Val is its value.
	Val uint32
}

func (s Setting) String() string { return fmt.Sprintf("[%v = %d]", s.ID, s.Val) }

// Valid returns the ConnectionError with which an endpoint that received s has to
// answer, or nil if the RFC allows the value.
func (s Setting) Valid() error {
	err := s.wire().Valid()
	var ce *wire.ConnError
	if errors.As(err, &ce) {
		return ConnectionError(ce.Code)
	}
	return err
}

func (s Setting) wire() wire.Setting { return wire.Setting{ID: wire.SettingID(s.ID), Val: s.Val} }

func publicSetting(s wire.Setting) Setting { return Setting{ID: SettingID(s.ID), Val: s.Val} }
