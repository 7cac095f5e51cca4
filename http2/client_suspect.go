package http2

// suspicion is that a connection is dead: a request on it ended by its deadline, or
// was cancelled, and nothing at all has been read since that request began. Such a
// connection gets no new requests, and a PING is sent: a thousand requests that are
// cancelled together cost one. Anything that is read clears the suspicion; if
// nothing is read for PingTimeout, the connection is closed. If no PING may be sent,
// the connection stays suspect until something is read.
//
// Guarded by the connection's lock.
type suspicion struct {
	begun bool
	reads uint64 // conn.Conn.ReadsLocked at that time
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
	cc.suspicion = suspicion{begun: true, reads: cs.reads}
	cc.c.ProbeLocked()
}
