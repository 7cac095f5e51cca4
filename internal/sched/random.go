package sched

import "math/rand/v2"

// random gives each turn to any of the ready nodes.
type random struct {
	ready []*Node
	turn  *Node // chosen by Next and not yet used, so that asking twice gives one answer
}

// NewRandom returns a policy that ignores priorities and gives each turn to a ready stream picked at random.
func NewRandom() Policy { return new(random) }

func (p *random) Open(n *Node, _ OpenOptions) {
	n.reset()
}

func (p *random) Close(n *Node) {
	p.ClearReady(n)
	n.open = false
}

func (p *random) Adjust(uint32, Priority) {}

func (p *random) SetReady(n *Node) {
	if n.ready || !n.open {
		return
	}
	n.ready = true
	n.index = len(p.ready)
	p.ready = append(p.ready, n)
}

func (p *random) ClearReady(n *Node) {
	if !n.ready {
		return
	}
	n.ready = false
	end := len(p.ready) - 1
	last := p.ready[end]
	p.ready[n.index], last.index = last, n.index
	p.ready[end] = nil
	p.ready = p.ready[:end]
	if p.turn == n {
		p.turn = nil
	}
}

func (p *random) Next() (*Node, int) {
	if len(p.ready) == 0 {
		return nil, 0
	}
	if p.turn == nil {
		p.turn = p.ready[rand.IntN(len(p.ready))]
	}
	return p.turn, NoLimit
}

func (p *random) Sent(*Node, int) { p.turn = nil }

func (p *random) Ready() int { return len(p.ready) }

func (p *random) Trim() { p.ready = nil }
