package session

// maxPingsInARow is how many PINGs are sent of our own accord while no HEADERS, DATA
// or WINDOW_UPDATE of ours leave in between, and while no HEADERS or DATA of the
// peer's come. gRPC's servers count PINGs until they have sent something else, and
// end a connection with too many: ENHANCE_YOUR_CALM, "too_many_pings"
// (golang/go#70575, #76296). They take three.
const maxPingsInARow = 2

// pinging is the rule for PINGs. Those that a program asks for, with
// ClientConn.Ping or ReadIdleTimeout, are always sent, and so is that of a graceful
// end. One that measures the round trip, or asks whether a peer that is silent still
// answers, is sent only if none is unanswered, and neither of the two counts has
// reached maxPingsInARow. All PINGs count.
type pinging struct {
	unanswered int32  // PINGs, pending or sent
	ours       int32  // sent since HEADERS, DATA or WINDOW_UPDATE of ours
	theirs     int32  // pending or sent since HEADERS or DATA of the peer's, as of answers
	answers    uint64 // Session.answers then
}

// Ping makes a PING pending.
func (s *Session) Ping(data [8]byte) {
	s.expect(1)
	s.pinging.look(s.answers)
	s.pinging.unanswered++
	s.pinging.theirs++
	s.control.pings = append(s.control.pings, data)
	s.pushControl(controlPing, 0)
}

// MayPing reports whether a PING may be sent that no program has asked for.
func (s *Session) MayPing() bool {
	p := &s.pinging
	p.look(s.answers)
	return p.unanswered == 0 && p.theirs < maxPingsInARow && p.ours < maxPingsInARow
}

// Pinging reports whether a PING of ours has not been acknowledged.
func (s *Session) Pinging() bool { return s.pinging.unanswered > 0 }

// look notes HEADERS or DATA of the peer's. They may have been sent before a PING
// that is unanswered.
func (p *pinging) look(answers uint64) {
	if answers != p.answers {
		p.answers, p.theirs = answers, p.unanswered
	}
}

// acked notes an acknowledgement, which need not be for a PING of ours.
func (p *pinging) acked(answers uint64) {
	p.look(answers)
	p.unanswered = max(0, p.unanswered-1)
}

// sent notes that n PINGs have been emitted.
func (p *pinging) sent(n int) { p.ours += int32(n) }

// interrupted notes that HEADERS, DATA or WINDOW_UPDATE of ours have been emitted.
func (p *pinging) interrupted() { p.ours = 0 }
