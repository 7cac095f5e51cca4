package load

import (
	"fmt"
	"runtime"
	"testing"
)

func TestH2loadsSummaryIsRead(t *testing.T) {
	s, err := parseH2load(`
finished in 1.00s, 31234.50 req/s, 1.03MB/s
requests: 31240 total, 31272 started, 31240 done, 31239 succeeded, 1 failed, 1 errored, 0 timeout
status codes: 31230 2xx, 9 3xx, 0 4xx, 0 5xx
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.PerSec != 31234.5 || s.Requests != 31230 || s.Failed != 10 {
		t.Errorf("read as %+v", s)
	}
}

func TestH2loadHasAThreadForEachProcessorAndNoneWithoutAConnection(t *testing.T) {
	for conns := 1; conns <= runtime.NumCPU()+1; conns++ {
		l := h2load{path: "/", conns: conns, streams: 1}
		if got, want := l.String(), fmt.Sprintf("h2load -t%d -c%d -m1 /", min(conns, runtime.NumCPU()), conns); got != want {
			t.Errorf("%d connections: %s, want %s", conns, got, want)
		}
	}
}

func TestAnUnknownSummaryIsAnError(t *testing.T) {
	if s, err := parseH2load("could not connect to host"); err == nil {
		t.Errorf("read as %+v", s)
	}
}
