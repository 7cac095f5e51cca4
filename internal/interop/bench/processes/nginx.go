package processes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nginxConfig is for one process. A connection may make as many requests as it likes. With sendfile, header and body would
// go in two segments, the second of which would wait for the client's delayed ACK.
const nginxConfig = `
daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr;
events { worker_connections %[2]d; }
http {
	access_log off;
	sendfile off;
	keepalive_requests 1000000000;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
%[3]s
}
`

// nginxFiles is a server of files. Files take no uploads, so that those are passed on without their bodies, which are read
// before, to a second server, without a limit of their size.
const nginxFiles = `
	server {
		listen unix:%[3]s;
		root %[2]s;
	}
	server {
		listen 127.0.0.1:%[1]s;
		root %[2]s;
		location = %[4]s {
			client_max_body_size 0;
			proxy_pass_request_body off;
			proxy_method GET;
			proxy_set_header Content-Length "";
			proxy_pass http://unix:%[3]s;
		}
	}
`

// startNginx serves the machine's files with nginx, or is a proxy.
func startNginx(m *Machine, s Setting) (*Process, error) {
	if s.Proxy {
		return startNginxProxy(m)
	}
	return startOnPort(s.TLS, func(port string) (*exec.Cmd, error) {
		listen := port + " http2"
		if s.TLS {
			listen += fmt.Sprintf(" ssl; ssl_certificate %s; ssl_certificate_key %s", m.cert, m.key)
		}
		socket := filepath.Join(m.dir, "nginx-"+port+".sock")
		return nginxCommand(m, port, fmt.Sprintf(nginxFiles, listen, m.files, socket, PathSink))
	})
}

// nginxCommand returns what runs nginx with these servers.
func nginxCommand(m *Machine, port, servers string) (*exec.Cmd, error) {
	name := filepath.Join(m.dir, "nginx-"+port+".conf")
	config := fmt.Appendf(nil, nginxConfig, m.dir, maxConns, servers)
	return exec.Command("nginx", "-c", name), os.WriteFile(name, config, 0o644)
}
