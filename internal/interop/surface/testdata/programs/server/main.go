// Server is a net/http server and client over TLS, with what handlers can do beyond HTTP/1.1.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/net/http2"
)

func main() {
	ts := httptest.NewUnstartedServer(http.HandlerFunc(handle))
	err := http2.ConfigureServer(ts.Config, &http2.Server{
		MaxConcurrentStreams:         100,
		MaxReadFrameSize:             1 << 16,
		MaxUploadBufferPerConnection: 1 << 20,
		MaxUploadBufferPerStream:     1 << 18,
		IdleTimeout:                  time.Minute,
		NewWriteScheduler:            func() http2.WriteScheduler { return http2.NewRandomWriteScheduler() },
		CountError:                   func(errType string) { log.Println("counted", errType) },
	})
	if err != nil {
		log.Fatal(err)
	}
	ts.TLS = ts.Config.TLSConfig
	ts.StartTLS()
	defer ts.Close()

	t1 := ts.Client().Transport.(*http.Transport)
	t2, err := http2.ConfigureTransports(t1)
	if err != nil {
		log.Fatal(err)
	}
	t2.ReadIdleTimeout = 10 * time.Second
	t2.StrictMaxConcurrentStreams = true
	client := &http.Client{Transport: t1}
	for _, path := range []string{"/", "/trailers", "/late", "/abort"} {
		get(client, ts.URL+path)
	}
}

func handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		var rejected error
		if p, ok := w.(http.Pusher); ok {
			rejected = p.Push("/style.css", &http.PushOptions{Header: http.Header{"Accept": {"text/css"}}})
		}
		fmt.Fprintln(w, r.Proto, r.TLS.NegotiatedProtocol == http2.NextProtoTLS, rejected)
	case "/trailers":
		w.Header().Set("Trailer", "Declared")
		w.(http.Flusher).Flush()
		io.WriteString(w, "content")
		w.Header().Set("Declared", "1")
		w.Header().Set(http2.TrailerPrefix+"Undeclared", "2")
	case "/late":
		rc := http.NewResponseController(w)
		fmt.Fprintln(w, rc.SetReadDeadline(time.Now()), rc.SetWriteDeadline(time.Now().Add(time.Hour)), rc.EnableFullDuplex())
	case "/abort":
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func get(client *http.Client, url string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.Do(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	var streamErr http2.StreamError
	if errors.As(err, &streamErr) {
		fmt.Println("stream error", streamErr.Code)
	} else {
		fmt.Printf("%s %q %v %v\n", res.Status, body, res.Trailer, err)
	}
}
