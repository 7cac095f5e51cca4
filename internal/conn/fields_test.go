package conn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"h2fork.example/net/hpack"
)

// Lists come from pools that all connections share. Whatever the sizes of the sections
// that were there before, a section has its own fields and no other.
func TestSectionsThatShareListsDoNotShareFields(t *testing.T) {
	const connections = 5
	sizes := []int{0, 1, shortList - 1, shortList, shortList + 1, 10 * shortList}
	type assembly struct {
		section
		name string
		size int // what is to be there in the end
	}
	begin := func(turn, i int) *assembly {
		a := &assembly{name: fmt.Sprintf("x-%d-%d", turn, i), size: sizes[rand.IntN(len(sizes))]}
		a.maxList, a.free = math.MaxUint32, math.MaxUint32
		return a
	}
	for turn := range 200 {
		var all []*assembly
		for i := range connections {
			all = append(all, begin(turn, i))
		}
		for k := range sizes[len(sizes)-1] {
			for _, a := range all {
				if k < a.size {
					a.emit(hpack.HeaderField{Name: a.name, Value: fmt.Sprint(k)})
				}
			}
		}
		for _, a := range all {
			if len(a.list) != a.size {
				t.Fatalf("%d fields of %d", len(a.list), a.size)
			}
			for k, f := range a.list {
				if f.Name != a.name || f.Value != fmt.Sprint(k) {
					t.Fatalf("field %d of %s with %d is %v", k, a.name, a.size, f)
				}
			}
			a.forget()
			if a.list != nil || a.lent != nil {
				t.Fatalf("a section that is over keeps a list")
			}
		}
	}
}

// What lies in a pool must not keep the strings of a request that is long over.
func TestAListGoesBackWithoutItsFields(t *testing.T) {
	for _, size := range []int{1, shortList, shortList + 1} {
		a := &section{maxList: math.MaxUint32, free: math.MaxUint32}
		var first []hpack.HeaderField
		for range size {
			a.emit(hpack.HeaderField{Name: "x", Value: "secret"})
			if first == nil {
				first = a.list
			}
		}
		a.forget()
		for _, f := range first[:min(size, shortList)] {
			if f.Value != "" {
				t.Errorf("a list for %d fields went back with %v", size, f)
			}
		}
	}
}
