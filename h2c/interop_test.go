//lint:file-ignore SA1019 The deprecated package is a client of its own.

package h2c_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	upstream "golang.org/x/net/http2"

	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
)

// upstreamClient is golang.org/x/net's, for a test's bubble.
func upstreamClient(t *testing.T, tr *upstream.Transport, dial func() (net.Conn, error)) *http.Client {
	tr.DialTLSContext = func(context.Context, string, string, *tls.Config) (net.Conn, error) { return dial() }
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// wantPosts posts twice, with prior knowledge.
func wantPosts(t *testing.T, l *h2test.Listener) {
	t.Helper()
	client := upstreamClient(t, &upstream.Transport{AllowHTTP: true}, func() (net.Conn, error) {
		c, _, err := l.Dial()
		return c, err
	})
	for range 2 {
		resp, err := client.Post("http://example.com/a", "", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(content) != "POST /a hello" || resp.ProtoMajor != 2 {
			t.Errorf("got %v with %q, %v", resp.Proto, content, err)
		}
	}
}

func TestUpstreamsTransportIsServedWithPriorKnowledge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wantPosts(t, start(t, &http.Server{Handler: ours(echoHandler)}))
	})
}

func TestProtocolsOfTheServerWorkWithoutTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hs := &http.Server{Handler: echoHandler, Protocols: new(http.Protocols)}
		hs.Protocols.SetUnencryptedHTTP2(true)
		used := 0
		conf := &http2.Server{NewWriteScheduler: func() http2.WriteScheduler {
			used++
			return http2.NewRandomWriteScheduler()
		}}
		if err := http2.ConfigureServer(hs, conf); err != nil {
			t.Fatal(err)
		}
		wantPosts(t, start(t, hs))
		if used != 1 {
			t.Errorf("our server was given %d connections, want 1", used)
		}
	})
}

// P62.
func TestPriorKnowledgeOverTLSHasTheConnectionsTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(nil)
	srv.Close()
	synctest.Test(t, func(t *testing.T) {
		var version uint16
		l := start(t, &http.Server{Handler: ours(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			version = r.TLS.Version
		})), TLSConfig: &tls.Config{Certificates: srv.TLS.Certificates}})
		client := upstreamClient(t, new(upstream.Transport), func() (net.Conn, error) {
			c, _, err := l.Dial()
			return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), err // no ALPN
		})
		resp, err := client.Get("https://example.com")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if version != tls.VersionTLS13 {
			t.Errorf("requests show TLS version %x, want %x", version, tls.VersionTLS13)
		}
	})
}
