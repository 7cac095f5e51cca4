package hpack

import (
	"fmt"
	"reflect"
	"testing"
)

func TestTableSizeIsTheSumOfItsEntries(t *testing.T) {
	tab := dynamicTable{maxSize: 4096}
	tab.add("name", "value")
	tab.add("", "")
	if tab.size != 41+32 {
		t.Errorf("size is %d, want 73", tab.size)
	}
}

func TestOldestEntriesAreEvictedFirst(t *testing.T) {
	tab := dynamicTable{maxSize: 3 * 34}
	for _, name := range []string{"a", "b", "c", "d"} {
		tab.add(name, "1")
	}
	want := []HeaderField{field("d", "1"), field("c", "1"), field("b", "1")}
	if got := contents(&tab); !reflect.DeepEqual(got, want) || tab.size != 3*34 {
		t.Errorf("the table has %v, size %d; want %v", got, tab.size, want)
	}
}

func TestEntryOfExactlyTheTableSizeFits(t *testing.T) {
	tab := dynamicTable{maxSize: 40}
	tab.add("abcd", "efgh")
	if tab.len() != 1 || tab.size != 40 {
		t.Errorf("the table has %d entries, size %d", tab.len(), tab.size)
	}
}

func TestEntryLargerThanTheTableEmptiesIt(t *testing.T) {
	tab := dynamicTable{maxSize: 40}
	tab.add("a", "b")
	tab.add("abcd", "efghi")
	if tab.len() != 0 || tab.size != 0 {
		t.Errorf("the table has %d entries, size %d", tab.len(), tab.size)
	}
}

func TestSmallerMaximumSizeEvicts(t *testing.T) {
	tab := dynamicTable{maxSize: 100}
	tab.add("a", "1")
	tab.add("b", "2")
	tab.setMaxSize(34)
	if got, want := contents(&tab), []HeaderField{field("b", "2")}; !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %v, want %v", got, want)
	}
	tab.setMaxSize(0)
	if tab.len() != 0 || tab.size != 0 {
		t.Errorf("at maximum size 0 the table has %d entries, size %d", tab.len(), tab.size)
	}
}

func TestEvictionLetsGoOfTheStrings(t *testing.T) {
	tab := dynamicTable{maxSize: 100}
	tab.add("a", "1")
	tab.add("b", "2")
	tab.setMaxSize(0)
	for i, e := range tab.ring {
		if e != (tableEntry{}) {
			t.Errorf("slot %d still has %v", i, e)
		}
	}
}

func TestRingKeepsTheOrderWhileItWrapsAndGrows(t *testing.T) {
	tab := dynamicTable{maxSize: 6 * 34}
	var all []HeaderField
	for i := range 200 {
		if i == 100 {
			tab.setMaxSize(50 * 34)
		}
		f := field(fmt.Sprint(i%10), "x")
		tab.add(f.Name, f.Value)
		all = append([]HeaderField{f}, all...)
		if got, want := contents(&tab), all[:tab.len()]; !reflect.DeepEqual(got, want) {
			t.Fatalf("after %d insertions the table has %v, want %v", i+1, got, want)
		}
	}
	if tab.len() != 50 {
		t.Errorf("the table has %d entries, want 50", tab.len())
	}
}

func TestRingIsBoundedByTheMaximumSize(t *testing.T) {
	tab := dynamicTable{maxSize: 4096}
	for range 10000 {
		tab.add("", "")
	}
	if len(tab.ring) != 4096/32 {
		t.Errorf("the ring has %d slots, want 128", len(tab.ring))
	}
}

// indexedTable is a table with an index, as an Encoder has.
type indexedTable struct {
	dynamicTable
	x fieldIndex
}

func (t *indexedTable) add(name, value string) {
	t.dynamicTable.add(name, value)
	t.x.added(&t.dynamicTable, hashField(name, value, searchStaticName(name)))
}

func (t *indexedTable) search(name, value string) (n uint64, exact bool) {
	return t.x.search(&t.dynamicTable, name, value, hashField(name, value, searchStaticName(name)))
}

func TestIndexAgreesWithALinearSearch(t *testing.T) {
	tab := indexedTable{dynamicTable: dynamicTable{maxSize: 20 * 34}}
	linear := func(name, value string) (named uint64, exact bool) {
		for n := tab.added; n > tab.evicted; n-- {
			e := tab.at(n)
			if e.name == name && e.value == value {
				return n, true
			}
			if e.name == name && named == 0 {
				named = n
			}
		}
		return named, false
	}
	for i := range 500 {
		if i == 250 {
			tab.setMaxSize(3 * 34)
			tab.setMaxSize(60 * 34)
		}
		tab.add(string(rune('a'+i*i%23)), string(rune('0'+i%7)))
		for name := 'a'; name < 'a'+25; name++ {
			for value := '0'; value < '8'; value++ {
				gotN, gotExact := tab.search(string(name), string(value))
				wantN, wantExact := linear(string(name), string(value))
				if gotN != wantN || gotExact != wantExact {
					t.Fatalf("step %d: %c: %c is found at %d, exact %v; want %d, %v",
						i, name, value, gotN, gotExact, wantN, wantExact)
				}
			}
		}
	}
}
