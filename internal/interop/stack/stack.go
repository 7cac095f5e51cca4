// Package stack names the HTTP/2 implementations that are compared in this module and serves a handler
// on each of them, in each of the ways that programs do.
package stack

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Options are the settings that a comparison needs to be the same on every stack. The zero value means
// the stack's defaults.
type Options struct {
	MaxConcurrentStreams uint32
	MaxReadFrameSize     uint32
	Scheduler            Scheduler
}

// A Stack is one HTTP/2 implementation: a server and a client.
type Stack struct {
	Name string // short, as a flag's value: "ours"
	Path string // import path, as people know it

	// configure adds HTTP/2 to srv: over TLS and, where srv.Protocols asks for it, unencrypted.
	configure func(srv *http.Server, o Options) error
	// h2c wraps h to speak unencrypted HTTP/2 behind an HTTP/1 server. It is nil if the stack cannot.
	h2c func(h http.Handler, o Options) http.Handler
	// serveConn returns a function that serves one connection to its end, or is nil as well.
	serveConn func(h http.Handler, o Options) func(net.Conn)
	// transport makes a client: through TLS, or with prior knowledge if cfg is nil.
	transport func(cfg *tls.Config) Transport
}

// HasH2CHandler reports whether the stack can serve in mode Handler.
func (s Stack) HasH2CHandler() bool { return s.h2c != nil }

// Modes lists the ways in which the stack can serve.
func (s Stack) Modes() []Mode {
	modes := []Mode{Protocols, TLS}
	if s.h2c != nil {
		modes = append(modes, Handler)
	}
	if s.serveConn != nil {
		modes = append(modes, ServeConn)
	}
	return modes
}

// All lists every stack, ours first.
func All() []Stack { return []Stack{Ours(), XNet(), NetHTTP()} }

// Find returns the stack that is called name.
func Find(name string) (Stack, error) {
	var names []string
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Stack{}, fmt.Errorf("no stack %q: have %s", name, strings.Join(names, ", "))
}
