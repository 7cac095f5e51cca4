package sched

// link is a place in a ring or a heap, kept inside the element so that moving it takes no memory.
type link[T any] struct {
	of         T        // the element
	key        uint64   // heaps order by it
	child      *link[T] // heaps only
	prev, next *link[T]
}

// ring is a circular list. The zero ring is empty.
type ring[T any] struct {
	head *link[T] // the first, whose prev is the last
}

// pushBack adds l as the last.
func (r *ring[T]) pushBack(l *link[T]) {
	if r.head == nil {
		l.prev, l.next = l, l
		r.head = l
		return
	}
	l.prev, l.next = r.head.prev, r.head
	l.prev.next, l.next.prev = l, l
}

// remove takes out l, which must be in the ring.
func (r *ring[T]) remove(l *link[T]) {
	switch {
	case l.next == l:
		r.head = nil
	case r.head == l:
		r.head = l.next
	}
	l.prev.next, l.next.prev = l.next, l.prev
	l.prev, l.next = nil, nil
}

// moveToBack makes l, which must be in the ring, the last.
func (r *ring[T]) moveToBack(l *link[T]) {
	if r.head == l {
		r.head = l.next
		return
	}
	r.remove(l)
	r.pushBack(l)
}
