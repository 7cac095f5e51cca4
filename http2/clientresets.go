package http2

import (
	"crypto/rand"

	"h2fork.example/net/internal/session"
)

// unconfirmedResets are streams that we have reset without having heard from the
// server since they were opened. It may be dead; so each takes up one of the
// streams that it allows until it acknowledges a PING, and requests do not go on
// being sent to nobody.
//
// A gRPC server counts PINGs, and counts anew when it has sent HEADERS or DATA
// (golang/go#70575): after an acknowledgement no other is sent before that.
// Guarded by the connection's lock.
type unconfirmedResets struct {
	unconfirmed int
	acked       bool // a PING has been, when Session.Answers was answers
	answers     uint64
}

// add notes a reset.
func (r *unconfirmedResets) add(s *session.Session) {
	if r.acked && r.answers == s.Answers() {
		return
	}
	if r.unconfirmed == 0 && !s.Pinging() {
		// One that is under way is answered as well, and never are there two.
		var data [8]byte
		rand.Read(data[:])
		s.Ping(data)
	}
	r.unconfirmed++
	s.Withhold(uint32(r.unconfirmed))
}

// confirm notes an acknowledgement, of whichever PING.
func (r *unconfirmedResets) confirm(s *session.Session) {
	if r.unconfirmed > 0 {
		r.unconfirmed, r.acked, r.answers = 0, true, s.Answers()
		s.Withhold(0)
	}
}
