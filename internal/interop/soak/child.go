package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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

// serveChild serves until its input ends. Each line of input asks for its usage.
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
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(greeting{plain.Addr, secure.Addr, cert.Certificate[0]}); err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := out.Encode(used()); err != nil {
			return err
		}
	}
	return in.Err()
}

// A server is a child.
type server struct {
	greeting
	pool *x509.CertPool
	in   *json.Decoder
	ask  func() error
	end  func()
}

func startServer() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"=1")
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
	s := &server{in: json.NewDecoder(out), pool: x509.NewCertPool()}
	s.ask = func() error { _, err := in.Write([]byte("\n")); return err }
	s.end = func() {
		in.Close()
		cmd.Wait()
	}
	if err := s.in.Decode(&s.greeting); err != nil {
		s.end()
		return nil, fmt.Errorf("the server did not say where it listens: %w", err)
	}
	cert, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		s.end()
		return nil, err
	}
	s.pool.AddCert(cert)
	return s, nil
}

// usage asks the server what it holds.
func (s *server) usage() (u usage, err error) {
	if err = s.ask(); err == nil {
		err = s.in.Decode(&u)
	}
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
