package http2

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// requestContext is a request's context: what context.WithCancel makes of the
// connection's, as part of the stream. The context package makes one only for
// handlers that wait for its end or derive others from it; most do neither.
type requestContext struct {
	sc *serverConn // constant

	mu     sync.Mutex
	made   context.Context    // guarded by mu: what answers for this one; nil: the connection's does
	cancel context.CancelFunc // guarded by mu: ends made; nil if that is over or was not made for us
}

// canceledContext answers for those that ended without ever having been made.
var canceledContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// end cancels the context, unless the connection's is cancelled already: then it
// has that one's error and cause.
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
		cancel() // runs what was registered with it, perhaps
	}
}

// answering is the context that answers for this one.
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

// Value implements context.Context. The context package looks for a context of
// its own behind this one in this way; it is to find the one that answers.
func (rc *requestContext) Value(key any) any {
	if v := rc.answering().Value(key); v != nil {
		return v
	}
	return rc.sc.baseCtx.Value(key)
}

// String is what context.WithCancel's result would say.
func (rc *requestContext) String() string { return fmt.Sprint(rc.sc.baseCtx) + ".WithCancel" }
