// Package measure has what a measurement finds out, and what it is about. The packages that take measurements and the
// one that shows them have nothing else in common.
package measure

import "fmt"

// A Measurement is what is found out about a server, or a client. Zero is what was not measured.
type Measurement struct {
	Requests int     `json:"requests,omitempty"` // that were answered with success
	Failed   int     `json:"failed"`
	PerSec   float64 `json:"requests_per_second,omitempty"`
	CPU      float64 `json:"cpu_us_per_request,omitempty"`
	Allocs   float64 `json:"allocations_per_request,omitempty"`
	RSS      float64 `json:"rss_kib,omitempty"`
	IdleConn float64 `json:"rss_kib_per_idle_connection,omitempty"`
	P50      float64 `json:"latency_median_us,omitempty"`
	P99      float64 `json:"latency_99th_percentile_us,omitempty"`
	MBps     float64 `json:"mb_per_second,omitempty"`             // 10^6 bytes, over a link
	MBpsLate float64 `json:"mb_per_second_second_half,omitempty"` // of the second half of the bytes
	Never    int     `json:"never_ended,omitempty"`               // requests that were given up
}

// Values returns the quantities that medians are taken of.
func (m *Measurement) Values() []*float64 {
	return []*float64{&m.PerSec, &m.CPU, &m.Allocs, &m.RSS, &m.IdleConn, &m.P50, &m.P99, &m.MBps, &m.MBpsLate}
}

// A Key says what is comparable: everything measured with the same one.
type Key struct {
	Scenario string `json:"scenario"`
	Peer     string `json:"requests_to,omitempty"` // the server, where clients are measured
	Procs    int    `json:"gomaxprocs,omitempty"`
}

// A Sample is one measurement of one server or client.
type Sample struct {
	Key
	Server string `json:"server"` // or the client of that stack
	Round  int    `json:"round"`
	Measurement
	Error string `json:"error,omitempty"`
}

func (s Sample) String() string {
	switch {
	case s.Error != "":
		return s.Error
	case s.IdleConn > 0:
		return fmt.Sprintf("%8.1f KiB a connection", s.IdleConn)
	case s.Never > 0:
		return "   never ended"
	case s.MBps > 0:
		return fmt.Sprintf("%8.1f MB/s", s.MBps)
	case s.CPU == 0:
		return fmt.Sprintf("%8.1f ms", s.P50/1000)
	}
	return fmt.Sprintf("%8.0f requests/s  %8.2f CPU µs/request  %d failed", s.PerSec, s.CPU, s.Failed)
}
