package http2

import (
	"context"
	"net/http"
)

// ServeConnOpts are the options of Server.ServeConn. All are optional.
type ServeConnOpts struct {
	// Context is the base of the requests' contexts. If it is nil, context.Background
	// is.
	Context context.Context

	// BaseConfig supplies handler, timeouts, limits, hooks and the log. A shutdown of
	// it ends the connection with GOAWAY. A field section that has begun has to end
	// within its ReadHeaderTimeout; 0 means 10 seconds, and a negative value that it
	// may take for ever.
	BaseConfig *http.Server

	// Handler handles the requests. If it is nil, BaseConfig's does, and
	// http.DefaultServeMux if there is none.
	Handler http.Handler

	// UpgradeRequest is the request of an HTTP/1.1 upgrade to h2c, which becomes
	// stream 1 (RFC 7540 §3.2). Its body has been read from the connection, and the
	// 101 response written.
	UpgradeRequest *http.Request

	// Settings is the decoded HTTP2-Settings field of that request.
	Settings []byte

	// SawClientPreface says that the client's preface has been read from the
	// connection already.
	SawClientPreface bool
}

func (o *ServeConnOpts) context() context.Context {
	if o.Context != nil {
		return o.Context
	}
	return context.Background()
}

func (o *ServeConnOpts) baseConfig() *http.Server {
	if o.BaseConfig != nil {
		return o.BaseConfig
	}
	return new(http.Server)
}

func (o *ServeConnOpts) handler() http.Handler {
	if o.Handler != nil {
		return o.Handler
	}
	if o.BaseConfig != nil && o.BaseConfig.Handler != nil {
		return o.BaseConfig.Handler
	}
	return http.DefaultServeMux
}
