package processes

import (
	"fmt"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"h2fork.example/net/internal/interop/stack"
)

// A proxy passes requests on to a backend in HTTP/2 without TLS. All proxies have the same one: grpc-go's server, in one
// process for as long as the machine is used.

// A backend is that process, which is started for the first proxy.
type backend struct {
	once    sync.Once
	process *Process
	err     error
}

// backendURL returns where the backend is.
func (m *Machine) backendURL() (*url.URL, error) {
	b := &m.backend
	b.once.Do(func() { b.process, b.err = startGRPC(m, Setting{}) })
	if b.err != nil {
		return nil, fmt.Errorf("the proxies' backend: %w", b.err)
	}
	return url.Parse(b.process.URL)
}

// stop stops the backend, if there is one.
func (b *backend) stop() {
	if b.process != nil {
		b.process.Stop()
	}
}

const roleProxy = "proxy"

// A proxySpec is what a proxy child does.
type proxySpec struct {
	Stack      string // on both sides
	Backend    *url.URL
	BufferPool bool
}

// startGoProxy starts a ReverseProxy on the stack of that name.
func startGoProxy(name string, m *Machine, s Setting) (*Process, error) {
	backend, err := m.backendURL()
	if err != nil {
		return nil, err
	}
	return startServer(roleProxy, proxySpec{name, backend, s.BufferPool}, s.Procs)
}

func serveProxy(spec proxySpec) error {
	s, err := stack.Find(spec.Stack)
	if err != nil {
		return err
	}
	var buffers httputil.BufferPool
	if spec.BufferPool {
		buffers = new(stack.Buffers)
	}
	srv, err := s.Start(stack.Protocols, s.ReverseProxy(spec.Backend, buffers), stack.Options{})
	if err != nil {
		return err
	}
	return announce(srv.URL)
}

// nginxProxy passes on whatever comes. nginx has a request at a time on each of its connections to the backend, and
// keeps as many of them as there are requests here.
const nginxProxy = `
	upstream backend {
		server %[1]s;
		keepalive %[2]d;
		keepalive_requests 1000000000;
	}
	server {
		listen 127.0.0.1:%[3]s http2;
		location / { grpc_pass grpc://backend; }
	}
`

// nginxKeepalive is more than the requests that any scenario has in flight.
const nginxKeepalive = 256

func startNginxProxy(m *Machine) (*Process, error) {
	backend, err := m.backendURL()
	if err != nil {
		return nil, err
	}
	return startOnPort(false, func(port string) (*exec.Cmd, error) {
		return nginxCommand(m, port, fmt.Sprintf(nginxProxy, backend.Host, nginxKeepalive, port))
	})
}

// startNghttpx starts nghttpx as a proxy, in one process and with one thread.
func startNghttpx(m *Machine, _ Setting) (*Process, error) {
	backend, err := m.backendURL()
	if err != nil {
		return nil, err
	}
	return startOnPort(false, func(port string) (*exec.Cmd, error) {
		// Without a file of ours it reads the machine's.
		conf := filepath.Join(m.dir, "nghttpx.conf")
		if err := os.WriteFile(conf, nil, 0o644); err != nil {
			return nil, err
		}
		return exec.Command("nghttpx", "--conf="+conf, "--single-process", "--workers=1",
			"--frontend=127.0.0.1,"+port+";no-tls",
			"--backend="+backend.Hostname()+","+backend.Port()+";;proto=h2",
			"--accesslog-file=", "--errorlog-file=/dev/stderr"), nil
	})
}
