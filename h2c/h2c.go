// Package h2c serves HTTP/2 without TLS on connections that an HTTP/1.1 server accepted: those that begin with
// HTTP/2's preface (prior knowledge, RFC 9113 §3.3), and those whose first request asks for it with "Upgrade: h2c"
// (RFC 7540 §3.2, which RFC 9113 retired and clients still use).
//
// Servers without clients of the second kind need no wrapper: net/http hands over connections of the first kind if
// [http.Server.Protocols] has unencrypted HTTP/2, to this module once http2.ConfigureServer was called.
package h2c

import (
	"log"
	"net"
	"net/http"

	"h2fork.example/net/http2"
)

// NewHandler returns a handler for an http.Server that serves HTTP/2 with s on the connections of clients that ask for
// it, and leaves all other requests to h, untouched. h also handles the requests that come over HTTP/2. A nil s means
// an http2.Server with the defaults.
//
// The request of an upgrade is read into memory before h sees it. With a body of more than 1 MiB it is not upgraded
// but served over HTTP/1.1, as any server is free to do. An [http.MaxBytesHandler] around the returned handler sets a
// limit of its own: what exceeds that is answered with 413. Other middleware that limits bodies must also let Read fail
// at the limit: where a body seems to end, HTTP/2 begins.
//
// An upgraded request becomes stream 1. h sees it as it came: its Proto is "HTTP/1.1", and the fields of the upgrade
// are in its Header.
//
// The timeouts and limits of the http.Server apply, and its Shutdown ends the connections with GOAWAY once their
// streams have finished. It does not wait for that, as for all connections that were hijacked.
func NewHandler(h http.Handler, s *http2.Server) http.Handler {
	if s == nil {
		s = new(http2.Server)
	}
	return &handler{next: h, srv: s}
}

type handler struct {
	next http.Handler
	srv  *http2.Server
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isPreface(r):
		h.servePriorKnowledge(w, r)
	case asksForUpgrade(r):
		h.serveUpgrade(w, r)
	default:
		h.next.ServeHTTP(w, r)
	}
}

// serve serves HTTP/2 on c, on which r came, until the connection ends.
func (h *handler) serve(c net.Conn, r *http.Request, opts http2.ServeConnOpts) {
	defer c.Close()
	opts.Context = r.Context()
	opts.BaseConfig, _ = r.Context().Value(http.ServerContextKey).(*http.Server)
	opts.Handler = h.next
	h.srv.ServeConn(c, &opts)
}

func logVerbose(format string, args ...any) {
	if http2.VerboseLogs {
		log.Printf(format, args...)
	}
}
