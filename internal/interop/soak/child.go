package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"runtime"
	"strconv"
	"strings"

	"h2fork.example/net/internal/interop/stack"
)

// childEnv makes this program the server, and nothing else.
const childEnv = "SOAK_SERVE"

func isChild() bool { return os.Getenv(childEnv) != "" }

// A greeting is what the server says first.
type greeting struct {
	Plain, TLS  string // host:port
	Certificate []byte
}

// usage is what a process holds.
type usage struct {
	Heap       uint64 // bytes that are reachable, and stacks
	RSS        uint64
	Goroutines int
}

// used is what this process holds, without garbage.
func used() usage {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have for one collection
	runtime.ReadMemStats(&m)
	return usage{Heap: m.HeapAlloc + m.StackInuse, RSS: rss(), Goroutines: runtime.NumGoroutine()}
}

// rss is this process's resident memory, or 0 where it is not known.
func rss() uint64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			n, _ := strconv.ParseUint(fields[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// serveChild serves until its input ends.
func serveChild() error {
	h := newHandler()
	plain, err := stack.Ours().Start(stack.Protocols, h, stack.Options{})
	if err != nil {
		return err
	}
	secure, err := stack.Ours().Start(stack.TLS, h, stack.Options{})
	if err != nil {
		return err
	}
	cert, _ := stack.TestCertificate()
	return stack.ServeChild(greeting{plain.Addr, secure.Addr, cert.Certificate[0]}, used)
}

// A server is a child.
type server struct {
	*stack.Child
	greeting
	pool *x509.CertPool
}

func startServer() (*server, error) {
	s := &server{pool: x509.NewCertPool()}
	var err error
	if s.Child, err = stack.StartChild(childEnv+"=1", &s.greeting); err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		s.Stop()
		return nil, err
	}
	s.pool.AddCert(cert)
	return s, nil
}

// usage asks the server what it holds.
func (s *server) usage() (u usage, err error) {
	err = s.Ask(&u)
	return u, err
}

// A target is where clients connect to.
type target struct {
	addr, url string
	tls       *tls.Config // nil: without
}

func (s *server) target(secure bool) target {
	if secure {
		return target{s.TLS, "https://" + s.TLS, &tls.Config{RootCAs: s.pool}}
	}
	return target{s.Plain, "http://" + s.Plain, nil}
}
