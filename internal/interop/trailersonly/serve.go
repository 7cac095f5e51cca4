package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"h2fork.example/net/internal/interop/stack"
)

// shutdownTimeout is how long calls in flight may take after an interrupt.
const shutdownTimeout = 30 * time.Second

// serve runs a proxy in front of a backend until an interrupt.
func serve(listen, backend, tlsPair, name string) error {
	if listen == "" || backend == "" {
		return errors.New("a proxy needs both -listen and -backend")
	}
	u, err := url.Parse(backend)
	if err != nil {
		return fmt.Errorf("-backend: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("-backend: %q is not an http or https URL", backend)
	}
	s, err := stack.Find(name)
	if err != nil {
		return fmt.Errorf("-stack: %w", err)
	}
	mode := stack.Protocols
	cert, key, hasTLS := strings.Cut(tlsPair, ",")
	if tlsPair != "" {
		if !hasTLS {
			return errors.New("-tls: want two files, cert,key")
		}
		mode = stack.TLS
	}
	srv, err := s.NewServer(mode, newProxy(s, u, os.Stderr), stack.Options{})
	if err != nil {
		return err
	}
	srv.Addr = listen
	srv.ErrorLog = log.Default()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log.Printf("proxy to %s on %s, with %s on both sides", u, listen, s.Path)
	return untilDone(ctx, srv, func() error {
		if mode == stack.TLS {
			return srv.ListenAndServeTLS(cert, key)
		}
		return srv.ListenAndServe()
	})
}

// untilDone runs listen until ctx is done, then lets the requests in flight finish.
func untilDone(ctx context.Context, srv *http.Server, listen func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- listen() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Print("stopping")
	timeout, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(timeout)
	<-ended
	return err
}
