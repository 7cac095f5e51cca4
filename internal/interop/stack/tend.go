package stack

import (
	"net/http"
	"time"

	xnet "golang.org/x/net/http2"

	"h2fork.example/net/http2"
)

// TendConns makes a stack's client close connections without requests after a time, and ask for a sign of life after
// another where requests wait and nothing comes, so that a connection that leads nowhere is given up. The second time must
// be the longer one: PINGs on connections without requests are what gRPC servers close them for.
func TendConns(tr Transport, idle, silent time.Duration) {
	switch tr := tr.(type) {
	case *http2.Transport:
		tr.IdleConnTimeout, tr.ReadIdleTimeout = idle, silent
	case *xnet.Transport:
		tr.IdleConnTimeout, tr.ReadIdleTimeout = idle, silent
	case *http.Transport:
		tr.IdleConnTimeout, tr.HTTP2 = idle, &http.HTTP2Config{SendPingTimeout: silent}
	}
}
