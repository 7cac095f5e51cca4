//go:build !go1.27

// From Go 1.27 on, upstream's write schedulers do nothing, and one of the programs shows that.

package surface

import "testing"

func TestProgramsWriteWithUpstreamWhatTheyWriteWithUs(t *testing.T) {
	m := newModule(t)
	m.runAll(m.build())
}
