package http2

import (
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/wire"
)

func (st *serverStream) readTimeout() {
	// Wrapped, so that nobody comes to depend on the bare error.
	st.Body.End(fmt.Errorf("%w", os.ErrDeadlineExceeded), nil)
}

// writeTimeout resets the stream. What was flushed leaves first, as far as the client
// takes it now; content that waits for a window will not: its time is over.
func (st *serverStream) writeTimeout() {
	st.Lock()
	st.w.happensLocked(eventExpire)
	st.ResetLocked(wire.InternalError, errDeadline)
	st.DoneLocked()
	st.UnlockAndWake()
}

// setDeadline makes fire happen at deadline, at once if that is past, or never if
// it is zero.
func (st *serverStream) setDeadline(timer **time.Timer, deadline time.Time, fire func()) {
	until := time.Until(deadline)
	if !deadline.IsZero() && until <= 0 {
		fire()
		return
	}
	st.Lock()
	defer st.Unlock()
	if st.ClosedLocked() || (*timer != nil && !(*timer).Stop()) {
		return // it fired already, or would be of no use
	}
	switch {
	case deadline.IsZero():
		*timer = nil
	default:
		*timer = time.AfterFunc(until, fire)
	}
}

// errDeadline is what a stream that ran into its write deadline ends with.
var errDeadline = os.ErrDeadlineExceeded
