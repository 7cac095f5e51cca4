package session

import (
	"encoding/binary"
	"time"
)

const (
	// firstProbes is how many round trips are measured one after the other, before the
	// estimate counts as known. From then on the pause between two grows from
	// minProbePause to maxProbePause.
	firstProbes   = 3
	minProbePause = time.Second
	maxProbePause = 16 * time.Second

	// roundTripMemory is how long a measurement counts, at least. A path that has
	// become longer is known after twice as long.
	roundTripMemory = 30 * time.Second

	// minRoundTrip is the least that an estimate says. Below it scheduling is what is
	// measured, and not the network.
	minRoundTrip = time.Millisecond
)

// roundTrip estimates how long a byte to the peer and an answer to it take, from
// PING frames (RFC 9113 §6.7). Times are since the connection began.
//
//	estimate = the least of the samples of the last 30 to 60 seconds, and of 1 ms
//
// The least, and not the mean: a PING's answer queues behind the DATA that is on
// its way. With the mean a larger window would make for a longer queue, that for a
// longer round trip, and that for a larger window.
type roundTrip struct {
	recent, before time.Duration // least samples since rotated, and of the time before; 0 for none
	rotated        time.Duration

	probes  int           // sent
	sent    time.Duration // when the last one was
	pause   time.Duration // until the next one, counted from sent
	waiting bool          // the last one has not been answered
}

// estimate is the round trip, or 0 if it is unknown.
func (r *roundTrip) estimate() time.Duration {
	switch {
	case r.recent == 0 && r.before == 0:
		return 0
	case r.before == 0 || r.recent != 0 && r.recent < r.before:
		return max(r.recent, minRoundTrip)
	}
	return max(r.before, minRoundTrip)
}

// due reports whether the round trip is worth measuring at now.
func (r *roundTrip) due(now time.Duration) bool {
	return !r.waiting && (r.probes < firstProbes || now-r.sent >= r.pause)
}

// probe notes that a PING is sent, and returns what it carries.
func (r *roundTrip) probe(now time.Duration) [8]byte {
	r.waiting, r.sent = true, now
	r.probes++
	if r.probes >= firstProbes {
		r.pause = min(max(2*r.pause, minProbePause), maxProbePause)
	}
	return r.payload()
}

// payload is what the last PING carried. It differs from PINGs with other purposes,
// which are random.
func (r *roundTrip) payload() [8]byte {
	var p [8]byte
	copy(p[:], "rtt:")
	binary.BigEndian.PutUint32(p[4:], uint32(r.probes))
	return p
}

// answered notes the answer to a PING, which may be another one's.
func (r *roundTrip) answered(data [8]byte, now time.Duration) {
	if !r.waiting || data != r.payload() {
		return
	}
	r.waiting = false
	if now-r.rotated >= roundTripMemory {
		r.before, r.recent, r.rotated = r.recent, 0, now
	}
	sample := max(now-r.sent, 1)
	if r.recent == 0 || sample < r.recent {
		r.recent = sample
	}
}
