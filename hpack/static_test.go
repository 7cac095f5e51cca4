package hpack

import "testing"

func TestStaticTableHasSixtyOneEntries(t *testing.T) {
	if staticTableLen != 61 {
		t.Fatalf("it has %d", staticTableLen)
	}
}

func TestEveryStaticFieldIsFoundAtItsIndex(t *testing.T) {
	for i := 1; i <= staticTableLen; i++ {
		f := staticTable[i]
		if index, exact := searchStatic(f.Name, f.Value); index != uint64(i) || !exact {
			t.Errorf("%v is found at %d, exact %v; want %d", f, index, exact, i)
		}
	}
}

func TestStaticNameIsFoundAtItsLastIndex(t *testing.T) {
	for name, want := range map[string]uint64{
		":authority": 1, ":method": 3, ":path": 5, ":scheme": 7, ":status": 14,
		"accept-encoding": 16, "www-authenticate": 61,
	} {
		if index, exact := searchStatic(name, "some other value"); index != want || exact {
			t.Errorf("%q is found at %d, exact %v; want %d", name, index, exact, want)
		}
	}
}

func TestOtherNamesAreNotInTheStaticTable(t *testing.T) {
	for _, name := range []string{"", ":", "x", "Date", ":statuses", "content-typf", "grpc-status"} {
		if index, exact := searchStatic(name, ""); index != 0 || exact {
			t.Errorf("%q is found at %d, exact %v", name, index, exact)
		}
	}
}
