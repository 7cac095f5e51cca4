package main

import (
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// childEnv names the stack that this program is to serve as a child, and nothing else.
const childEnv = "ATTACKS_SERVE"

func isChild() bool { return os.Getenv(childEnv) != "" }

// usage is what a server holds, and what it has used up so far.
type usage struct {
	Live           uint64 // bytes of the heap that are reachable, and stacks
	Peak           uint64 // of the heap and stacks, garbage included, since the last time
	Goroutines     int
	PeakGoroutines int // since the last time
	CPU            time.Duration
}

// serveChild serves until its input ends, after it has said its address.
func serveChild() error {
	s, err := stack.Find(os.Getenv(childEnv))
	if err != nil {
		return err
	}
	srv, err := s.Start(stack.Protocols, http.HandlerFunc(serve), stack.Options{})
	if err != nil {
		return err
	}
	var peak sampler
	go peak.run()
	return stack.ServeChild(srv.Addr, peak.usage)
}

// serve answers what attacks ask for.
func serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case pathWait:
		<-r.Context().Done()
	case pathWrite:
		piece := make([]byte, 1000)
		for range 1000 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	case pathEcho:
		w.Write([]byte(r.Header.Get("Cookie")))
		<-r.Context().Done()
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

const (
	pathWait  = "/wait"
	pathWrite = "/write"
	pathEcho  = "/echo"
)

// A sampler looks for peaks.
type sampler struct{ bytes, goroutines atomic.Uint64 }

const samplePeriod = 5 * time.Millisecond

func (s *sampler) run() {
	for range time.Tick(samplePeriod) {
		s.look()
	}
}

func (s *sampler) look() {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	s.bytes.Store(max(s.bytes.Load(), samples[0].Value.Uint64()+samples[1].Value.Uint64()))
	s.goroutines.Store(max(s.goroutines.Load(), uint64(runtime.NumGoroutine())))
}

// usage is what is used now, and begins anew with peaks.
func (s *sampler) usage() usage {
	s.look()
	u := usage{Peak: s.bytes.Swap(0), PeakGoroutines: int(s.goroutines.Swap(0))}
	u.Goroutines = runtime.NumGoroutine()
	u.CPU = cpuTime()
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have for one collection
	runtime.ReadMemStats(&m)
	u.Live = m.HeapAlloc + m.StackInuse
	return u
}

// A server is a child.
type server struct {
	*stack.Child
	addr string
}

// startServer starts the stack of that name.
func startServer(name string) (s server, err error) {
	s.Child, err = stack.StartChild(childEnv+"="+name, &s.addr)
	return s, err
}

// usage asks the server what it has used.
func (s server) usage() (u usage, err error) {
	err = s.Ask(&u)
	return u, err
}
