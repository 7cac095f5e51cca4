package http2

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// maxRetries bounds how often a request that was refused is sent again: the first
	// time at once, then after 1 s, 2 s, 4 s and so on. A server that always refuses
	// must not have us try for ever.
	maxRetries = 7

	// retryJitter is the fraction by which a pause may be longer, so that clients that
	// were refused together do not retry together.
	retryJitter = 0.1
)

// Errors with which a connection declines a request, or ends.
var (
	errClientConnUnusable    = errors.New("http2: client conn not usable")
	errClientConnNotSent     = errors.New("http2: client connection ended before the request was sent")
	errClientConnGotGoAway   = errors.New("http2: Transport received Server's graceful shutdown GOAWAY")
	errClientConnForceClosed = errors.New("http2: client connection force closed via ClientConn.Close")
	errClientConnClosed      = errors.New("http2: client conn is closed")
)

// An attempt is a request that is sent on connections of the pool until it succeeds
// or may not be sent again.
type attempt struct {
	t      *Transport
	req    *http.Request
	upload *upload // or nil
	sent   bool    // at least a part of it, on some connection
	retry  int     // how often it has been sent again
}

// roundTripOnPool sends req on a connection of the pool, and again on others if it
// may be sent again.
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
		// The connection would fail the next request too.
		pool.MarkDead(cc)
	}
	return res, err
}

// again prepares for sending the request again, which failed with cause. It returns
// once the request may be sent, or with the error to report.
func (a *attempt) again(cause error) error {
	if a.retry >= maxRetries || !unprocessed(cause) {
		return cause
	}
	if cause != errClientConnUnusable { // with that one the body was not touched
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
	return err == errClientConnUnusable || err == errClientConnNotSent || err == errClientConnGotGoAway ||
		(errors.As(err, &se) && se.Code == ErrCodeRefusedStream)
}

// rewind makes sure that the next attempt sends the body from its beginning:
// GetBody makes a new one, or everything that has been read is still there. GetBody
// is not called while a goroutine of ours is in a Read of the body: some GetBody
// rewinds that same body.
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

// pauseBeforeRetry waits before the request is sent again, after it has been sent
// again retry times.
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
