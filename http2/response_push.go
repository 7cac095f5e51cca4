package http2

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"h2fork.example/net/internal/message"
	"h2fork.example/net/internal/session"
)

// Errors of http.Pusher.
var (
	// ErrRecursivePush is Push's error in the handler of a pushed request.
	ErrRecursivePush = errors.New("http2: recursive push not allowed")

	// ErrPushLimitReached is Push's error when the client has as many pushed streams
	// open as it allows (RFC 9113 §5.1.2).
	ErrPushLimitReached = errors.New("http2: push would exceed peer's SETTINGS_MAX_CONCURRENT_STREAMS")
)

// Push implements http.Pusher (RFC 9113 §8.4): it promises target to the client,
// and has the connection's handler answer it. It returns once the promise has been
// sent. Its error is http.ErrNotSupported if the client has disabled push.
func (w *responseWriter) Push(target string, opts *http.PushOptions) error {
	if !w.tenure.keep() {
		return errStreamClosed
	}
	if w.st.Pushed() {
		return ErrRecursivePush
	}
	if opts == nil {
		opts = new(http.PushOptions)
	}
	method := opts.Method
	if method == "" {
		method = http.MethodGet
	}
	u, err := w.pushURL(target)
	if err != nil {
		return err
	}
	if err := checkPush(method, opts.Header); err != nil {
		return err
	}
	return w.promise(method, u, opts.Header)
}

// pushURL makes target absolute.
func (w *responseWriter) pushURL(target string) (*url.URL, error) {
	scheme := "http"
	if w.st.req.TLS != nil {
		scheme = "https"
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch {
	case u.Scheme == "" && !strings.HasPrefix(target, "/"):
		return nil, fmt.Errorf("target must be an absolute URL or an absolute path: %q", target)
	case u.Scheme == "":
		u.Scheme, u.Host = scheme, w.st.req.Host
	case u.Scheme != scheme:
		return nil, fmt.Errorf("cannot push URL with scheme %q from request with scheme %q", u.Scheme, scheme)
	case u.Host == "":
		return nil, errors.New("URL must have a host")
	}
	return u, nil
}

// notPromised are fields that mean nothing in a request without a body, or that
// follow from the promised URL.
var notPromised = []string{"content-length", "content-encoding", "trailer", "te", "expect", "host"}

// checkPush checks what RFC 9113 §8.4 wants of a promised request: safe, cacheable
// and without a body.
func checkPush(method string, h http.Header) error {
	for k := range h {
		if strings.HasPrefix(k, ":") {
			return fmt.Errorf("promised request headers cannot include pseudo header %q", k)
		}
		if slices.Contains(notPromised, strings.ToLower(k)) {
			return fmt.Errorf("promised request headers cannot include %q", k)
		}
		if message.ConnectionSpecific(k) {
			return fmt.Errorf("request header %q is not valid in HTTP/2", k)
		}
	}
	if method != http.MethodGet && method != http.MethodHead {
		return fmt.Errorf("method %q must be GET or HEAD", method)
	}
	return nil
}

// promise sends PUSH_PROMISE and runs the promised request's handler.
func (w *responseWriter) promise(method string, u *url.URL, h http.Header) error {
	parent, sc := w.st, w.st.sc
	st := sc.newStream(false)
	st.req = promisedRequest(method, u, h, parent.req).WithContext(&st.ctx)
	sec := session.NewSection()
	sec.Fields = message.AppendPromise(sec.Fields, method, u, h)
	err := parent.SendPromise(&st.Stream, sec)
	if err != nil {
		st.ctx.end()
	}
	switch err {
	case session.ErrPushDisabled:
		return http.ErrNotSupported
	case session.ErrPushLimit:
		return ErrPushLimitReached
	case session.ErrStreamClosed:
		return parent.writeErr()
	}
	return err
}

// promisedRequest is what the promised request's handler sees.
func promisedRequest(method string, u *url.URL, h http.Header, parent *http.Request) *http.Request {
	header := h.Clone()
	if header == nil {
		header = make(http.Header)
	}
	uri := u.RequestURI()
	target, err := url.ParseRequestURI(uri)
	if err != nil {
		target = u // it was parsed from a valid URL
	}
	return &http.Request{
		Method:     method,
		URL:        target,
		Proto:      "HTTP/2.0",
		ProtoMajor: 2,
		Header:     header,
		Body:       http.NoBody,
		Host:       u.Host,
		RemoteAddr: parent.RemoteAddr,
		RequestURI: uri,
		TLS:        parent.TLS,
	}
}
