package peers

import "sync/atomic"

// A peak is a counter that can keep the highest value of another.
type peak struct{ n atomic.Int64 }

func (p *peak) add(n int64) int64 { return p.n.Add(n) }

func (p *peak) get() int64 { return p.n.Load() }

func (p *peak) raise(to int64) {
	for {
		was := p.n.Load()
		if was >= to || p.n.CompareAndSwap(was, to) {
			return
		}
	}
}
