package stack

import (
	"crypto/tls"
	"net"
	"net/http"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

// XNet is golang.org/x/net/http2.
func XNet() Stack {
	server := func(o Options) *http2.Server {
		srv := &http2.Server{
			MaxConcurrentStreams: o.MaxConcurrentStreams,
			MaxReadFrameSize:     o.MaxReadFrameSize,
		}
		switch o.Scheduler {
		case RFC7540:
			srv.NewWriteScheduler = func() http2.WriteScheduler { return http2.NewPriorityWriteScheduler(nil) }
		case Random:
			srv.NewWriteScheduler = http2.NewRandomWriteScheduler
		case Users:
			srv.NewWriteScheduler = func() http2.WriteScheduler {
				return new(fifo[http2.FrameWriteRequest, http2.OpenStreamOptions, http2.PriorityParam])
			}
		}
		return srv
	}
	serveConn := func(h http.Handler, o Options) func(net.Conn) {
		srv := server(o)
		opts := &http2.ServeConnOpts{Handler: h, BaseConfig: &http.Server{ErrorLog: DiscardLog}}
		return func(nc net.Conn) { srv.ServeConn(nc, opts) }
	}
	return Stack{
		Name: "xnet",
		Path: "golang.org/x/net/http2",
		configure: func(srv *http.Server, o Options) error {
			return http2.ConfigureServer(srv, server(o))
		},
		h2c: func(h http.Handler, o Options) http.Handler {
			return h2c.NewHandler(h, server(o))
		},
		serveConn: serveConn,
		transport: func(cfg *tls.Config) Transport {
			if cfg == nil {
				return &http2.Transport{AllowHTTP: true, DialTLSContext: dialPlain}
			}
			return &http2.Transport{TLSClientConfig: cfg}
		},
	}
}
