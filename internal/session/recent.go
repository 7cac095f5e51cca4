package session

import "slices"

// endedHow is how a stream ended, as far as late frames for it care.
type endedHow uint8

const (
	notRecent   endedHow = iota
	endedByBoth          // END_STREAM both ways
	resetByUs            // we sent RST_STREAM: the peer may have sent frames before it arrived
	resetByPeer
)

const (
	// maxRecentResets bounds the identifiers kept of streams that we reset: a peer
	// that provokes resets without end (CVE-2025-8671) must not have us keep them all.
	maxRecentResets = 256

	// maxRecentEnds bounds those of streams that ended otherwise, for the same reason.
	maxRecentEnds = 32
)

// recentStreams remembers how the last streams ended, so that a frame which comes
// late can be told from one that breaks the rules (RFC 9113 §5.1, closed).
//
// Streams that we reset are kept apart: the peer may have sent any number of frames
// on them before our reset arrives, while other streams come and go. Even so one
// may be forgotten. From then on every stream with the same or a lower identifier
// that is not remembered is treated as if we had reset it.
type recentStreams struct {
	resets     []uint32 // grows to maxRecentResets, then is a ring
	nextReset  int32
	maxDropped uint32 // highest identifier that fell out of resets

	ends    []endedStream // grows to maxRecentEnds, then is a ring
	nextEnd int32
}

type endedStream struct {
	id  uint32
	how endedHow
}

func (r *recentStreams) add(id uint32, how endedHow) {
	switch {
	case how != resetByUs:
		if len(r.ends) < maxRecentEnds {
			r.ends = append(r.ends, endedStream{})
		}
		r.ends[r.nextEnd] = endedStream{id, how}
		r.nextEnd = (r.nextEnd + 1) % maxRecentEnds
	case len(r.resets) < maxRecentResets:
		r.resets = append(r.resets, id)
	default:
		r.maxDropped = max(r.maxDropped, r.resets[r.nextReset])
		r.resets[r.nextReset] = id
		r.nextReset = (r.nextReset + 1) % maxRecentResets
	}
}

// peerReset notes that the peer has reset id, which we had reset before: nothing
// more may come.
func (r *recentStreams) peerReset(id uint32) {
	for i := range r.resets {
		if r.resets[i] == id {
			r.resets[i] = 0 // no stream's
		}
	}
	for i := range r.ends {
		if r.ends[i].id == id {
			r.ends[i].how = resetByPeer
			return
		}
	}
	r.add(id, resetByPeer)
}

// lookup tells how id, which is closed, ended. If both sides have reset it, the
// later reset counts. If that was ours, id is in resets.
func (r *recentStreams) lookup(id uint32) endedHow {
	if slices.Contains(r.resets, id) {
		return resetByUs
	}
	for _, e := range r.ends {
		if e.id == id {
			return e.how
		}
	}
	if id <= r.maxDropped {
		return resetByUs
	}
	return notRecent
}
