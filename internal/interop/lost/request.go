package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	xnet "golang.org/x/net/http2"

	"h2fork.example/net/http2"
	"h2fork.example/net/internal/interop/stack"
)

// dialer returns s's client with prior knowledge, which dials with dial whatever the address is.
func dialer(s stack.Stack, dial func(context.Context) (net.Conn, error)) stack.Transport {
	dialTLS := func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) { return dial(ctx) }
	tr := s.Transport(nil)
	switch tr := tr.(type) {
	case *http2.Transport:
		tr.DialTLSContext = dialTLS
	case *xnet.Transport:
		tr.DialTLSContext = dialTLS
	}
	return tr
}

// dialAddr returns a function that dials addr.
func dialAddr(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", addr) }
}

// post sends body to url without saying how long it is and without GetBody, as a proxy does, and returns an error unless it
// comes back whole.
func post(ctx context.Context, tr http.RoundTripper, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, "POST", url, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return err
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return fmt.Errorf("in the response's body: %w", err)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", res.Status, answer)
	case string(answer) != body:
		return fmt.Errorf("%d bytes were sent, and %d came back", len(body), len(answer))
	}
	return nil
}

// echo answers with the request's body, once all of it has come.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}
