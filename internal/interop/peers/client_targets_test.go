package peers

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

// clientUnderTest returns the stack whose client the tests are about.
func clientUnderTest(t *testing.T) stack.Stack {
	t.Helper()
	name := os.Getenv("INTEROP_CLIENT")
	if name == "" {
		return stack.Ours()
	}
	s, err := stack.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A target is a server for the client under test: one that has clientSite, itself or behind it.
type target struct {
	name string
	// start serves until the test ends. A client goes through TLS with cfg, or without it if cfg is nil.
	start func(t *testing.T) (url string, cfg *tls.Config)
	// keepsTrailers says that a request's trailers get to the handler.
	keepsTrailers bool
}

// targets lists every server that this machine may have, each without TLS and with it.
func targets() []target {
	var all []target
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		for _, s := range stack.All() {
			all = append(all, target{
				name:          s.Name + "," + m.Scheme(),
				start:         func(t *testing.T) (string, *tls.Config) { return startStack(t, s, m, clientSite()), m.ClientConfig() },
				keepsTrailers: true,
			})
		}
		all = append(all, target{
			name: "nginx," + m.Scheme(),
			start: func(t *testing.T) (string, *tls.Config) {
				return startNginx(t, m, clientSite()).url, m.ClientConfig()
			},
		})
	}
	return all
}

// startStack serves h on s until the test ends.
func startStack(t *testing.T, s stack.Stack, m stack.Mode, h http.Handler) (url string) {
	t.Helper()
	srv, err := s.Start(m, h, stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv.URL
}

// clientSite is site and
//
//	/field?n=  a response with a field of n bytes; the request's field "Large" is its content
func clientSite() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", site())
	mux.HandleFunc("/field", func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscan(r.FormValue("n"), &n); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Large", largeField(n))
		io.WriteString(w, r.Header.Get("Large"))
	})
	return mux
}

// newClient returns a client of the stack under test, of which nothing is left when the test has ended.
func newClient(t *testing.T, cfg *tls.Config) *http.Client {
	t.Helper()
	tr := clientUnderTest(t).Transport(cfg)
	goroutinesReturn(t, tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// onEachTarget runs test with each target. Nothing is left of client and server afterwards.
func onEachTarget(t *testing.T, test func(t *testing.T, tg target, client *http.Client, url string)) {
	t.Helper()
	for _, tg := range targets() {
		t.Run(tg.name, func(t *testing.T) {
			goroutinesReturn(t, func() {})
			url, cfg := tg.start(t)
			test(t, tg, newClient(t, cfg), url)
		})
	}
}
