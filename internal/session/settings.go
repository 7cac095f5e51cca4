package session

import (
	"math"

	"h2fork.example/net/internal/wire"
)

// maxSettings bounds the parameters of one SETTINGS frame, as in upstream. RFC 9113
// defines six. A peer that sends hundreds wants to keep us busy (CVE-2019-9515).
const maxSettings = 100

const (
	// streamsBeforeSettings is how many streams a client opens before it knows the
	// server's limit. RFC 9113 sets no limit until then, but requests beyond the
	// server's are refused.
	streamsBeforeSettings = 100

	// streamsWithoutLimit is how many it opens on a connection to a server that sets
	// no limit.
	streamsWithoutLimit = 1000
)

// peerSettings is what the peer has told us, with RFC 9113 §6.5.2's defaults.
type peerSettings struct {
	seen                 bool // its first SETTINGS have arrived
	enablePush           bool
	maxConcurrentStreams uint32
	initialWindow        uint32
	maxFrameSize         uint32
	maxHeaderListSize    uint32
	extendedConnect      bool

	goAway bool // its GOAWAY has arrived

	// The HPACK encoder is the writer's, so a new table size waits here until the
	// writer comes. If it changed more than once, the smallest counts too
	// (RFC 7541 §4.2).
	tableChanged        bool
	tableSize, tableMin uint32
}

func defaultPeerSettings(r Role) peerSettings {
	streams := uint32(math.MaxUint32)
	if r == Client {
		streams = streamsBeforeSettings
	}
	return peerSettings{
		enablePush:           true,
		maxConcurrentStreams: streams,
		initialWindow:        wire.DefaultWindow,
		maxFrameSize:         wire.DefaultMaxFrameSize,
		maxHeaderListSize:    math.MaxUint32,
	}
}

// SeenSettings reports whether the peer's first SETTINGS have arrived.
func (s *Session) SeenSettings() bool { return s.peer.seen }

// PeerMaxConcurrentStreams is how many streams the peer lets us have open.
func (s *Session) PeerMaxConcurrentStreams() uint32 { return s.peer.maxConcurrentStreams }

// PeerExtendedConnect reports whether the peer takes extended CONNECT
// (RFC 8441 §3).
func (s *Session) PeerExtendedConnect() bool { return s.peer.extendedConnect }

// RecvSettings applies a SETTINGS frame, in order, and makes its acknowledgement
// pending (RFC 9113 §6.5.3).
func (s *Session) RecvSettings(f wire.SettingsFrame) error {
	if f.Ack {
		return s.recvSettingsAck()
	}
	if f.Len() > maxSettings {
		return wire.ConnErrorf(wire.ProtocolError, "settings_big_or_dups", "SETTINGS with %d parameters", f.Len())
	}
	if !s.peer.seen && s.cfg.Role == Client {
		s.peer.maxConcurrentStreams = streamsWithoutLimit
	}
	for i := range f.Len() {
		if err := s.ApplySetting(f.At(i)); err != nil {
			return err
		}
	}
	s.peer.seen = true
	s.control.settingsAcks++
	return nil
}

func (s *Session) recvSettingsAck() error {
	if s.control.unacked == 0 {
		return wire.ConnErrorf(wire.ProtocolError, "ack_mystery", "acknowledgement of SETTINGS that were never sent")
	}
	s.control.unacked--
	if s.cfg.InitialWindow < wire.DefaultWindow {
		s.narrowWindows()
	}
	return nil
}

// narrowWindows makes the peer keep to our initial window, now that it knows of it,
// on streams that it opened before.
func (s *Session) narrowWindows() {
	for id, st := range s.streams {
		if s.peerInitiated(id) && st.recv.size > s.cfg.InitialWindow {
			st.recv.resize(s.cfg.InitialWindow)
			s.markCredit(st)
		}
	}
}

// ApplySetting applies one parameter without acknowledging it, as for the
// HTTP2-Settings field of an upgrade (RFC 7540 §3.2.1).
func (s *Session) ApplySetting(p wire.Setting) error {
	if err := p.Valid(); err != nil {
		return err
	}
	switch p.ID {
	case wire.SettingHeaderTableSize:
		s.setTableSize(p.Val)
	case wire.SettingEnablePush:
		if s.cfg.Role == Client && p.Val != 0 {
			// RFC 9113 §6.5.2: a server may not enable push.
			return wire.ConnErrorf(wire.ProtocolError, "enable_push", "a server sent ENABLE_PUSH 1")
		}
		s.peer.enablePush = p.Val != 0
	case wire.SettingMaxConcurrentStreams:
		s.peer.maxConcurrentStreams = p.Val
	case wire.SettingInitialWindowSize:
		return s.setInitialWindow(p.Val)
	case wire.SettingMaxFrameSize:
		s.peer.maxFrameSize = p.Val
	case wire.SettingMaxHeaderListSize:
		s.peer.maxHeaderListSize = p.Val
	case wire.SettingEnableConnectProtocol:
		if s.peer.extendedConnect && p.Val == 0 {
			// RFC 8441 §3: once 1, it may not become 0.
			return wire.ConnErrorf(wire.ProtocolError, "enable_connect_protocol", "ENABLE_CONNECT_PROTOCOL went from 1 to 0")
		}
		s.peer.extendedConnect = p.Val != 0
	}
	return nil
}

func (s *Session) setTableSize(v uint32) {
	p := &s.peer
	if !p.tableChanged || v < p.tableMin {
		p.tableMin = v
	}
	p.tableSize, p.tableChanged = v, true
}

// PeerMaxHeaderListSize is the largest field section that the peer wants.
func (s *Session) PeerMaxHeaderListSize() uint32 { return s.peer.maxHeaderListSize }

// maxOurs is how many settings a server has at most.
const maxOurs = 7

// ours is the SETTINGS frame that opens our side of the connection.
func (s *Session) ours() []wire.Setting {
	c := s.cfg
	if c.Role == Client {
		return s.clients()
	}
	all := append(make([]wire.Setting, 0, maxOurs),
		wire.Setting{ID: wire.SettingMaxFrameSize, Val: c.MaxFrameSize},
		wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: c.MaxConcurrentStreams},
		wire.Setting{ID: wire.SettingMaxHeaderListSize, Val: c.MaxHeaderListSize},
		wire.Setting{ID: wire.SettingHeaderTableSize, Val: c.HeaderTableSize},
		wire.Setting{ID: wire.SettingInitialWindowSize, Val: uint32(c.InitialWindow)},
	)
	if c.ExtendedConnect {
		all = append(all, wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 1})
	}
	if c.NoRFC7540Priorities {
		all = append(all, wire.Setting{ID: wire.SettingNoRFC7540Priorities, Val: 1})
	}
	return all
}

// clients is ours for a client, which wants no pushes.
func (s *Session) clients() []wire.Setting {
	c := s.cfg
	all := []wire.Setting{
		{ID: wire.SettingEnablePush, Val: 0},
		{ID: wire.SettingInitialWindowSize, Val: uint32(c.InitialWindow)},
		{ID: wire.SettingMaxFrameSize, Val: c.MaxFrameSize},
	}
	if c.MaxHeaderListSize != math.MaxUint32 {
		all = append(all, wire.Setting{ID: wire.SettingMaxHeaderListSize, Val: c.MaxHeaderListSize})
	}
	if c.HeaderTableSize != wire.DefaultHeaderTableSize {
		all = append(all, wire.Setting{ID: wire.SettingHeaderTableSize, Val: c.HeaderTableSize})
	}
	return all
}
