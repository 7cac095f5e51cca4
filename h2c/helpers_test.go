package h2c_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/hpack"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func ours(h http.Handler) http.Handler { return h2c.NewHandler(h, new(http2.Server)) }

// start makes hs serve until the test ends, in its bubble.
func start(t testing.TB, hs *http.Server) *h2test.Listener {
	if hs.ErrorLog == nil {
		hs.ErrorLog = log.New(io.Discard, "", 0)
	}
	l := h2test.Listen()
	if hs.TLSConfig != nil && len(hs.TLSConfig.Certificates) > 0 {
		go hs.ServeTLS(l, "", "")
	} else {
		go hs.Serve(l)
	}
	t.Cleanup(func() {
		hs.Close()
		time.Sleep(time.Second) // net/http closes connections in two steps, a while apart
	})
	return l
}

// client is the client's end of a connection, with what it takes to speak HTTP/1.1 on it.
type client struct {
	*h2test.Conn
	t      testing.TB
	server *h2test.Conn
}

func dial(t testing.TB, l *h2test.Listener) *client {
	t.Helper()
	c, server, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{c, t, server}
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatal(err)
	}
}

// sendSplit sends s in two pieces. The server has nothing more to do with the first when the second comes.
func (c *client) sendSplit(s string, at int) {
	c.t.Helper()
	c.send(s[:at])
	synctest.Wait()
	c.send(s[at:])
}

// header reads an HTTP/1.1 response up to its empty line, and nothing after it.
func (c *client) header() string {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	var header []byte
	for b := make([]byte, 1); !bytes.HasSuffix(header, []byte("\r\n\r\n")); {
		if _, err := c.Read(b); err != nil {
			c.t.Fatalf("%v after %q", err, header)
		}
		header = append(header, b[0])
	}
	return string(header)
}

// response reads an HTTP/1.1 response.
func (c *client) response() (_ *http.Response, content string) {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, string(b)
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

// peer wants the 101 response, and speaks HTTP/2 from then on.
func (c *client) peer() *h2test.Peer {
	c.t.Helper()
	if got := c.header(); got != switching {
		c.t.Fatalf("the server answers %q, not with 101", got)
	}
	return newPeer(c)
}

func newPeer(c *client) *h2test.Peer {
	p := h2test.NewPeer(c.t, c.Conn)
	p.IgnoreFields("date", "content-type", "content-length")
	p.Ignore(h2test.WindowUpdates)
	return p
}

// wantClosed wants the server to close the connection, without a word.
func (c *client) wantClosed() {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
		c.t.Fatalf("the connection has %q, %v, and should end", got, err)
	}
}

// upgrade is an upgrade request, with more fields and a body.
func upgrade(requestLine, more, body string) string {
	return requestLine + "\r\nHost: example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: " +
		field() + "\r\n" + more + "\r\n" + body
}

// field is what HTTP2-Settings has for these settings.
func field(settings ...wire.Setting) string {
	return base64.RawURLEncoding.EncodeToString(wire.AppendSettings(nil, settings...)[wire.HeaderLen:])
}

// request is what a client sends to have path over HTTP/2, its preface included, on stream 3: stream 1 may be that of
// an upgrade.
func request(path string) string {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range h2test.Fields(":method", "GET", ":scheme", "http", ":authority", "example.com", ":path", path) {
		enc.WriteField(f)
	}
	b := wire.AppendSettings([]byte(http2.ClientPreface))
	b = wire.AppendHeaders(b, wire.HeadersParam{StreamID: 3, EndStream: true, EndHeaders: true, Fragment: block.Bytes()})
	return string(b)
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	io.WriteString(w, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
}

var echoHandler = http.HandlerFunc(echo)

// wantEcho wants a response from echo on stream id.
func wantEcho(p *h2test.Peer, id uint32, content string) {
	p.Want("the response's header", h2test.HeadersFrame(id, h2test.KeepOpen, ":status", "200"))
	p.WantContent("what the handler was asked", id, content)
}
