package sched

import (
	"math/bits"
	"slices"
)

const (
	urgencies = 8 // RFC 9218 §4.1: 0, the most urgent, to 7

	// maxEarlyUpdates bounds the PRIORITY_UPDATE frames kept for streams that are not open yet: a client may
	// send any number of them (RFC 9218 §7.1 lets a server drop them).
	maxEarlyUpdates = 16
)

// rfc9218 serves the most urgent streams first. Among equally urgent ones, the incremental streams take turns and
// the others are served to the end, one by one, in the order of their requests; each of the two kinds gets every
// other turn while both are ready.
type rfc9218 struct {
	levels   *[urgencies]level // nil until a stream opens
	nonEmpty uint8             // bit u: levels[u] has a ready node
	ready    int
	streams  idTable       // the open ones, for Adjust
	newest   [2]uint32     // highest stream identifier opened, of even and of odd ones
	early    []earlyUpdate // oldest first
}

// level is the ready nodes of one urgency.
type level struct {
	sequential      heap[*Node] // not incremental; by stream identifier, which is the order of the requests
	incremental     ring[*Node]
	incrementalTurn bool // counts when both kinds are ready
}

// earlyUpdate is the priority of a stream that is not open yet.
type earlyUpdate struct {
	id       uint32
	priority Priority
}

// NewRFC9218 returns a policy that follows RFC 9218 §10. An urgency above 7 counts as 7.
func NewRFC9218() Policy {
	return new(rfc9218)
}

func (p *rfc9218) Open(n *Node, o OpenOptions) {
	n.reset()
	n.setPriority(o.Priority)
	if p.levels == nil {
		p.levels = new([urgencies]level)
	}
	p.streams.add(n)
	p.newest[n.ID&1] = max(p.newest[n.ID&1], n.ID)
	for i, e := range p.early {
		if e.id == n.ID {
			n.setPriority(e.priority)
			p.early = slices.Delete(p.early, i, i+1)
			break
		}
	}
}

func (p *rfc9218) Close(n *Node) {
	if !n.open {
		return
	}
	p.ClearReady(n)
	n.open = false
	p.streams.remove(n)
}

func (p *rfc9218) Adjust(id uint32, pr Priority) {
	n := p.streams.find(id)
	if n == nil {
		p.adjustEarly(id, pr)
		return
	}
	wasReady := n.ready
	p.ClearReady(n)
	n.setPriority(pr)
	if wasReady {
		p.SetReady(n)
	}
}

// adjustEarly keeps the priority of a stream until it opens. The latest counts (RFC 9218 §7.1).
func (p *rfc9218) adjustEarly(id uint32, pr Priority) {
	if id <= p.newest[id&1] {
		return // closed
	}
	for i := range p.early {
		if p.early[i].id == id {
			p.early[i].priority = pr
			return
		}
	}
	if len(p.early) == maxEarlyUpdates {
		p.early = slices.Delete(p.early, 0, 1)
	}
	p.early = append(p.early, earlyUpdate{id, pr})
}

func (p *rfc9218) SetReady(n *Node) {
	if n.ready || !n.open {
		return
	}
	n.ready = true
	p.ready++
	p.nonEmpty |= 1 << n.urgency
	l := &p.levels[n.urgency]
	if n.incremental {
		l.incremental.pushBack(&n.links)
	} else {
		n.links.key = uint64(n.ID)
		l.sequential.push(&n.links)
	}
}

func (p *rfc9218) ClearReady(n *Node) {
	if !n.ready {
		return
	}
	n.ready = false
	p.ready--
	l := &p.levels[n.urgency]
	if n.incremental {
		l.incremental.remove(&n.links)
	} else {
		l.sequential.remove(&n.links)
	}
	if l.incremental.head == nil && l.sequential.root == nil {
		p.nonEmpty &^= 1 << n.urgency
	}
}

func (p *rfc9218) Next() (*Node, int) {
	if p.nonEmpty == 0 {
		return nil, 0
	}
	l := &p.levels[bits.TrailingZeros8(p.nonEmpty)]
	if l.sequential.root == nil || l.incrementalTurn && l.incremental.head != nil {
		return l.incremental.head.of, NoLimit
	}
	return l.sequential.root.of, NoLimit
}

func (p *rfc9218) Sent(n *Node, _ int) {
	if !n.open {
		return
	}
	l := &p.levels[n.urgency]
	l.incrementalTurn = !n.incremental
	if n.ready && n.incremental {
		l.incremental.moveToBack(&n.links)
	}
}

func (p *rfc9218) Ready() int { return p.ready }

func (p *rfc9218) Trim() {
	p.levels = nil
	p.streams.trim()
}

func (n *Node) setPriority(pr Priority) {
	n.urgency = min(pr.Urgency, urgencies-1)
	n.incremental = pr.Incremental
}
