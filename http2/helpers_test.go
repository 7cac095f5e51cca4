package http2

import (
	"testing"
	"testing/synctest"
)

// isClosed reports whether c is closed once everything in the synctest bubble waits.
func isClosed(c <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wantSameBut wants what upstream's code shows of ours too, unless patch is one of the listed differences: then the two
// have to differ.
func wantSameBut(t *testing.T, patch string, listed map[string]string, ours, upstream string) {
	t.Helper()
	switch _, ok := listed[patch]; {
	case patch != "" && !ok:
		t.Errorf("%s is not a known difference", patch)
	case patch == "" && ours != upstream:
		t.Errorf("ours:\n%s\nupstream:\n%s", ours, upstream)
	case patch != "" && ours == upstream:
		t.Errorf("%s shows no difference:\n%s", patch, ours)
	}
}
