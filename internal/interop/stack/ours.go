package stack

import (
	"net/http"

	"h2fork.example/net/http2"
)

// Ours is this repository's http2.
func Ours() Stack {
	server := func(o Options) *http2.Server {
		return &http2.Server{MaxConcurrentStreams: o.MaxConcurrentStreams}
	}
	return Stack{
		Name: "ours",
		Path: "h2fork.example/net/http2",
		configure: func(srv *http.Server, o Options) error {
			return http2.ConfigureServer(srv, server(o))
		},
	}
}
