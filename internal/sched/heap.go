package sched

// heap is a pairing heap: the link with the least key is its root. The zero heap is empty. Adding and looking take
// constant time, removing takes O(log n) amortised. A heap in a slice would do the same, but would keep the memory
// of its largest size; this one has none of its own.
//
// In a heap, a link's child is the first of its children, its next the next child of the same parent, and its prev
// the one before, or the parent of the first.
type heap[T any] struct {
	root *link[T]
}

// push adds l, ordered by its key, which must not change until it is removed.
func (h *heap[T]) push(l *link[T]) {
	h.root = meld(h.root, l)
}

// remove takes out l, which must be in the heap.
func (h *heap[T]) remove(l *link[T]) {
	rest := pairUp(l.child)
	if l == h.root {
		h.root = rest
	} else {
		if l.prev.child == l {
			l.prev.child = l.next
		} else {
			l.prev.next = l.next
		}
		if l.next != nil {
			l.next.prev = l.prev
		}
		h.root = meld(h.root, rest)
	}
	l.child, l.prev, l.next = nil, nil, nil
}

// meld joins two heaps, each given by its root and either of them empty, into one. Of equal keys a's comes first.
func meld[T any](a, b *link[T]) *link[T] {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case b.key < a.key:
		a, b = b, a
	}
	b.prev, b.next = a, a.child
	if b.next != nil {
		b.next.prev = b
	}
	a.child = b
	return a
}

// pairUp makes one heap of siblings that have lost their parent: in pairs from the first to the last, then all
// pairs from the last to the first, which is what makes removal logarithmic.
func pairUp[T any](first *link[T]) *link[T] {
	var pairs *link[T] // a stack, linked through next
	for first != nil {
		a, b := first, first.next
		first = nil
		if b != nil {
			first = b.next
			b.prev, b.next = nil, nil
		}
		a.prev, a.next = nil, nil
		pair := meld(a, b)
		pair.next = pairs
		pairs = pair
	}
	var root *link[T]
	for pairs != nil {
		pair := pairs
		pairs = pair.next
		pair.next = nil
		root = meld(root, pair)
	}
	return root
}
