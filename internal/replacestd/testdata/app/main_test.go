package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"time"
)

// What a program may expect of net/http's HTTP/2, whoever wrote it. All of it needs more than what net/http exports.

func TestMain(m *testing.M) {
	main()
	os.Exit(m.Run())
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestAClientsTimeoutSaysThatItIsOne(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := s.Client()
	c.Timeout = time.Millisecond
	_, err := c.Get(s.URL)
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if !ok || !timeout.Timeout() || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Client.Timeout exceeded while awaiting headers") {
		t.Errorf("got error %v", err)
	}
}

func TestAClientCancelsByContextAlone(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := s.Client()
	c.Timeout = time.Minute
	for range 2 { // with a new connection, and with that
		resp, err := c.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Request.Cancel != nil {
			t.Error("the request has a Cancel channel, as for a RoundTripper that may not know contexts")
		}
	}
}

// ErrCode and StreamError are those of golang.org/x/net/http2, which this program does not import.
type (
	ErrCode     uint32
	StreamError struct {
		StreamID uint32
		Code     ErrCode
		Cause    error
	}
)

func (StreamError) Error() string { return "" }

func TestAStreamErrorIsThatOfAnotherPackage(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, "content")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(resp.Body)
	if reset, ok := errors.AsType[StreamError](err); !ok || reset.StreamID != 1 || reset.Code != 2 {
		t.Errorf("got error %v, %+v", err, reset)
	}
}

// P121.
func TestWithoutKeepAlivesAConnectionEndsAfterItsRequests(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	s.Config.SetKeepAlivesEnabled(false)
	for range 3 {
		reused := false
		trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "HTTP/2.0" || err != nil || reused {
			t.Errorf("got %q, %v; reused: %t", body, err, reused)
		}
		if _, ok := resp.Header["Connection"]; ok {
			t.Errorf("Connection: %q was sent", resp.Header["Connection"])
		}
	}
}

func TestIdleConnectionsAreClosedOnRequest(t *testing.T) {
	closed := make(chan bool, 10)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- true
		}
	}
	s.StartTLS()
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.Client().CloseIdleConnections()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open")
	}
}
