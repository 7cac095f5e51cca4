package processes

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"h2fork.example/net/internal/interop/stack"
)

// The files that every machine has, and what is in them.
const (
	FileHello       = "hello"
	FileKibibyte    = "kibibyte"
	File64Kibibytes = "64kibibytes"
	FileMebibyte    = "mebibyte"
	FileMessage     = "message" // a gRPC message of the sort that MethodSay takes
	FileLarge       = "large"   // of LargeSize zero bytes

	hello = "hello, world\n"
)

const (
	// MebibyteSize is that of FileMebibyte.
	MebibyteSize = 1 << 20
	// LargeSize is that of FileLarge, and of large uploads.
	LargeSize = 64 << 20
	// PathSink takes whatever is sent to it, and answers when it has all.
	PathSink = "/" + fileSink

	fileSink = "sink"
)

// fillers are the sizes of the files whose Content does not matter.
var fillers = map[string]int{FileKibibyte: 1 << 10, File64Kibibytes: 64 << 10, FileMebibyte: MebibyteSize}

func filler(size int) []byte { return bytes.Repeat([]byte("0123456789abcdef"), size/16) }

// A Machine is where the servers run, with the files that they serve.
type Machine struct {
	CPU   string `json:"cpu"`
	CPUs  int    `json:"cpus"`
	Procs string `json:"gomaxprocs,omitempty"`
	Go    string `json:"go"`
	OS    string `json:"os"`
	// Kernel is its release.
	Kernel string `json:"kernel,omitempty"`

	dir   string // of everything below
	files string // the files named below
	cert  string
	key   string

	backend backend // of proxies
}

// NewMachine makes the files.
func NewMachine() (*Machine, error) {
	dir, err := os.MkdirTemp("", "h2bench")
	if err != nil {
		return nil, err
	}
	m := &Machine{
		CPU:    cpuModel(),
		CPUs:   runtime.NumCPU(),
		Procs:  os.Getenv("GOMAXPROCS"),
		Go:     runtime.Version(),
		OS:     runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: kernel(),
		dir:    dir,
		files:  filepath.Join(dir, "files"),
		cert:   filepath.Join(dir, "cert.pem"),
		key:    filepath.Join(dir, "key.pem"),
	}
	if err := m.write(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// write makes the files. A server that gives up being root must still be able to read them.
func (m *Machine) write() error {
	cert, _ := stack.TestCertificate()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	if err := os.Chmod(m.dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(m.files, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{
		m.File(FileHello):   []byte(hello),
		m.File(fileSink):    []byte(hello),
		m.File(FileMessage): sayMessage(),
		m.cert:              pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		m.key:               pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}
	for name, size := range fillers {
		files[m.File(name)] = filler(size)
	}
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
	}
	large, err := os.Create(m.File(FileLarge))
	if err != nil {
		return err
	}
	defer large.Close()
	return large.Truncate(LargeSize) // it takes no space
}

// File returns where the file of that name is.
func (m *Machine) File(name string) string { return filepath.Join(m.files, name) }

// Close stops the proxies' backend and removes the files.
func (m *Machine) Close() {
	m.backend.stop()
	os.RemoveAll(m.dir)
}

func (m *Machine) String() string {
	s := fmt.Sprintf("%s, %d CPUs, %s %s, %s", m.CPU, m.CPUs, m.OS, m.Kernel, m.Go)
	if m.Procs != "" {
		s += ", GOMAXPROCS=" + m.Procs
	}
	return s
}

func kernel() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(release))
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
