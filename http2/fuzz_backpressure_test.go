package http2

import (
	"testing"
	"testing/synctest"
)

// FuzzBackpressure has a fuzzer choose what a handler, or a request's body, does, how
// the other side stalls, and how that ends.
func FuzzBackpressure(f *testing.F) {
	for stall := range stalls {
		for end := range talkEnds {
			f.Add(end%2 == 0, []byte{byte(stall), byte(end), 1, 1, 1, 0, 5, 2, byte(end), 7, 3, 2, 7, 4, 7, 5})
		}
	}
	f.Fuzz(func(t *testing.T, upload bool, what []byte) {
		c := choices(what)
		check := newTalkCase(&c).check
		if upload {
			c = what
			check = newUploadCase(&c).check
		}
		synctest.Test(t, check)
	})
}
