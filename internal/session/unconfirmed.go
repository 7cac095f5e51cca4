package session

// unconfirmedResets are streams that a client has reset without having heard from the
// server since they were opened. It may be dead; so each takes up one of the streams
// that it allows until it acknowledges a PING, and requests do not go on being sent to
// nobody.
//
// A gRPC server counts PINGs, and counts anew when it has sent HEADERS or DATA
// (golang/go#70575): after an acknowledgement no other is sent before that.
type unconfirmedResets struct {
	n           uint32
	acked       bool // a PING has been, when answers was answersThen
	answersThen uint64
}

// Heard reports whether a frame on some stream has arrived since st was opened, or st
// has not been.
func (s *Session) Heard(st *Stream) bool { return s.heard >= st.id }

// ResetUnheard notes that a stream is about to be reset without the server having been
// heard. If it is the first, a PING with data asks whether the server is there.
func (s *Session) ResetUnheard(data [8]byte) {
	u := &s.unconfirmed
	if u.acked && u.answersThen == s.answers {
		return
	}
	if u.n == 0 {
		s.Ping(data)
	}
	u.n++
}

// confirmResets notes that the server is there: it has acknowledged a PING.
func (s *Session) confirmResets() {
	if s.unconfirmed.n > 0 {
		s.unconfirmed = unconfirmedResets{acked: true, answersThen: s.answers}
	}
}

// Unconfirmed is how many streams fewer than the peer allows may be open.
func (s *Session) Unconfirmed() int { return int(s.unconfirmed.n) }
