package sched

// throttleStep limits turns out of order: those that a stream has because the open streams that it depends on have
// nothing to send just now. The first may bring so many bytes, and each one that follows in a row as many more.
const throttleStep = 1024

// RFC7540Config bounds what a dependency tree remembers of streams that are not open.
type RFC7540Config struct {
	MaxClosedNodes int  // closed streams that stay in the tree for what depends on them, or is about to
	MaxIdleNodes   int  // streams in the tree that have not opened, which clients use to group others
	Throttle       bool // limit turns out of order
}

// rfc7540 serves a stream before those that depend on it, and streams that depend on the same one in proportion to
// their weights.
type rfc7540 struct {
	tree     tree
	vertices map[uint32]*vertex // all of the tree but its root
	newest   [2]uint32          // highest stream identifier opened, of even and of odd ones
	closed   keeper
	idle     keeper
	ready    int
	throttle bool
	limit    int // of the next turn out of order, if throttle
}

// keeper holds the vertices of streams that are not open, the oldest first.
type keeper struct {
	order       ring[*vertex]
	size, limit int
}

// NewRFC7540 returns a policy that follows the dependency tree of RFC 7540 §5.3. Its calls take time with the depth
// of the tree, which is bounded.
func NewRFC7540(c RFC7540Config) Policy {
	p := &rfc7540{
		vertices: make(map[uint32]*vertex),
		closed:   keeper{limit: c.MaxClosedNodes},
		idle:     keeper{limit: c.MaxIdleNodes},
		throttle: c.Throttle,
		limit:    throttleStep,
	}
	p.tree.init()
	return p
}

func (p *rfc7540) Open(n *Node, o OpenOptions) {
	n.reset()
	v := p.vertices[n.ID]
	if v == nil {
		// RFC 7540 §5.3.5: a pushed stream depends on the stream it was promised on, any other on stream 0.
		parent := p.vertices[o.PusherID]
		if parent == nil {
			parent = &p.tree.root
		}
		v = p.tree.add(n.ID, parent)
		p.vertices[n.ID] = v
	} else {
		v.keeper.drop(v)
	}
	p.newest[n.ID&1] = max(p.newest[n.ID&1], n.ID)
	n.vertex, v.node = v, n
}

func (p *rfc7540) Close(n *Node) {
	if !n.open {
		return
	}
	p.ClearReady(n)
	v := n.vertex
	n.open, n.vertex, v.node = false, nil, nil
	p.keep(&p.closed, v)
}

func (p *rfc7540) Adjust(id uint32, pr Priority) {
	if id == 0 {
		return
	}
	v := p.vertices[id]
	if v == nil {
		if id <= p.newest[id&1] || p.idle.limit <= 0 {
			return // closed and forgotten, or not worth keeping
		}
		v = p.tree.add(id, &p.tree.root)
		p.vertices[id] = v
		p.keep(&p.idle, v)
	}
	parent := &p.tree.root
	if pr.StreamDep != 0 {
		parent = p.vertices[pr.StreamDep]
	}
	switch {
	case parent == v:
		return
	case parent == nil:
		// RFC 7540 §5.3.1: depending on a stream that is not in the tree gives the default priority.
		v.weight = defaultWeight
		p.tree.depend(v, &p.tree.root, false)
	default:
		v.weight = uint64(pr.Weight) + 1
		p.tree.depend(v, parent, pr.Exclusive)
	}
}

func (p *rfc7540) SetReady(n *Node) {
	if n.ready || !n.open {
		return
	}
	n.ready, n.vertex.ready = true, true
	p.ready++
	p.tree.requeue(n.vertex)
}

func (p *rfc7540) ClearReady(n *Node) {
	if !n.ready {
		return
	}
	n.ready, n.vertex.ready = false, false
	p.ready--
	p.tree.requeue(n.vertex)
}

func (p *rfc7540) Next() (*Node, int) {
	if p.ready == 0 {
		return nil, 0
	}
	v, limit := &p.tree.root, NoLimit
	for !v.ready {
		if v.node != nil && p.throttle {
			limit = p.limit
		}
		v = v.kids.active.root.of
	}
	return v.node, limit
}

func (p *rfc7540) Sent(n *Node, bytes int) {
	if !n.open {
		return
	}
	p.tree.charge(n.vertex, bytes)
	switch {
	case !p.throttle:
	case n.vertex.hasOpenAncestor():
		p.limit = min(p.limit, NoLimit-throttleStep) + throttleStep
	default:
		p.limit = throttleStep
	}
}

func (p *rfc7540) Ready() int { return p.ready }

func (p *rfc7540) Trim() {}

// keep puts v, whose stream is not open, in k, and takes the oldest one out of the tree if there are too many.
func (p *rfc7540) keep(k *keeper, v *vertex) {
	v.keeper = k
	k.order.pushBack(&v.kept)
	k.size++
	if k.size > k.limit {
		oldest := k.order.head.of
		k.drop(oldest)
		delete(p.vertices, oldest.id)
		p.tree.remove(oldest)
	}
}

// drop forgets v without taking it out of the tree.
func (k *keeper) drop(v *vertex) {
	k.order.remove(&v.kept)
	k.size--
	v.keeper = nil
}

func (v *vertex) hasOpenAncestor() bool {
	for v.family != nil {
		v = v.family.parent
		if v.node != nil {
			return true
		}
	}
	return false
}

// FollowsDependencies reports whether p goes by RFC 7540's dependencies and weights. Any other policy has no use
// for PRIORITY frames.
func FollowsDependencies(p Policy) bool {
	_, ok := p.(*rfc7540)
	return ok
}
