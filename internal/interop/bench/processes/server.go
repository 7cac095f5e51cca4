package processes

import (
	"fmt"
	"os/exec"

	"h2fork.example/net/internal/interop/stack"
)

// An Ability is what a server must have for a scenario, beyond answering GET.
type Ability uint

const (
	Uploads Ability = 1 << iota // answers POST
	Waits                       // has /sleep and /park
	SpeaksGRPC
	SpeaksTLS
	ObeysGo // knows GOMAXPROCS
	Proxies // can be a proxy to a gRPC server
	Large   // has FileLarge and PathSink
)

// A Server is a program to measure.
type Server struct {
	Name  string
	Title string
	Can   Ability
	Only  []string // patterns of the names of the scenarios that it is for; nil: all that it can take part in
	// Client says that this is a stack with a client, which can be measured too.
	Client bool
	// Start runs the server and returns when it listens; nil if this is a client alone.
	Start func(m *Machine, s Setting) (*Process, error)

	// missing says what the machine has not got, "" if it has all. It may take a while.
	missing func() string
	// version says what the machine has.
	version func() string
}

// A Setting is what a server is started for.
type Setting struct {
	Streams uint32 // what a connection allows, 0 for the server's default
	Procs   int    // GOMAXPROCS, 0 for what the machine has
	TLS     bool

	// Proxy makes it a proxy to the machine's backend, which has a BufferPool if it is written in Go and this says so.
	Proxy, BufferPool bool
}

// Bare is the client that shows what Go clients cannot go below.
const Bare = "bare"

// Reference is the stack that the others are compared with.
const Reference = "xnet"

// goStacks can do everything.
const goStacks = Uploads | Waits | SpeaksGRPC | SpeaksTLS | ObeysGo | Proxies | Large

// All lists the servers, in the order in which they are shown.
func All() []Server {
	var all []Server
	for _, s := range stack.All() {
		all = append(all, Server{Name: s.Name, Title: s.Path, Can: goStacks, Client: true,
			missing: nothing, version: goVersion(s.Path), Start: startGo(s.Name, stack.Protocols)})
	}
	// http.Server, which the stacks above are in, keeps a goroutine and buffers for each connection.
	for _, s := range []stack.Stack{stack.Ours(), stack.XNet()} {
		all = append(all, Server{Name: s.Name + "-serveconn", Title: s.Path + ", ServeConn", Only: []string{"idle"}, Can: goStacks,
			missing: nothing, version: nothing, Start: startGo(s.Name, stack.ServeConn)})
	}
	return append(all,
		Server{Name: "hyper", Title: "hyper 0.14, 1 thread", Can: Uploads | Waits | Large,
			missing: buildHyper, version: hyperVersion, Start: startHyper},
		Server{Name: "nghttpd", Title: "nghttpd, 1 thread", Can: Uploads | SpeaksTLS | Large,
			missing: installed("nghttpd", "nghttp2-server"), version: firstLine("nghttpd", "--version"), Start: startNghttpd},
		Server{Name: "h2o", Title: "h2o, 1 thread", Can: SpeaksTLS | Large,
			missing: h2oMissing, version: firstLine("h2o", "--version"), Start: startH2O},
		Server{Name: "nginx", Title: "nginx, 1 worker", Can: SpeaksTLS | Proxies | Large,
			missing: installed("nginx", "nginx-light"), version: firstLine("nginx", "-v"), Start: startNginx},
		Server{Name: "nghttpx", Title: "nghttpx, 1 thread", Only: []string{"proxy*"}, Can: Uploads | SpeaksGRPC | Proxies,
			missing: installed("nghttpx", "nghttp2-proxy"), version: firstLine("nghttpx", "--version"), Start: startNghttpx},
		Server{Name: "grpcgo", Title: "grpc-go's own server transport", Only: []string{"grpc*"}, Can: Uploads | SpeaksGRPC | ObeysGo,
			missing: nothing, version: nothing, Start: startGRPC},
		Server{Name: "stored", Title: "stored bytes, for what Go programs cannot go below", Only: answeredStored, Can: Uploads | SpeaksTLS | ObeysGo,
			missing: nothing, version: nothing, Start: startStored},
		Server{Name: "handed", Title: "stored bytes, written by another goroutine than the reader", Only: answeredStored, Can: Uploads | SpeaksTLS | ObeysGo,
			missing: nothing, version: nothing, Start: startHanded},
		Server{Name: "hollow", Title: "handlers without HTTP/2, for what is left for it", Only: []string{"small", "single", "grpc*x*", "proxy*x1", "proxy*x16", "proxy*pool"},
			Can: Uploads | SpeaksGRPC | Proxies | ObeysGo, missing: nothing, version: nothing, Start: startHollow},
		Server{Name: Bare, Title: "stored requests, for what Go clients cannot go below", Only: []string{"transport1"}, Can: ObeysGo, Client: true,
			missing: nothing, version: nothing},
	)
}

// answeredStored are the scenarios whose answer is always the same.
var answeredStored = []string{"small", "single", "upload", "tls"}

func nothing() string { return "" }

// Present drops the servers that this machine has not got, and says why.
func Present(servers []Server) (have []Server, missing []string) {
	for _, s := range servers {
		if why := s.missing(); why != "" {
			missing = append(missing, s.Name+": "+why)
			continue
		}
		have = append(have, s)
	}
	return have, missing
}

// installed returns what says that the program is missing, and where Debian has it.
func installed(program, debian string) func() string {
	return func() string {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("no %s on this machine (Debian: apt-get install %s)", program, debian)
		}
		return ""
	}
}

// H2loadMissing says what the machine has not got for h2load, "" if it has it.
var H2loadMissing = installed("h2load", "nghttp2-client")
