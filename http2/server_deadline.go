package http2

import (
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/wire"
)

func (st *serverStream) readTimeout() {
	// Wrapped, so that programs do not compare with the bare error.
	st.Body.End(fmt.Errorf("%w", os.ErrDeadlineExceeded), nil)
}

// writeTimeout resets the stream. What was flushed is sent first, as far as the
// client's windows allow now; content that waits for a window is dropped.
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
		return // the timer has fired, or the stream needs none
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
