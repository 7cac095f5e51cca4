// Package load is what drives servers, or has clients drive them: h2load, and loads of its own, whose clients are children
// of this program. Each load knows what it measures, and how.
package load

import (
	"time"

	"h2fork.example/net/internal/interop/bench/measure"
	"h2fork.example/net/internal/interop/bench/processes"
)

const (
	// warmUp is how long a server gets to grow its heap and fill its pools before it is measured.
	warmUp = 500 * time.Millisecond
	// startTime estimates what it takes to start a process and stop it.
	startTime = 100 * time.Millisecond
)

// A Load is what a scenario does to a server, or has a client do.
type Load interface {
	// Measure starts what is needed, measures the run's subject and stops everything.
	Measure(r Run) (measure.Measurement, error)
	// Takes estimates how long Measure runs.
	Takes(r Run) time.Duration
	// String describes the load, a command where there is one.
	String() string
}

// A Run is what one measurement is of.
type Run struct {
	Machine *processes.Machine
	Subject processes.Server  // what is measured: a server, or the client of the same stack
	Peer    processes.Server  // what such a client talks to, else without a name
	Setting processes.Setting // of the subject

	Duration time.Duration // that the measurement takes
	Idle     int           // connections, where they are idle
}

func (r Run) startSubject() (*processes.Process, error) { return r.Subject.Start(r.Machine, r.Setting) }

// startPeer starts what a client talks to, which GOMAXPROCS is not meant for.
func (r Run) startPeer() (*processes.Process, error) {
	s := r.Setting
	s.Procs = 0
	return r.Peer.Start(r.Machine, s)
}

// Roles are what children do that are a load's clients.
func Roles() map[string]processes.Role {
	return map[string]processes.Role{
		roleClient:    processes.As(runClient),
		roleMixed:     processes.As(runMixed),
		roleChat:      processes.As(runChat),
		roleCalls:     processes.As(runCalls),
		roleLink:      processes.As(runLink),
		roleNeighbour: processes.As(runNeighbour),
	}
}
