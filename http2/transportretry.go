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

// roundTripOnPool sends req over a connection of the pool, again if it may be.
func (t *Transport) roundTripOnPool(req *http.Request) (*http.Response, error) {
	pool := t.connPool()
	addr := authorityAddr(req.URL.Scheme, req.URL.Host)
	original := req
	for retry := 0; ; retry++ {
		cc, err := pool.GetClientConn(req, addr)
		if err != nil {
			t.vlogf("http2: Transport failed to get client conn for %s: %v", addr, err)
			if !isNoCachedConn(err) || req != original { // or else net/http will send it some other way
				closeBody(req)
			}
			return nil, err
		}
		traceGotConn(req, cc, cc.used.Swap(true))
		res, err := cc.roundTrip(req)
		if err == nil {
			return res, nil
		}
		if cc.neverWorked() {
			// Keeping it any longer would fail the next request too.
			pool.MarkDead(cc)
		}
		if req, err = t.again(req, err, retry); err != nil {
			t.vlogf("RoundTrip failure: %v", err)
			return nil, err
		}
	}
}

// again returns the request to send after req failed with cause, for the
// retry'th time again, once it may be sent; or the error to report, and then the
// body is closed.
func (t *Transport) again(req *http.Request, cause error, retry int) (*http.Request, error) {
	if retry >= maxRetries {
		if cause == errClientConnUnusable {
			closeBody(req)
		}
		return nil, cause
	}
	next, err := retriable(req, cause)
	if err != nil {
		return nil, err
	}
	if err := pauseBeforeRetry(next, retry); err != nil {
		closeBody(next)
		return nil, err
	}
	t.vlogf("RoundTrip retrying after failure: %v", cause)
	return next, nil
}

// retriable returns the request to send after req failed with err, or the error
// to report. Only what the server has certainly not processed is sent again.
func retriable(req *http.Request, err error) (*http.Request, error) {
	var se StreamError
	switch {
	case err == errClientConnUnusable: // never sent: not even the body was touched
		return req, nil
	case err == errClientConnGotGoAway:
	case errors.As(err, &se) && se.Code == ErrCodeRefusedStream:
	default:
		return nil, err
	}
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	if req.GetBody == nil {
		return nil, fmt.Errorf("http2: Transport: cannot retry err [%v] after Request.Body was written; define Request.GetBody to avoid this error", err)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again := *req
	again.Body = body
	return &again, nil
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
