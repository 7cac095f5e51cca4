package http2

// maxProbes is how many PINGs in a row are sent to learn whether the server still
// answers, while no HEADERS or DATA come from it. gRPC servers count PINGs, and end
// connections with too many (golang/go#70575, #76296). Each of ours comes after
// HEADERS of ours, and no second one is sent before the first is answered: a
// thousand requests that are cancelled together cost one PING.
const maxProbes = 2

// suspicion is that a connection is dead: a request on it ended by its deadline, or
// was cancelled, and nothing at all has been read since that request began. Such a
// connection gets no new requests, and a PING is sent. Anything that is read clears
// the suspicion; if nothing is read for PingTimeout, the connection is closed.
// After maxProbes no PING is sent, and the connection stays suspect until something
// is read.
//
// Guarded by the connection's lock.
type suspicion struct {
	begun   bool
	reads   uint64 // conn.Conn.ReadsLocked at that time
	probes  int    // in a row
	answers uint64 // session.Session.Answers at the last of them
}

// suspectLocked reports whether the connection is suspect.
func (cc *ClientConn) suspectLocked() bool {
	return cc.suspicion.begun && cc.suspicion.reads == cc.c.ReadsLocked()
}

// suspectIfSilentLocked begins a suspicion if nothing has been read since cs, which
// is given up, began.
func (cc *ClientConn) suspectIfSilentLocked(cs *clientStream) {
	if cs.IDLocked() == 0 || cs.reads != cc.c.ReadsLocked() {
		return
	}
	s := &cc.suspicion
	s.begun, s.reads = true, cs.reads
	if n := cc.c.AnswersLocked(); n != s.answers {
		s.answers, s.probes = n, 0
	}
	if s.probes < maxProbes && cc.c.ProbeLocked() {
		s.probes++
	}
}
