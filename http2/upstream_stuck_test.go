//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
)

// A twinStack is ours, or upstream's.
type twinStack struct {
	serve     twinServer
	transport func(dialFunc) http.RoundTripper
	configure func(*http.Transport) error
}

var twinStacks = map[string]twinStack{
	"ours": {
		serve:     twinServers["ours"],
		transport: func(dial dialFunc) http.RoundTripper { return &Transport{DialTLSContext: dial} },
		configure: ConfigureTransport,
	},
	"upstream": {
		serve:     twinServers["upstream"],
		transport: func(dial dialFunc) http.RoundTripper { return &xhttp2.Transport{DialTLSContext: dial} },
		configure: xhttp2.ConfigureTransport,
	},
}

// forBoth runs f in a bubble with our stack, where it has to report true, and with upstream's, where it has not to if
// upstreamFails.
func forBoth(t *testing.T, upstreamFails bool, f func(t *testing.T, s twinStack) bool) {
	t.Helper()
	for name, s := range twinStacks {
		if name == "upstream" && onGo127 {
			continue // net/http's
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				switch ok := f(t, s); {
				case name == "ours" && !ok:
					t.Error("ours fails")
				case name == "upstream" && ok == upstreamFails:
					t.Errorf("upstream's success is %v", ok)
				}
			})
		})
	}
}

// dialTo dials a server of the stack.
func (s twinStack) dialTo(h http.Handler) dialFunc {
	return func(context.Context, string, string, *tls.Config) (net.Conn, error) {
		client, server := h2test.Pipe()
		go s.serve(server, quietServer(new(eventLog)), h)
		return client, nil
	}
}

// endIdle ends a Transport's connections once what was cancelled has been told to the servers.
func endIdle(rt http.RoundTripper) {
	synctest.Wait()
	rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	time.Sleep(time.Minute) // for timers of both
}

// nonsense is what servers say that speak no HTTP/2, or stop in the middle of it.
var nonsense = []string{
	"",
	"SSH-2.0-OpenSSH_9.6\r\n",
	"\x00\x10\x00\x00\x01\x00\x00\x00\x01abc",                                           // a part of DATA
	"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x10\x00\x00\x01\x00\x00\x00\x01abc",  // after SETTINGS
	"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x88", // HEADERS without their end
}

// TestServerThatTalksNonsenseHoldsNoRequestBeyondItsContext: golang/go#57851. Upstream's request waits for the server to
// read its greeting.
func TestServerThatTalksNonsenseHoldsNoRequestBeyondItsContext(t *testing.T) {
	for _, says := range nonsense {
		for _, reads := range []bool{true, false} {
			forBoth(t, !reads, func(t *testing.T, s twinStack) bool {
				const patience = 3 * time.Second
				client, server := h2test.Pipe()
				if !reads {
					client.StallWrites()
				}
				io.WriteString(server, says)
				rt := s.transport(func(context.Context, string, string, *tls.Config) (net.Conn, error) { return client, nil })
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				time.AfterFunc(time.Minute, func() { server.Close() })
				begun := time.Now()
				if _, err := rt.RoundTrip(get("https://example.com/").WithContext(ctx)); err == nil {
					t.Error("there is a response")
				}
				took := time.Since(begun)
				time.Sleep(2 * time.Minute)
				return took <= patience
			})
		}
	}
}

// TestUploadThroughAProxyArrivesWhileOthersWait: golang/go#56385, requests that a proxy sends on as they come, and that are
// stuck for ever. The backend's handlers wait for one another, as those of a queue or a lock do.
func TestUploadThroughAProxyArrivesWhileOthersWait(t *testing.T) {
	content := strings.Repeat("content ", 1<<18)
	for _, waiting := range []int{1, 10} {
		forBoth(t, true, func(t *testing.T, s twinStack) (arrived bool) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			backend := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/waits" {
					<-ctx.Done()
					return
				}
				n, err := io.Copy(io.Discard, r.Body)
				arrived = n == int64(len(content)) && err == nil
			})
			proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: "backend.example"})
			proxy.ErrorLog = quietServer(new(eventLog)).ErrorLog
			proxy.Transport = s.transport(s.dialTo(backend))
			rt := s.transport(s.dialTo(proxy))
			upload := func(path string) {
				req := newRequest("POST", "https://example.com"+path, strings.NewReader(content)).WithContext(ctx)
				res, err := rt.RoundTrip(req)
				if err == nil {
					res.Body.Close()
				}
			}
			for range waiting {
				go upload("/waits")
			}
			synctest.Wait()
			upload("/")
			cancel()
			endIdle(rt)
			endIdle(proxy.Transport)
			return arrived
		})
	}
}

// TestRequestsBeyondMaxConnsPerHostAreServed: golang/go#34941. They hung, or crashed the program. Upstream's do no more.
func TestRequestsBeyondMaxConnsPerHostAreServed(t *testing.T) {
	forBoth(t, false, func(t *testing.T, s twinStack) bool {
		const requests = 300 // 250 fit on a connection
		h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })
		dial := s.dialTo(h)
		t1 := &http.Transport{
			MaxConnsPerHost: 1,
			Protocols:       new(http.Protocols),
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return dial(ctx, network, addr, nil)
			},
		}
		t1.Protocols.SetUnencryptedHTTP2(true)
		if err := s.configure(t1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		errs := make(chan error)
		for range requests {
			go func() {
				res, err := t1.RoundTrip(get("http://example.com/").WithContext(ctx))
				if err == nil {
					res.Body.Close()
				}
				errs <- err
			}()
		}
		failed := 0
		for range requests {
			if err := <-errs; err != nil {
				failed++
			}
		}
		endIdle(t1)
		return failed == 0
	})
}
