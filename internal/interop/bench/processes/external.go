package processes

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// startLimit bounds how long a server may take to listen.
const startLimit = 5 * time.Second

// maxConns is how many connections servers take that have to be told.
const maxConns = 20_000

// startNghttpd serves the machine's files with nghttpd.
func startNghttpd(m *Machine, s Setting) (*Process, error) {
	return startOnPort(s.TLS, func(port string) (*exec.Cmd, error) {
		args := []string{"-a", "127.0.0.1", "-n1", "-d", m.files, port}
		if s.TLS {
			args = append(args, m.key, m.cert)
		} else {
			args = append([]string{"--no-tls"}, args...)
		}
		return exec.Command("nghttpd", args...), nil
	})
}

// h2oConfig has a handler in Ruby take uploads: files take none.
const h2oConfig = `num-threads: 1
max-connections: %d
hosts:
  default:
    paths:
      %s:
        mruby.handler: |
          Proc.new {|env| [200, {}, ["taken"]] }
      /:
        file.dir: %s
`

// h2oMissing says what the machine has not got for h2o. Some builds end at once with a handler in Ruby, after they have said
// that they are ready. One that is still there after h2oStarts has got past that.
var h2oMissing = sync.OnceValue(func() string {
	if why := installed("h2o", "h2o")(); why != "" {
		return why
	}
	dir, err := os.MkdirTemp("", "h2o-")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "conf")
	config := "listen:\n  type: unix\n  port: " + filepath.Join(dir, "socket") + "\n" + fmt.Sprintf(h2oConfig, maxConns, PathSink, dir)
	if err := os.WriteFile(name, []byte(config), 0o644); err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), h2oStarts)
	defer cancel()
	if err := exec.CommandContext(ctx, "h2o", "-c", name).Run(); ctx.Err() == nil {
		return fmt.Sprintf("the h2o on this machine does not run with a handler in Ruby: %v", err)
	}
	return ""
})

const h2oStarts = time.Second

// startH2O serves the machine's files with h2o.
func startH2O(m *Machine, s Setting) (*Process, error) {
	return startOnPort(s.TLS, func(port string) (*exec.Cmd, error) {
		listen := "listen:\n  host: 127.0.0.1\n  port: " + port + "\n"
		if s.TLS {
			listen += fmt.Sprintf("  ssl:\n    certificate-file: %s\n    key-file: %s\n", m.cert, m.key)
		}
		config := listen + fmt.Sprintf(h2oConfig, maxConns, PathSink, m.files)
		name := filepath.Join(m.dir, "h2o-"+port+".conf")
		if err := os.WriteFile(name, []byte(config), 0o644); err != nil {
			return nil, err
		}
		return exec.Command("h2o", "-c", name), nil
	})
}

// startOnPort runs a server that has to be told its port, and Waits until it answers there.
func startOnPort(tls bool, command func(port string) (*exec.Cmd, error)) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd, err := command(port)
	if err != nil {
		return nil, err
	}
	p, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", port)
	if err := p.awaitListening(addr); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%v: %w\n%s", cmd, err, p.Log())
	}
	p.URL = "http://" + addr
	if tls {
		p.URL = "https://" + addr
	}
	return p, nil
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port), nil
}

// awaitListening returns when something listens at addr, or the process is gone.
func (p *Process) awaitListening(addr string) error {
	deadline := time.After(startLimit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			return nc.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the server ended: %v", p.cmd.ProcessState)
		case <-deadline:
			return fmt.Errorf("nothing listens after %v: %w", startLimit, err)
		case <-tick.C:
		}
	}
}
