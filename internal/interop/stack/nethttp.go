package stack

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

// NetHTTP is the HTTP/2 that comes with net/http. It has no h2c handler.
func NetHTTP() Stack {
	return Stack{
		Name: "nethttp",
		Path: "net/http",
		configure: func(srv *http.Server, o Options) error {
			if o.Scheduler != Default {
				return fmt.Errorf("net/http has no %v write scheduler", o.Scheduler)
			}
			srv.HTTP2 = &http.HTTP2Config{
				MaxConcurrentStreams: int(o.MaxConcurrentStreams),
				MaxReadFrameSize:     int(o.MaxReadFrameSize),
			}
			return nil
		},
		transport: func(cfg *tls.Config) Transport {
			p := new(http.Protocols)
			p.SetHTTP2(cfg != nil)
			p.SetUnencryptedHTTP2(cfg == nil)
			return &http.Transport{Protocols: p, TLSClientConfig: cfg}
		},
	}
}
