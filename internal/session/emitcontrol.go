package session

import "h2fork.example/net/internal/wire"

// emitControl emits control frames: those of the connection, and RST_STREAM and
// WINDOW_UPDATE of streams. All are small, and none is under flow control.
//
// With an External scheduler those frames are emitted when it pops their tokens
// (emitToken), except the two that must not wait: our first SETTINGS, which
// RFC 9113 §3.4 wants before anything else, and GOAWAY; and SETTINGS
// acknowledgements, which upstream does not push either.
func (s *Session) emitControl(b *Batch, budget int) {
	c := &s.control
	from := len(b.Raw)
	if c.settings {
		c.settings = false
		if s.cfg.Role == Client {
			b.Raw = append(b.Raw, wire.Preface...) // RFC 9113 §3.4
		}
		b.Raw = wire.AppendSettings(b.Raw, s.ours()...)
	}
	if c.goAway.fatal() {
		b.rawIfAny(from)
		s.emitLast(b, budget)
		return
	}
	s.appendDrain(b)
	if c.goAway.pending {
		s.appendGoAway(b)
	}
	for ; c.settingsAcks > 0; c.settingsAcks-- {
		b.Raw = wire.AppendSettingsAck(b.Raw)
	}
	if s.cfg.External == nil {
		s.appendPings(b, len(c.pingAcks), 0)
		b.rawIfAny(from)
		s.emitResets(b, budget)
		from = len(b.Raw)
		if len(c.resets) == 0 {
			s.appendPings(b, 0, len(c.pings)) // a PING's answer then tells that the resets before it have arrived
		}
		s.appendConnCredit(b)
		for _, id := range c.credits {
			s.appendCredit(b, id)
		}
		c.credits = c.credits[:0]
	}
	b.rawIfAny(from)
}

// emitLast is the end of the connection: what was flushed on streams, then GOAWAY.
func (s *Session) emitLast(b *Batch, budget int) {
	c := &s.control
	if !c.goAway.pending {
		return
	}
	n := 0
	for ; n < len(c.resets) && b.size < budget; n++ {
		if r := c.resets[n].flushed; r != nil {
			s.emitFlushed(b, r)
		}
	}
	c.resets = shift(c.resets, n)
	if len(c.resets) == 0 {
		from := len(b.Raw)
		s.appendGoAway(b)
		b.raw(from)
	}
}

func (s *Session) appendGoAway(b *Batch) {
	g := &s.control.goAway
	g.pending = false
	b.Raw = wire.AppendGoAway(b.Raw, g.last, g.code, []byte(g.debug))
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
		s.emitResetOf(b, t.id)
		return
	case controlConnCredit:
		s.appendConnCredit(b)
	case controlCredit:
		s.appendCredit(b, t.id)
	}
	b.rawIfAny(from)
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
	s.pinging.sent(pings)
}

// emitResets ends streams, until the batch is full: others wait for the next.
func (s *Session) emitResets(b *Batch, budget int) {
	c := &s.control
	n := 0
	for ; n < len(c.resets) && b.size < budget; n++ {
		s.emitReset(b, c.resets[n])
	}
	clear(c.resets[:n])
	c.resets = shift(c.resets, n)
}

func (s *Session) emitReset(b *Batch, r reset) {
	if r.flushed != nil {
		s.emitFlushed(b, r.flushed)
	}
	if !r.silent {
		from := len(b.Raw)
		b.Raw = wire.AppendRSTStream(b.Raw, r.id, r.code)
		b.raw(from)
	}
}

func (s *Session) emitResetOf(b *Batch, id uint32) {
	c := &s.control
	for i, r := range c.resets {
		if r.id == id {
			c.resets = append(c.resets[:i], c.resets[i+1:]...)
			s.emitReset(b, r)
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
		s.pinging.interrupted()
	}
}

func (s *Session) appendCredit(b *Batch, id uint32) {
	st := s.streams[id]
	if st == nil || !st.creditMarked {
		return // the stream has closed, or the peer has ended its side
	}
	st.creditMarked = false
	if n := st.recv.announce(); n > 0 {
		b.Raw = wire.AppendWindowUpdate(b.Raw, id, uint32(n))
		s.pinging.interrupted()
	}
}

// shift drops the first n elements and keeps the array.
func shift[T any](s []T, n int) []T {
	return s[:copy(s, s[n:])]
}
