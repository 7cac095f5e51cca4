package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"syscall"
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

// serveChild serves until its input ends, after it has printed its address. Each line of input asks for its usage.
func serveChild() error {
	s, err := stack.Find(os.Getenv(childEnv))
	if err != nil {
		return err
	}
	srv, err := s.Start(stack.Protocols, http.HandlerFunc(serve), stack.Options{})
	if err != nil {
		return err
	}
	fmt.Println(srv.Addr)
	var peak sampler
	go peak.run()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := json.NewEncoder(os.Stdout).Encode(peak.usage()); err != nil {
			return err
		}
	}
	return in.Err()
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
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have for one collection
	runtime.ReadMemStats(&m)
	u.Live = m.HeapAlloc + m.StackInuse
	return u
}

// A server is a child.
type server struct {
	addr string
	cmd  *exec.Cmd
	in   *json.Decoder
	ask  func() error
	end  func()
}

// startServer starts the stack of that name.
func startServer(name string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	s := &server{cmd: cmd}
	s.ask = func() error { _, err := in.Write([]byte("\n")); return err }
	s.end = func() {
		in.Close()
		cmd.Wait()
	}
	addr, err := lines.ReadString('\n')
	if err != nil {
		s.end()
		return nil, fmt.Errorf("%s did not say where it listens: %w", name, err)
	}
	s.addr = strings.TrimSpace(addr)
	s.in = json.NewDecoder(lines)
	return s, nil
}

// usage asks the server what it has used.
func (s *server) usage() (u usage, err error) {
	if err = s.ask(); err == nil {
		err = s.in.Decode(&u)
	}
	return u, err
}
