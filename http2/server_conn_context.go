package http2

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// connContext is the context that those of a connection's requests derive from. It
// is what two calls of context.WithValue would make of the one in it, but part of the
// connection.
type connContext struct {
	context.Context
	local net.Addr
	hs    *http.Server
}

// Value implements context.Context.
func (c *connContext) Value(key any) any {
	switch key {
	case http.LocalAddrContextKey:
		return c.local
	case http.ServerContextKey:
		return c.hs
	}
	return c.Context.Value(key)
}

// String is what the result of these calls would say.
func (c *connContext) String() string {
	ctx := context.WithValue(c.Context, http.LocalAddrContextKey, c.local)
	return fmt.Sprint(context.WithValue(ctx, http.ServerContextKey, c.hs))
}
