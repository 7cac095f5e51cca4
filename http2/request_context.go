package http2

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// requestContext is a request's context. It behaves as what context.WithCancel
// makes of the connection's context, but is part of the stream. context.WithCancel
// is called only for handlers that wait for its end or derive others from it; most
// do neither.
type requestContext struct {
	sc *serverConn // constant

	mu     sync.Mutex
	made   context.Context    // guarded by mu: the context that this one delegates to; nil: to the connection's
	cancel context.CancelFunc // guarded by mu: ends made; nil if made has ended or is not of this request alone
}

// canceledContext is what contexts delegate to that ended before made was needed.
var canceledContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// end cancels the context. If the connection's is cancelled already, this one keeps
// the connection's error and cause.
func (rc *requestContext) end() {
	rc.mu.Lock()
	cancel := rc.cancel
	rc.cancel = nil
	if rc.made == nil {
		rc.made = canceledContext
		if rc.sc.baseCtx.Err() != nil {
			rc.made = rc.sc.baseCtx
		}
	}
	rc.mu.Unlock()
	if cancel != nil {
		cancel() // may run what was registered with it
	}
}

// answering is the context that this one delegates to.
func (rc *requestContext) answering() context.Context {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.made == nil {
		return rc.sc.baseCtx
	}
	return rc.made
}

// Done implements context.Context.
func (rc *requestContext) Done() <-chan struct{} {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.made == nil {
		rc.made, rc.cancel = context.WithCancel(rc.sc.baseCtx)
	}
	return rc.made.Done()
}

// Err implements context.Context.
func (rc *requestContext) Err() error { return rc.answering().Err() }

// Deadline implements context.Context.
func (rc *requestContext) Deadline() (time.Time, bool) { return rc.sc.baseCtx.Deadline() }

// Value implements context.Context. The context package uses it to look for a
// context of its own behind this one, and must find the one that this delegates to.
func (rc *requestContext) Value(key any) any {
	if v := rc.answering().Value(key); v != nil {
		return v
	}
	return rc.sc.baseCtx.Value(key)
}

// String is what context.WithCancel's result would say.
func (rc *requestContext) String() string { return fmt.Sprint(rc.sc.baseCtx) + ".WithCancel" }
