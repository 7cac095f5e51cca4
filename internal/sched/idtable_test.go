package sched

import (
	"math/rand/v2"
	"testing"
)

func TestNodesAreFoundWhileTheyAreInTheTable(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var table idTable
	in := make(map[uint32]*Node)
	for range 50000 {
		id := r.Uint32N(1000)
		n := in[id]
		if got := table.find(id); got != n {
			t.Fatalf("find(%d) = %v, want %v", id, got, n)
		}
		switch {
		case n != nil:
			table.remove(n)
			delete(in, id)
		default:
			in[id] = &Node{ID: id}
			table.add(in[id])
		}
		if table.size != len(in) {
			t.Fatalf("size = %d, want %d", table.size, len(in))
		}
	}
}

func TestAnEmptyTableHoldsLittle(t *testing.T) {
	var table idTable
	nodes := make([]Node, 1000)
	for i := range nodes {
		nodes[i].ID = uint32(i)
		table.add(&nodes[i])
	}
	for i := range nodes {
		table.remove(&nodes[i])
	}
	if len(table.buckets) > maxIdleBuckets || table.find(1) != nil {
		t.Errorf("%d buckets", len(table.buckets))
	}
	table.add(&nodes[7])
	if table.find(7) != &nodes[7] {
		t.Error("node not found")
	}
}

func TestChainsStayShortWhateverTheIdentifiers(t *testing.T) {
	for shift := range 20 {
		var table idTable
		for i := range uint32(1000) {
			table.add(&Node{ID: (2*i + 1) << shift})
		}
		for _, n := range table.buckets {
			length := 0
			for ; n != nil; n = n.sameBucket {
				length++
			}
			if length > 25 {
				t.Errorf("identifiers %d apart: a chain of %d", 2<<shift, length)
			}
		}
	}
}
