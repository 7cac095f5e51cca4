//go:build !go1.27

//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package h2c_test

// From Go 1.27 on golang.org/x/net's package is a shell around net/http, and no reference.

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	upstream "golang.org/x/net/http2"
	upstreamh2c "golang.org/x/net/http2/h2c"
)

// outcome is what a client and a handler see of an upgrade request.
func outcome(t *testing.T, newHandler func(http.Handler) http.Handler, script string) (status, seen string) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: newHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = describe(r)
		}))}))
		c.send(script)
		status, _, _ = strings.Cut(c.header(), "\r\n")
		if strings.Contains(status, " 101 ") {
			newPeer(c).Greet()
		}
		synctest.Wait()
	})
	return status, seen
}

// describe is what a handler sees of r.
func describe(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	return fmt.Sprintf("%s %s %s host=%s uri=%s remote=%s length=%d te=%q close=%v header=%q body=%q %v trailer=%q pattern=%q",
		r.Method, r.URL, r.Proto, r.Host, r.RequestURI, r.RemoteAddr, r.ContentLength, r.TransferEncoding, r.Close,
		r.Header, body, err, r.Trailer, r.Pattern)
}

func upstreams(h http.Handler) http.Handler { return upstreamh2c.NewHandler(h, new(upstream.Server)) }

func TestHandlersSeeUpgradeRequestsAsBehindUpstream(t *testing.T) {
	get := upgrade("GET /a?b=c HTTP/1.1", "", "")
	scripts := map[string]string{
		"GET":            get,
		"HEAD":           upgrade("HEAD /a HTTP/1.1", "", ""),
		"content-length": upgrade("POST /a HTTP/1.1", "Content-Length: 5\r\nContent-Type: text/plain\r\n", "hello"),
		"trailers":       upgrade("POST /a HTTP/1.1", "Transfer-Encoding: chunked\r\nTrailer: A\r\n", "1\r\na\r\n0\r\nA: b\r\n\r\n"),
		"more fields":    upgrade("GET /a HTTP/1.1", "TE: trailers\r\nCookie: a=b\r\nCookie: c=d\r\nKeep-Alive: 1\r\n", ""),
		"absolute":       upgrade("GET http://other.example/x HTTP/1.1", "", ""),
		"close":          upgrade("GET / HTTP/1.1", "Connection: close\r\n", ""),
		"lower case":     strings.Replace(get, "Connection: Upgrade, HTTP2-Settings", "connection: http2-settings ,upgrade", 1),
		"upper case":     strings.Replace(get, "Upgrade: h2c", "UPGRADE: H2C", 1),
		"several":        strings.Replace(get, "Upgrade: h2c", "Upgrade: websocket, h2c", 1),
		"no Upgrade":     strings.Replace(get, "Upgrade: h2c", "Upgrade: h2", 1),
		"no settings":    strings.Replace(get, "Upgrade, HTTP2-Settings", "Upgrade", 1),
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, seen := outcome(t, ours, script)
			wantStatus, wantSeen := outcome(t, upstreams, script)
			if status != wantStatus || seen != wantSeen {
				t.Errorf("got:\n%s\n%s\nwant:\n%s\n%s", status, seen, wantStatus, wantSeen)
			}
		})
	}
}

// Where we differ, and upstream's answer. P56, P57, P58.
func TestUpgradesThatUpstreamAnswersDifferently(t *testing.T) {
	get := upgrade("GET / HTTP/1.1", "", "")
	tests := map[string]struct{ script, ours, upstreams string }{
		"HTTP/1.0":               {strings.Replace(get, "HTTP/1.1", "HTTP/1.0", 1), "HTTP/1.0 200", "HTTP/1.1 101"},
		"no option Upgrade":      {strings.Replace(get, "Upgrade, ", "", 1), "HTTP/1.1 200", "HTTP/1.1 101"},
		"CONNECT":                {strings.Replace(get, "GET /", "CONNECT a:80", 1), "HTTP/1.1 200", "HTTP/1.1 101"},
		"no settings":            {strings.Replace(get, "HTTP2-Settings:", "X:", 1), "HTTP/1.1 400", "HTTP/1.1 500"},
		"settings of no meaning": {strings.Replace(get, "HTTP2-Settings:", "HTTP2-Settings: AAAA", 1), "HTTP/1.1 400", "HTTP/1.1 101"},
		"malformed body":         {upgrade("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "x\r\n"), "HTTP/1.1 400", "HTTP/1.1 500"},
		"large body": {upgrade("POST / HTTP/1.1", "Content-Length: 1048577\r\n", strings.Repeat("x", 1<<20+1)),
			"HTTP/1.1 200", "HTTP/1.1 101"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := outcome(t, ours, tt.script); !strings.HasPrefix(got, tt.ours) {
				t.Errorf("ours: %s, want %s", got, tt.ours)
			}
			if got, _ := outcome(t, upstreams, tt.script); !strings.HasPrefix(got, tt.upstreams) {
				t.Errorf("upstream's: %s, want %s", got, tt.upstreams)
			}
		})
	}
}
