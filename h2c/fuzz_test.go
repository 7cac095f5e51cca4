package h2c_test

import (
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
)

// FuzzUpgrade makes a request of any method and fields, with a body whose end is what an HTTP/2 client sends. No
// handler may ever see a request that came over HTTP/2, whatever limits the body. That the body ends where it says is
// for the test to ensure: fields that say so are not the fuzzer's.
func FuzzUpgrade(f *testing.F) {
	const fields = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__"
	for way := range byte(len(ways)) {
		f.Add("POST / HTTP/1.1", fields, []byte("0123456789"), way)
	}
	f.Add("GET / HTTP/1.0", fields, []byte(nil), byte(0))
	f.Add("GET / HTTP/1.1", fields+"\nExpect: 100-continue", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), byte(1))
	f.Fuzz(func(t *testing.T, requestLine, fields string, body []byte, way byte) {
		w := ways[int(way)%len(ways)]
		script := oneRequest(w, requestLine, fields, string(body)+request("/smuggled"))
		if paths := smuggled(t, w, script); len(paths) > 0 {
			t.Errorf("a part of the body was served as requests: %q", paths)
		}
	})
}

// ways are how bodies are framed and limited. A limit that cuts off chunked bodies is missing: it hides from us that
// there was more, as NewHandler's documentation says.
var ways = []way{{"", false}, {"", true}, {"fails", false}, {"fails", true}, {"cuts off", false}}

type way struct {
	limit   string // in limits, or none
	chunked bool
}

// frame returns the field that says where the body ends, and the body as it is sent.
func (w way) frame(body string) (field, sent string) {
	if w.chunked {
		return "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	return fmt.Sprintf("Content-Length: %d\r\n", len(body)), body
}

// oneRequest is one request, whatever requestLine and fields have in them.
func oneRequest(w way, requestLine, fields, body string) string {
	var b strings.Builder
	field, sent := w.frame(body)
	oneLine := strings.NewReplacer("\r", "", "\n", "")
	b.WriteString(oneLine.Replace(requestLine) + "\r\nHost: example.com\r\n" + field)
	for line := range strings.Lines(fields) {
		line = oneLine.Replace(line)
		name, _, ok := strings.Cut(line, ":")
		switch textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) {
		case "Content-Length", "Transfer-Encoding":
		default:
			if ok {
				b.WriteString(line + "\r\n")
			}
		}
	}
	return b.String() + "\r\n" + sent
}

// smuggled serves the script, and returns what handlers were asked for over HTTP/2.
func smuggled(t *testing.T, w way, script string) (paths []string) {
	synctest.Test(t, func(t *testing.T) {
		h := h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor == 2 {
				paths = append(paths, r.URL.Path)
			}
		}), new(http2.Server))
		if limit := limits[w.limit]; limit != nil {
			h = limit(h)
		}
		c := dial(t, start(t, &http.Server{Handler: h}))
		c.send(script)
		synctest.Wait()
		c.CloseWrite()
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("the server does not end the connection: %v", err)
		}
	})
	return paths
}
