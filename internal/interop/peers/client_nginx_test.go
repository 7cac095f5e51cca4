package peers

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

const (
	nginxPackage   = "nginx-light"
	nghttpdPackage = "nghttp2-server"
)

// A daemon is a server in a process of its own.
type daemon struct {
	url string // scheme://host:port
	cmd *exec.Cmd
}

// startDaemon runs a server that listens at addr, until the test ends.
func startDaemon(t *testing.T, m stack.Mode, addr, path string, args ...string) *daemon {
	t.Helper()
	cmd := exec.Command(path, args...)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", path, log.String())
		}
	})
	eventually(t, path+" listens", func() bool {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
		}
		return err == nil
	})
	return &daemon{url: m.Scheme() + "://" + addr, cmd: cmd}
}

// serverTool is tool for programs that are where users do not look.
func serverTool(t *testing.T, name, debian string) string {
	t.Helper()
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		return path
	}
	return tool(t, name, debian)
}

// freeAddr returns a loopback address where nothing listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// writeFiles writes files into a directory that is gone after the test.
func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// certificateFiles are the test certificate and its key as cert.pem and key.pem.
func certificateFiles(t *testing.T) map[string]string {
	t.Helper()
	cert, _ := stack.TestCertificate()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"cert.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})),
		"key.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}
}

// nginxConfig has nginx speak HTTP/2 to clients and HTTP/1 to the handler, and HTTP/2 where there are trailers,
// which it passes on for gRPC alone.
const nginxConfig = `
daemon off;
%[1]s
pid %[2]s/pid;
error_log stderr warn;
worker_processes 2;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[2]s/1;
	proxy_temp_path %[2]s/2;
	fastcgi_temp_path %[2]s/3;
	uwsgi_temp_path %[2]s/4;
	scgi_temp_path %[2]s/5;
	client_max_body_size 0;
	large_client_header_buffers 4 64k;
	proxy_buffer_size 64k;
	proxy_buffers 8 64k;
	proxy_busy_buffers_size 128k;
	proxy_max_temp_file_size 0;
	ssl_certificate %[2]s/cert.pem;
	ssl_certificate_key %[2]s/key.pem;
	upstream handler { server %[4]s; keepalive 64; }
	server {
		listen %[3]s http2;
		location / {
			proxy_pass http://handler;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_request_buffering off;
		}
		location /trailers { grpc_pass grpc://%[4]s; }
	}
}
`

// startNginx serves h through nginx until the test ends.
func startNginx(t *testing.T, m stack.Mode, h http.Handler) *daemon {
	t.Helper()
	path := serverTool(t, "nginx", nginxPackage)
	backend := strings.TrimPrefix(startStack(t, stack.NetHTTP(), stack.Protocols, h), "http://")
	addr, user := freeAddr(t), ""
	if os.Getuid() == 0 {
		user = "user root;" // or else it could not write where the test's files are
	}
	listen := addr
	if m == stack.TLS {
		listen += " ssl"
	}
	dir := writeFiles(t, certificateFiles(t))
	conf := fmt.Sprintf(nginxConfig, user, dir, listen, backend)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return startDaemon(t, m, addr, path, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
}

// reload has nginx replace its workers, which tell their clients with GOAWAY.
func (d *daemon) reload(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
}
