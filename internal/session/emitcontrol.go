package session

import "h2fork.example/net/internal/wire"

// emitControl emits what concerns the connection, and streams that have no more
// to say than a number: all of it small, none of it under flow control.
//
// With an External scheduler those frames come up as it pops their tokens
// (emitToken), except the two that must not wait: our first SETTINGS, which
// RFC 9113 §3.4 wants before anything else, and GOAWAY; and SETTINGS
// acknowledgements, which upstream does not push either.
func (s *Session) emitControl(b *Batch) {
	c := &s.control
	from := len(b.Raw)
	if c.settings {
		c.settings = false
		if s.cfg.Role == Client {
			b.Raw = append(b.Raw, wire.Preface...) // RFC 9113 §3.4
		}
		b.Raw = wire.AppendSettings(b.Raw, s.ours()...)
	}
	if c.goAway.pending {
		c.goAway.pending = false
		b.Raw = wire.AppendGoAway(b.Raw, c.goAway.last, c.goAway.code, []byte(c.goAway.debug))
	}
	if !c.goAway.fatal() {
		for ; c.settingsAcks > 0; c.settingsAcks-- {
			b.Raw = wire.AppendSettingsAck(b.Raw)
		}
		if s.cfg.External == nil {
			s.appendPings(b, len(c.pingAcks), 0)
			s.appendResets(b, len(c.resets))
			s.appendPings(b, 0, len(c.pings)) // their answers tell that the resets have arrived
			s.appendConnCredit(b)
			for _, id := range c.credits {
				s.appendCredit(b, id)
			}
			c.credits = c.credits[:0]
		}
	}
	if len(b.Raw) > from {
		b.raw(from)
	}
}

// emitToken emits the control frame that t stands for, if it is still due.
func (s *Session) emitToken(b *Batch, t Token) {
	c := &s.control
	from := len(b.Raw)
	switch t.control {
	case controlPingAck:
		s.appendPings(b, min(1, len(c.pingAcks)), 0)
	case controlPing:
		s.appendPings(b, 0, min(1, len(c.pings)))
	case controlReset:
		s.appendResetOf(b, t.id)
	case controlConnCredit:
		s.appendConnCredit(b)
	case controlCredit:
		s.appendCredit(b, t.id)
	}
	if len(b.Raw) > from {
		b.raw(from)
	}
}

func (s *Session) appendPings(b *Batch, acks, pings int) {
	c := &s.control
	for _, data := range c.pingAcks[:acks] {
		b.Raw = wire.AppendPing(b.Raw, true, data)
	}
	c.pingAcks = shift(c.pingAcks, acks)
	for _, data := range c.pings[:pings] {
		b.Raw = wire.AppendPing(b.Raw, false, data)
	}
	c.pings = shift(c.pings, pings)
}

func (s *Session) appendResets(b *Batch, n int) {
	c := &s.control
	for _, r := range c.resets[:n] {
		b.Raw = wire.AppendRSTStream(b.Raw, r.id, r.code)
	}
	c.resets = shift(c.resets, n)
}

func (s *Session) appendResetOf(b *Batch, id uint32) {
	c := &s.control
	for i, r := range c.resets {
		if r.id == id {
			b.Raw = wire.AppendRSTStream(b.Raw, r.id, r.code)
			c.resets = append(c.resets[:i], c.resets[i+1:]...)
			return
		}
	}
}

func (s *Session) appendConnCredit(b *Batch) {
	if !s.control.connCredit {
		return
	}
	s.control.connCredit = false
	if n := s.recv.announce(); n > 0 {
		b.Raw = wire.AppendWindowUpdate(b.Raw, 0, uint32(n))
	}
}

func (s *Session) appendCredit(b *Batch, id uint32) {
	st := s.streams[id]
	if st == nil || !st.creditMarked {
		return // it closed, or the peer has ended its side
	}
	st.creditMarked = false
	if n := st.recv.announce(); n > 0 {
		b.Raw = wire.AppendWindowUpdate(b.Raw, id, uint32(n))
	}
}

// shift drops the first n elements and keeps the array.
func shift[T any](s []T, n int) []T {
	return s[:copy(s, s[n:])]
}
