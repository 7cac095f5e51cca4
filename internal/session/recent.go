package session

import "slices"

// endedHow is how a stream ended, as far as late frames for it care.
type endedHow uint8

const (
	notRecent   endedHow = iota
	endedByBoth          // END_STREAM both ways
	resetByUs            // we sent RST_STREAM: frames may still be on their way
	resetByPeer
)

const (
	// maxRecentResets bounds the identifiers kept of streams that we reset.
	maxRecentResets = 256

	// maxRecentEnds bounds those of streams that ended otherwise.
	maxRecentEnds = 32
)

// recentStreams remembers how the last streams ended, so that a frame which
// comes late can be told from one that breaks the rules (RFC 9113 §5.1, closed).
//
// What we reset is kept apart: a peer may have any number of frames on their way
// to such streams, while others come and go. Even so it may be forgotten; then
// every older stream that is not remembered gets the benefit of the doubt.
type recentStreams struct {
	resets     []uint32 // grows to maxRecentResets, then is a ring
	nextReset  int
	maxDropped uint32 // highest identifier that fell out of resets

	ends    []endedStream // grows to maxRecentEnds, then is a ring
	nextEnd int
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

// peerReset notes that the peer has reset id too, which we had: nothing more is
// on its way.
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

// lookup tells how id, which is closed, ended. If both sides have reset it, it is
// what happened last that counts: that is in resets if it was ours.
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
