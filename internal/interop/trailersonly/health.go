package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"
)

// healthReminder is how often the log says that a backend is still down.
const healthReminder = 10 * time.Second

// A health is what a proxy knows of its backend: whether the last call reached it, and if not, what failed and since when.
type health struct {
	backend string
	log     *log.Logger

	mu     sync.Mutex
	since  time.Time // guarded by mu; when calls began to fail, zero while they do not
	calls  int       // guarded by mu; that have failed since
	logged time.Time // guarded by mu; when the log said so last
}

// failed notes that a call has not reached the backend, and returns what there is to say about that.
func (h *health) failed(err error) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.since.IsZero() {
		h.since = now
	}
	h.calls++
	text := fmt.Sprintf("backend %s: %v; no call has reached it since %s (%s, calls that failed: %d)",
		h.backend, err, h.since.UTC().Format(time.RFC3339), now.Sub(h.since).Round(time.Second), h.calls)
	if h.calls == 1 || now.Sub(h.logged) >= healthReminder {
		h.logged = now
		h.log.Print(text)
	}
	return text
}

// answered notes that the backend has answered. It is a ModifyResponse.
func (h *health) answered(*http.Response) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.since.IsZero() {
		h.log.Printf("backend %s: it answers again, after %s and %d calls that failed", h.backend, time.Since(h.since).Round(time.Second), h.calls)
		h.since, h.calls = time.Time{}, 0
	}
	return nil
}

// answer answers a request that has not reached the backend. It is an ErrorHandler. A gRPC client gets an error that gRPC
// knows, as Trailers-Only: with 502 it would have to guess.
func (h *health) answer(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has given up: it is not the backend that failed, and an answer is not read
	}
	text := h.failed(err)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		http.Error(w, text, http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", "14") // UNAVAILABLE: a client may try again
	w.Header().Set("Grpc-Message", grpcMessage(text))
	w.WriteHeader(http.StatusOK)
}

// grpcMessage encodes a text for the field grpc-message: what is not printable ASCII, and "%", in percent-encoding.
func grpcMessage(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
