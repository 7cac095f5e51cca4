package main

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"
)

// logAccess returns h with a line in the log for each request, when it is over.
func logAccess(h http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &observed{ResponseWriter: w}
		begin := time.Now()
		whole := false
		defer func() { // also where the handler panics: that breaks off a response
			header := w.Header()
			grpcStatus := cmp.Or(header.Get("Grpc-Status"), header.Get(http.TrailerPrefix+"Grpc-Status"))
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("client", r.RemoteAddr), slog.String("proto", r.Proto),
				slog.String("method", r.Method), slog.String("host", r.Host), slog.String("path", r.URL.Path),
				slog.Int("status", seen.status), slog.String("grpc_status", grpcStatus),
				slog.Int64("bytes", seen.bytes), slog.Duration("took", time.Since(begin)), slog.Bool("whole", whole))
		}()
		h.ServeHTTP(seen, r)
		whole = true
	})
}

// An observed is a ResponseWriter whose status and size are noted. Flush and the rest are reached through Unwrap.
type observed struct {
	http.ResponseWriter
	status int // 0 while there is none
	bytes  int64
}

func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *observed) WriteHeader(status int) {
	if o.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) { // others are not the last
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}
