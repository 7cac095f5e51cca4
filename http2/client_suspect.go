package http2

// maxProbes is how many PINGs in a row ask whether the server is there without HEADERS
// or DATA having come from it. gRPC servers count them, and send clients away that send
// many (golang/go#70575, #76296). Each is preceded by HEADERS of ours in any case, and
// there is never more than one unanswered: a thousand requests that are cancelled
// together cost one.
const maxProbes = 2

// suspicion is that a connection is dead: a request on it ended by its deadline, or was
// cancelled, and since its beginning nothing at all has been read. Such a connection
// gets no new requests, and a PING is to tell: anything that is read clears the
// suspicion, and if that is nothing for PingTimeout, the connection is closed. Without a
// PING, after maxProbes, it stays suspect until something is read.
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

// suspectIfSilentLocked begins a suspicion if nothing has been read since cs, which is
// given up, began.
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
