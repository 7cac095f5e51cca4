package toolkit

import "testing"

func TestEditsApplyInAnyOrder(t *testing.T) {
	got := Apply([]byte("one two three"), []Edit{{From: 8, To: 13, Text: "3"}, {From: 0, To: 3, Text: "1"}, {From: 4, To: 4, Text: "and "}})
	if want := "1 and two 3"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
