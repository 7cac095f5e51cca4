package sched

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHeapRootIsTheLeastWhateverIsRemoved(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var h heap[int]
	var in []*link[int]
	for i := range 20000 {
		if len(in) == 0 || r.IntN(100) < 52 {
			l := &link[int]{of: i, key: uint64(r.IntN(500))}
			h.push(l)
			in = append(in, l)
		} else {
			at := r.IntN(len(in))
			if r.IntN(2) == 0 {
				at = slices.Index(in, h.root)
			}
			h.remove(in[at])
			if in[at].child != nil || in[at].prev != nil || in[at].next != nil {
				t.Fatal("a removed link still points into the heap")
			}
			in = slices.Delete(in, at, at+1)
		}
		least := slices.MinFunc(append(in, &link[int]{key: 1000}), func(a, b *link[int]) int { return int(a.key) - int(b.key) })
		switch {
		case len(in) == 0 && h.root != nil:
			t.Fatal("an empty heap has a root")
		case len(in) > 0 && (h.root == nil || h.root.key != least.key):
			t.Fatalf("root = %v, want key %d", h.root, least.key)
		}
	}
}
