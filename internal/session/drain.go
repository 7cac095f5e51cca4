package session

import (
	"time"

	"h2fork.example/net/internal/wire"
)

// drain is the first phase of a graceful end (RFC 9113 §6.8): a GOAWAY that names
// no stream tells the peer to open no more of them, and those that it opens before
// it knows are served. The second phase, when the PING behind that GOAWAY has been
// acknowledged or the owner waits no longer, is the GOAWAY that names the last
// stream. With the second GOAWAY alone, requests that the peer has sent already
// would be lost.
type drain struct {
	begun   bool
	pending bool // its GOAWAY has not been sent
	ping    [8]byte
}

// Drain begins a graceful end. ping is the payload of its PING. It reports false if
// a graceful or other end has begun already.
func (s *Session) Drain(ping [8]byte) bool {
	d := &s.control.drain
	if d.begun || s.control.goAway.sent {
		return false
	}
	*d = drain{begun: true, pending: true, ping: ping}
	s.Ping(ping)
	return true
}

// RecvPingAck is the acknowledgement of a PING. If that was Drain's, the second
// phase begins. The owner matches those of its own PINGs.
func (s *Session) RecvPingAck(data [8]byte, now time.Time) {
	s.pingAcked(data, now)
	if d := &s.control.drain; d.begun && data == d.ping {
		s.GoAway(wire.NoError, "")
	}
}

// appendDrain appends the first phase's GOAWAY, unless the second's follows at
// once.
func (s *Session) appendDrain(b *Batch) {
	d := &s.control.drain
	if d.pending && !s.control.goAway.pending {
		b.Raw = wire.AppendGoAway(b.Raw, maxStreamID, wire.NoError, nil)
	}
	d.pending = false
}
