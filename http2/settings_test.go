package http2

import (
	"fmt"
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

func TestSettingsAreNamedAndJudgedAsUpstreamDoes(t *testing.T) {
	for id := range uint16(20) {
		for _, v := range []uint32{0, 1, 2, 1<<14 - 1, 1 << 14, 1<<24 - 1, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			ours, theirs := Setting{SettingID(id), v}, xhttp2.Setting{ID: xhttp2.SettingID(id), Val: v}
			if ours.String() != theirs.String() {
				t.Errorf("%v, want %v", ours, theirs)
			}
			if ours.ID == SettingNoRFC7540Priorities {
				continue // upstream's server refuses the values that its Setting.Valid accepts
			}
			if got, want := ours.Valid(), theirs.Valid(); fmt.Sprintf("%T %v", got, got) != fmt.Sprintf("%T %v", want, want) {
				t.Errorf("%v: %v, want %v", ours, got, want)
			}
		}
	}
}

// P42.
func TestNoRFC7540PrioritiesIsZeroOrOne(t *testing.T) {
	// RFC 9218 §2.1: any other value MUST be treated as a connection error of type PROTOCOL_ERROR.
	for v, want := range map[uint32]error{0: nil, 1: nil, 2: ConnectionError(ErrCodeProtocol)} {
		if got := (Setting{SettingNoRFC7540Priorities, v}).Valid(); got != want {
			t.Errorf("%d: %v, want %v", v, got, want)
		}
	}
}
