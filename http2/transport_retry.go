package http2

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// maxRetries bounds how often a request that was refused is sent again: the
	// first time at once, then after 1 s, 2 s, 4 s and so on.
	maxRetries = 7

	// retryJitter is by how much of itself a pause may be longer, so that clients
	// which were refused together do not come back together.
	retryJitter = 0.1
)

// Errors with which a connection declines a request, or ends.
var (
	errClientConnUnusable    = errors.New("http2: client conn not usable")
	errClientConnGotGoAway   = errors.New("http2: Transport received Server's graceful shutdown GOAWAY")
	errClientConnForceClosed = errors.New("http2: client connection force closed via ClientConn.Close")
	errClientConnClosed      = errors.New("http2: client conn is closed")
)

// An attempt is a request that is sent over a connection of the pool, again if it may
// be: the request, and what is left of its body.
type attempt struct {
	t      *Transport
	req    *http.Request
	upload *upload // or nil
	sent   bool    // over a connection, though perhaps not all of it
	retry  int     // it is sent again for the retry'th time
}

// roundTripOnPool sends req over a connection of the pool, again if it may be.
func (t *Transport) roundTripOnPool(req *http.Request) (*http.Response, error) {
	addr := authorityAddr(req.URL.Scheme, req.URL.Host)
	a := &attempt{t: t, req: req, upload: newUpload(req), retry: retriesBefore(req)}
	for {
		res, err := a.roundTrip(addr)
		switch {
		case err == nil:
			a.upload.done()
			return res, nil
		case isNoCachedConn(err) && (!a.sent || a.upload == nil): // net/http dials, and sends req
			a.upload.done()
			return nil, err
		case isNoCachedConn(err) && t.h1 != nil: // net/http would want the body from the beginning
			return a.throughNetHTTP(req)
		}
		if err = a.again(err); err != nil {
			t.vlogf("RoundTrip failure: %v", err)
			a.upload.abandon(req.Context())
			return nil, err
		}
		a.retry++
	}
}

// roundTrip sends the request once.
func (a *attempt) roundTrip(addr string) (*http.Response, error) {
	pool := a.t.connPool()
	cc, err := pool.GetClientConn(a.req, addr)
	if err != nil {
		a.t.vlogf("http2: Transport failed to get client conn for %s: %v", addr, err)
		return nil, err
	}
	traceGotConn(a.req, cc, cc.used.Swap(true))
	res, err := cc.roundTrip(a.req, a.upload)
	a.sent = a.sent || err != errClientConnUnusable
	if err != nil && cc.neverWorked() {
		// Keeping it any longer would fail the next request too.
		pool.MarkDead(cc)
	}
	return res, err
}

// again prepares for sending the request again, which failed with cause, and returns
// once it may be; or with the error to report.
func (a *attempt) again(cause error) error {
	if a.retry >= maxRetries || !unprocessed(cause) {
		return cause
	}
	if cause != errClientConnUnusable { // or else not even the body was touched
		if err := a.rewind(cause); err != nil {
			return err
		}
	}
	if err := pauseBeforeRetry(a.req, a.retry); err != nil {
		return err
	}
	a.t.vlogf("RoundTrip retrying after failure: %v", cause)
	return nil
}

// unprocessed reports whether a request that failed with err has certainly not been
// processed by the server (RFC 9113 §8.7).
func unprocessed(err error) bool {
	var se StreamError
	return err == errClientConnUnusable || err == errClientConnGotGoAway ||
		(errors.As(err, &se) && se.Code == ErrCodeRefusedStream)
}

// rewind makes sure that the request's body begins with its beginning: GetBody makes a
// new one, or all that has been read is still there. A body that a goroutine of ours
// is in the middle of reading is not asked for again: a GetBody may rewind the one
// that there is.
func (a *attempt) rewind(cause error) error {
	u := a.upload
	if u == nil {
		return nil
	}
	if a.req.GetBody == nil || (!u.awaitIdle() && u.canReplay()) {
		if u.canReplay() {
			return nil
		}
		return fmt.Errorf("http2: Transport: cannot retry err [%v] after Request.Body was written; define Request.GetBody to avoid this error", cause)
	}
	go u.stop()
	u.awaitClosed(a.req.Context())
	if !u.awaitIdle() {
		return fmt.Errorf("http2: Transport: cannot retry err [%v] while Request.Body is being read", cause)
	}
	body, err := a.req.GetBody()
	if err != nil {
		return err
	}
	u.done()
	again := *a.req
	again.Body = body
	a.req, a.upload = &again, newUpload(&again)
	return nil
}

// pauseBeforeRetry waits before the request is sent for the retry'th time again.
func pauseBeforeRetry(req *http.Request, retry int) error {
	if retry == 0 {
		return nil
	}
	pause := time.Second << (retry - 1)
	pause += time.Duration(rand.Float64() * retryJitter * float64(pause))
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-req.Context().Done():
		return req.Context().Err()
	case <-canceled(req):
		return errRequestCanceled
	}
}
