package toolkit

import (
	"cmp"
	"slices"
)

// An Edit replaces source[From:To].
type Edit struct {
	From, To int
	Text     string
}

// Apply returns source with edits that don't overlap, in any order.
func Apply(source []byte, edits []Edit) []byte {
	sorted := slices.SortedStableFunc(slices.Values(edits), func(a, b Edit) int { return cmp.Compare(a.From, b.From) })
	var out []byte
	at := 0
	for _, e := range sorted {
		out = append(append(out, source[at:e.From]...), e.Text...)
		at = e.To
	}
	return append(out, source[at:]...)
}
