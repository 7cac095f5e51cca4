package http2

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// cancellations are the ways to cancel a request. Each returns the request, what cancels it, and RoundTrip's error then.
var cancellations = map[string]func(*http.Request) (*http.Request, func(), error){
	"context": func(r *http.Request) (*http.Request, func(), error) {
		ctx, cancel := context.WithCancel(r.Context())
		return r.WithContext(ctx), cancel, context.Canceled
	},
	"deadline": func(r *http.Request) (*http.Request, func(), error) {
		const limit = time.Minute
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		return r.WithContext(ctx), func() { time.Sleep(limit + time.Nanosecond); cancel() }, context.DeadlineExceeded
	},
	"Request.Cancel": func(r *http.Request) (*http.Request, func(), error) {
		c := make(chan struct{})
		//lint:ignore SA1019 programs that set it expect it to work
		r.Cancel = c
		return r, func() { close(c) }, errRequestCanceled
	},
}

// tracesOf are hooks, for which RoundTrip waits until something has been sent.
var tracesOf = map[string]*httptrace.ClientTrace{
	"no hook":      nil,
	"WroteHeaders": {WroteHeaders: func() {}},
	"WroteRequest": {WroteRequest: func(httptrace.WroteRequestInfo) {}},
}

var waitingBodies = map[string]func() io.Reader{
	"no body":             func() io.Reader { return nil },
	"body in memory":      func() io.Reader { return strings.NewReader("content") },
	"body that says none": func() io.Reader { return newSentBody("", nil) },
}

// A wait is a request that nobody answers.
type wait struct {
	cancelled     func(*http.Request) (*http.Request, func(), error)
	trace         *httptrace.ClientTrace
	body          func() io.Reader
	headerTimeout time.Duration
	full          bool // the server takes no other stream
}

// waits calls do for every combination.
func waits(do func(name string, w wait)) {
	for way, cancelled := range cancellations {
		for hook, trace := range tracesOf {
			for content, body := range waitingBodies {
				for i := range 4 {
					w := wait{cancelled, trace, body, time.Duration(i/2) * time.Hour, i%2 == 1}
					do(fmt.Sprint(way, "/", hook, "/", content, "/", w.headerTimeout, "/full=", w.full), w)
				}
			}
		}
	}
}

// Whatever RoundTrip waits for, a stream, the sending or the response, a cancellation ends it at once.
func TestCancellationEndsEveryWaitOfRoundTrip(t *testing.T) {
	waits(func(name string, w wait) {
		t.Run(name, func(t *testing.T) {
			tr := &Transport{StrictMaxConcurrentStreams: true, h1: &http.Transport{ResponseHeaderTimeout: w.headerTimeout}}
			withTransport(t, tr, w.script)
		})
	})
}

func (w wait) script(c *calling) {
	first := c.roundTrip(get("https://example.com/first"))
	p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
	p.Ignore(pings)
	p.Want("a request", headersOf(1, h2test.EndStream))
	answer := func() {
		p.Headers(1, h2test.EndStream, ":status", "204")
		settled()
		first.response()
	}
	if !w.full {
		answer()
	}
	req := newRequest("POST", "https://example.com/", w.body())
	if w.trace != nil {
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), w.trace))
	}
	req, cancel, want := w.cancelled(req)
	k := c.roundTrip(req)
	settled()
	k.stillWaits("nobody answers")
	cancel()
	settled()
	if err := k.failure(); err != want {
		c.t.Errorf("RoundTrip: %v", err)
	}
	if w.full {
		answer()
	}
}
