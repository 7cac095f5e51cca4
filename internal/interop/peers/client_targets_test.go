package peers

import (
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
	name          string
	mode          stack.Mode
	start         func(t *testing.T) (url string) // serves until the test ends
	takesTrailers bool                            // in requests; to nginx, they are an error
}

// targets lists every server that this machine may have, each without TLS and with it.
func targets() []target {
	var all []target
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		for _, s := range stack.All() {
			all = append(all, target{
				name:          s.Name + "," + m.Scheme(),
				mode:          m,
				start:         func(t *testing.T) string { return startStack(t, s, m, clientSite()) },
				takesTrailers: true,
			})
		}
		all = append(all, target{
			name:  "nginx," + m.Scheme(),
			mode:  m,
			start: func(t *testing.T) string { return startNginx(t, m, clientSite()).url },
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

// newClient returns a client of the stack under test for servers in mode m. When the test has ended, nothing may
// be left of it, nor of what the test started after it.
func newClient(t *testing.T, m stack.Mode) *http.Client {
	t.Helper()
	tr := clientUnderTest(t).Transport(m.ClientConfig())
	goroutinesReturn(t, tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// onEachTarget runs test with each target.
func onEachTarget(t *testing.T, test func(t *testing.T, tg target, client *http.Client, url string)) {
	t.Helper()
	for _, tg := range targets() {
		t.Run(tg.name, func(t *testing.T) {
			client := newClient(t, tg.mode)
			test(t, tg, client, tg.start(t))
		})
	}
}
