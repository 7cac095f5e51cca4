package session

// How a stream ended, as far as late frames for it care.

type endedHow uint8

const (
	notRecent   endedHow = iota
	endedByBoth          // END_STREAM both ways
	resetByUs            // we sent RST_STREAM: frames may still be on their way
	resetByPeer
)

// maxRecentStreams bounds what is remembered of closed streams. A peer that
// names an older one is told that the identifier may not be used.
const maxRecentStreams = 128

// recentStreams remembers how the last streams ended, so that a frame which
// comes late can be told from one that breaks the rules (RFC 9113 §5.1, closed).
type recentStreams struct {
	ring [maxRecentStreams]struct {
		id  uint32
		how endedHow
	}
	next int
}

func (r *recentStreams) add(id uint32, how endedHow) {
	r.ring[r.next].id, r.ring[r.next].how = id, how
	r.next = (r.next + 1) % maxRecentStreams
}

// addUnlessReset is add, unless the newest entry says that id was reset.
func (r *recentStreams) addUnlessReset(id uint32, how endedHow) {
	last := r.ring[(r.next+maxRecentStreams-1)%maxRecentStreams]
	if last.id == id {
		return
	}
	r.add(id, how)
}

func (r *recentStreams) lookup(id uint32) endedHow {
	for i := range r.ring {
		if r.ring[i].id == id {
			return r.ring[i].how
		}
	}
	return notRecent
}
