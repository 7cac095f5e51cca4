package sched

// roundRobin gives each ready stream one frame in turn.
type roundRobin struct {
	turns ring[*Node] // the ready nodes
	ready int
}

// NewRoundRobin returns a policy that ignores priorities: every ready stream sends a frame in turn.
func NewRoundRobin() Policy { return new(roundRobin) }

func (p *roundRobin) Open(n *Node, _ OpenOptions) {
	n.reset()
}

func (p *roundRobin) Close(n *Node) {
	p.ClearReady(n)
	n.open = false
}

func (p *roundRobin) Adjust(uint32, Priority) {}

func (p *roundRobin) SetReady(n *Node) {
	if n.ready || !n.open {
		return
	}
	n.ready = true
	p.ready++
	p.turns.pushBack(&n.links)
}

func (p *roundRobin) ClearReady(n *Node) {
	if !n.ready {
		return
	}
	n.ready = false
	p.ready--
	p.turns.remove(&n.links)
}

func (p *roundRobin) Next() (*Node, int) {
	if p.turns.head == nil {
		return nil, 0
	}
	return p.turns.head.of, NoLimit
}

func (p *roundRobin) Sent(n *Node, _ int) {
	if n.ready {
		p.turns.moveToBack(&n.links)
	}
}

func (p *roundRobin) Ready() int { return p.ready }

func (p *roundRobin) Trim() {}
