package session

import (
	"h2fork.example/net/internal/wire"
)

// controlKind names a control frame that can be pending.
type controlKind uint8

const (
	controlSettings controlKind = iota
	controlConnCredit
	controlPing
	controlPingAck
	controlReset
	controlCredit
)

func (k controlKind) String() string {
	return [...]string{"SETTINGS", "WINDOW_UPDATE", "PING", "PING", "RST_STREAM", "WINDOW_UPDATE"}[k]
}

const (
	// maxPingAcks bounds the replies kept for a peer that pings and never reads
	// (CVE-2019-9512).
	maxPingAcks = 64

	// maxPendingResets bounds the RST_STREAM frames kept for a peer that provokes them
	// and never reads (CVE-2019-9514, CVE-2025-8671).
	maxPendingResets = 256

	// maxSettingsAcks bounds the acknowledgements owed to a peer that sends SETTINGS
	// and never reads (CVE-2019-9515). They are only a count, but each of them becomes
	// a frame once the peer reads again.
	maxSettingsAcks = 256
)

// control is the control frames that are pending: those of the connection, and
// those of streams that need no flow control.
type control struct {
	settings     bool  // our SETTINGS have not been sent
	connCredit   bool  // s.recv has credit that makes a frame pay
	unacked      int32 // SETTINGS sent (or pending) and not acknowledged
	settingsAcks int32
	pingAcks     [][8]byte // at most maxPingAcks, plus what came in one read
	pings        [][8]byte
	resets       []reset
	flushed      int      // memory that resets' flushed take up: at most maxFlushed, plus what came in one read
	credits      []uint32 // streams whose receive window has; unused with an External

	drain  drain
	goAway goAway
}

type goAway struct {
	pending bool
	sent    bool // or pending
	code    wire.ErrCode
	last    uint32
	debug   string
}

// pushControl tells a user's scheduler of a control frame.
func (s *Session) pushControl(k controlKind, id uint32) {
	if s.cfg.External != nil {
		s.cfg.External.PushControl(k.String(), Token{control: k, isControl: true, id: id})
		s.out.pushed = true
	}
}

// Backlogged reports whether so many replies are pending that nothing more should
// be read until some have been sent. This bounds what a peer can make us hold that
// sends and does not read.
func (s *Session) Backlogged() bool {
	c := &s.control
	return len(c.pingAcks) >= maxPingAcks || len(c.resets) >= maxPendingResets || c.flushed >= maxFlushed || c.settingsAcks >= maxSettingsAcks
}

// queueReset makes RST_STREAM pending, for a stream that has been closed, or
// refused.
func (s *Session) queueReset(r reset) {
	s.recent.add(r.id, resetByUs)
	s.expect(echoesPerReset)
	if s.control.goAway.fatal() {
		if r.flushed != nil {
			s.dropQueue(r.flushed)
		}
		return
	}
	s.queueEnd(r)
}

// fatal reports whether the GOAWAY ends the connection at once.
func (g *goAway) fatal() bool { return g.sent && g.code != wire.NoError }

// GoAway makes a GOAWAY pending: with NoError streams up to the last one seen are
// finished and newer ones ignored (RFC 9113 §6.8), with any other code nothing
// follows it on any stream, and only what was flushed precedes it. A later call may
// turn a graceful end into an error, but not an error into a graceful end.
func (s *Session) GoAway(code wire.ErrCode, debug string) {
	g := &s.control.goAway
	if g.fatal() || (g.sent && code == wire.NoError) {
		return
	}
	if code != wire.NoError {
		for _, st := range s.streams {
			s.queueFlushed(s.takeFlushed(st))
			s.out.update(s, st) // it may have nothing to send any more
		}
	}
	g.last = s.peerLast
	g.sent, g.pending = true, true
	g.code, g.debug = code, debug
}

// GoAwayState tells whether a GOAWAY was queued, whether it has been sent, and its
// code.
func (s *Session) GoAwayState() (queued, sent bool, code wire.ErrCode) {
	g := &s.control.goAway
	return g.sent, g.sent && !g.pending, g.code
}

// RecvPing answers a PING.
func (s *Session) RecvPing(data [8]byte) {
	s.control.pingAcks = append(s.control.pingAcks, data)
	s.pushControl(controlPingAck, 0)
}

// pending reports whether a control frame waits for its turn. SETTINGS and GOAWAY
// are not counted: they are sent first.
func (c *control) pending() bool {
	return len(c.pingAcks) > 0 || len(c.pings) > 0 || len(c.resets) > 0 || c.connCredit || len(c.credits) > 0
}

// markCredit makes WINDOW_UPDATE pending where it is due: for the connection's
// window, and for st's if st is not nil.
func (s *Session) markCredit(st *Stream) {
	if !s.control.connCredit && s.recv.due(s.growth.target/4) {
		s.control.connCredit = true
		s.growth.probing = s.growth.unsure
		s.pushControl(controlConnCredit, 0)
	}
	if st != nil && st.recv.due(s.worth(st)) && !st.maySendAll() {
		s.growStream(st)
		if st.creditMarked {
			return
		}
		st.creditMarked = true
		s.growth.probing = s.growth.unsure
		if s.cfg.External == nil {
			s.control.credits = append(s.control.credits, st.id)
		}
		s.pushControl(controlCredit, st.id)
	}
}

// maySendAll reports whether the peer has window enough for all the content that it
// has declared. More would be of no use to it. Padding uses up window without being
// content; the credit is looked at again after each DATA frame, so that such a
// stream does not stall.
func (st *Stream) maySendAll() bool {
	return st.declared >= 0 && st.declared-st.received <= int64(st.recv.avail)
}

// dropCredit forgets a stream's credit: the peer will send no more.
func (st *Stream) dropCredit() {
	st.creditMarked = false
	st.recv.credit = 0
}
