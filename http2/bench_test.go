package http2

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// benchPeer is a raw peer that costs little: it sends bytes that are ready, and of what it gets it looks at frame
// headers only.
type benchPeer struct {
	tb   testing.TB
	conn net.Conn
	out  []byte // to be sent
	in   []byte // in[r:w] is unread
	r, w int
}

func newBenchPeer(tb testing.TB, conn net.Conn) *benchPeer {
	return &benchPeer{tb: tb, conn: conn, in: make([]byte, 256<<10)}
}

// send sends what is ready.
func (p *benchPeer) send() {
	if _, err := p.conn.Write(p.out); err != nil {
		p.tb.Error(err)
	}
	p.out = p.out[:0]
}

// next returns the header of the next frame, whose payload it skips. Before it waits it sends what is ready. It reports
// false at the end of the connection.
func (p *benchPeer) next() (wire.Header, bool) {
	for {
		unread := p.in[p.r:p.w]
		if len(unread) >= wire.HeaderLen {
			h := wire.ParseHeader(unread)
			if size := wire.HeaderLen + int(h.Length); size <= len(unread) {
				p.r += size
				return h, true
			}
		}
		p.w = copy(p.in, unread)
		p.r = 0
		if len(p.out) > 0 {
			p.send()
		}
		n, err := p.conn.Read(p.in[p.w:])
		if err != nil {
			return wire.Header{}, false
		}
		p.w += n
	}
}

// awaitSettings waits for the other side's SETTINGS, acknowledges them, and opens the connection's window wide.
func (p *benchPeer) awaitSettings() {
	for h, ok := p.next(); h.Type != wire.Settings || h.Flags.Has(wire.FlagAck); h, ok = p.next() {
		if !ok {
			p.tb.Fatal("the connection ended before SETTINGS")
		}
	}
	p.out = wire.AppendSettingsAck(p.out)
	p.out = wire.AppendWindowUpdate(p.out, 0, wire.MaxWindow-wire.DefaultWindow)
	p.send()
}

// fieldBlocks are a field section as it is the first time on a connection, and as it is then.
type fieldBlocks struct{ first, again []byte }

func newFieldBlocks(namesAndValues ...string) fieldBlocks {
	var out strings.Builder
	enc := hpack.NewEncoder(&out)
	encode := func() []byte {
		out.Reset()
		for _, f := range h2test.Fields(namesAndValues...) {
			enc.WriteField(f)
		}
		return []byte(out.String())
	}
	return fieldBlocks{encode(), encode()}
}

// next returns the block for the next field section of a connection.
func (b *fieldBlocks) next() []byte {
	block := b.first
	b.first = b.again
	return block
}

// benchClient makes requests of a Server.
type benchClient struct {
	*benchPeer
	fields fieldBlocks
	body   string
	id     uint32
}

// newBenchClient serves a connection with handler. Requests have a body if it is not empty.
func newBenchClient(tb testing.TB, handler http.HandlerFunc, body string, extra ...string) *benchClient {
	client, server := h2test.Pipe()
	served := make(chan struct{})
	go func() {
		new(Server).ServeConn(server, &ServeConnOpts{Handler: handler})
		close(served)
	}()
	tb.Cleanup(func() {
		client.Close()
		<-served
	})
	method := "GET"
	if body != "" {
		method = "POST"
	}
	fields := append([]string{":path", "/hello", ":scheme", "http", ":authority", "127.0.0.1:8080", ":method", method,
		"user-agent", "h2load nghttp2/1.52.0"}, extra...)
	c := &benchClient{benchPeer: newBenchPeer(tb, client), fields: newFieldBlocks(fields...), body: body, id: 1}
	c.out = append(c.out, ClientPreface...)
	c.out = wire.AppendSettings(c.out, wire.Setting{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow})
	c.awaitSettings()
	return c
}

// exchange makes n requests in one write, and waits for their responses.
func (c *benchClient) exchange(n int) {
	for range n {
		c.out = wire.AppendHeaders(c.out, wire.HeadersParam{
			StreamID: c.id, EndHeaders: true, EndStream: c.body == "", Fragment: c.fields.next()})
		if c.body != "" {
			c.out = wire.AppendDataHeader(c.out, c.id, true, len(c.body))
			c.out = append(c.out, c.body...)
		}
		c.id += 2
	}
	for n > 0 {
		h, ok := c.next()
		switch {
		case !ok || h.Type == wire.GoAway || h.Type == wire.RSTStream:
			c.tb.Fatalf("%v instead of a response", h.Type)
		case h.Flags.Has(wire.FlagEndStream) && (h.Type == wire.Data || h.Type == wire.Headers):
			n--
		}
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Hello, World!") }

// BenchmarkServer is a request from its bytes to those of the response. The requests of a batch arrive in one read.
func BenchmarkServer(b *testing.B) {
	large := make([]byte, 64<<10)
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		body    string
		batch   int
		fields  []string
	}{
		{"GET/1 at a time", hello, "", 1, nil},
		{"GET/32 at a time", hello, "", 32, nil},
		{"GET with a type/32 at a time", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			hello(w, r)
		}, "", 32, nil},
		{"POST of 1 KiB/32 at a time", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hello(w, r)
		}, strings.Repeat("x", 1<<10), 32, nil},
		{"64 KiB/8 at a time", func(w http.ResponseWriter, _ *http.Request) { w.Write(large) }, "", 8, nil},
		{"gRPC error/32 at a time", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			h := w.Header()
			h.Set("Content-Type", "application/grpc")
			h.Set("Grpc-Status", "5")
			h.Set("Grpc-Message", "no such thing")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}, "\x00\x00\x00\x00\x00", 32, []string{"content-type", "application/grpc", "te", "trailers"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			client := newBenchClient(b, c.handler, c.body, c.fields...)
			client.exchange(c.batch)
			b.ReportAllocs()
			// A batch is as many operations, so that the figures are those of a request.
			b.ResetTimer()
			for left := b.N; left > 0; left -= c.batch {
				client.exchange(min(left, c.batch))
			}
		})
	}
}

// benchServer answers every request, on whatever connection it comes.
func benchServer(tb testing.TB, conn net.Conn, body string, namesAndValues ...string) {
	p := newBenchPeer(tb, conn)
	if _, err := io.ReadFull(conn, make([]byte, len(ClientPreface))); err != nil {
		return
	}
	p.out = wire.AppendSettings(p.out, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1000})
	p.awaitSettings()
	fields := newFieldBlocks(namesAndValues...)
	for {
		h, ok := p.next()
		switch {
		case !ok:
			return
		case h.Type == wire.Ping && !h.Flags.Has(wire.FlagAck):
			p.out = wire.AppendPing(p.out, true, [8]byte{})
		case h.Flags.Has(wire.FlagEndStream) && (h.Type == wire.Data || h.Type == wire.Headers):
			p.out = wire.AppendHeaders(p.out, wire.HeadersParam{StreamID: h.StreamID, EndHeaders: true, EndStream: body == "", Fragment: fields.next()})
			if body != "" {
				p.out = wire.AppendDataHeader(p.out, h.StreamID, true, len(body))
				p.out = append(p.out, body...)
			}
		}
	}
}

// newBenchTransport returns a Transport with a server that answers each request with this body.
func newBenchTransport(tb testing.TB, body string) *Transport {
	served := make(chan struct{})
	tr := &Transport{AllowHTTP: true, DisableCompression: true}
	tr.DialTLSContext = func(context.Context, string, string, *tls.Config) (net.Conn, error) {
		client, server := h2test.Pipe()
		go func() {
			benchServer(tb, server, body, ":status", "200", "content-type", "text/plain; charset=utf-8",
				"date", "Mon, 21 Oct 2013 20:13:21 GMT")
			server.Close()
			close(served)
		}()
		return client, nil
	}
	tb.Cleanup(func() {
		tr.CloseIdleConnections()
		<-served
	})
	return tr
}

// benchRequest returns the GET that requests are made with.
func benchRequest(tb testing.TB) *http.Request {
	req, err := http.NewRequest("GET", "http://example.com/hello", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return req
}

// benchPost returns a request with a small body.
func benchPost(tb testing.TB) *http.Request {
	req, err := http.NewRequest("POST", "http://example.com/hello", strings.NewReader(strings.Repeat("x", 500)))
	if err != nil {
		tb.Fatal(err)
	}
	return req
}

// roundTrip makes a request, and reads the response.
func roundTrip(tb testing.TB, tr *Transport, req *http.Request, buf []byte) {
	res, err := tr.RoundTrip(req)
	if err != nil {
		tb.Error(err)
		return
	}
	for err == nil {
		_, err = res.Body.Read(buf)
	}
	if err != io.EOF {
		tb.Error(err)
	}
	res.Body.Close()
}

// BenchmarkTransport is a request from RoundTrip to the end of the response's body.
func BenchmarkTransport(b *testing.B) {
	b.Run("GET/1 in flight", func(b *testing.B) {
		tr, req, buf := newBenchTransport(b, "Hello, World!"), benchRequest(b), make([]byte, 512)
		roundTrip(b, tr, req, buf)
		b.ReportAllocs()
		for b.Loop() {
			roundTrip(b, tr, req, buf)
		}
	})
	b.Run("POST/1 in flight", func(b *testing.B) {
		tr, buf := newBenchTransport(b, "Hello, World!"), make([]byte, 512)
		roundTrip(b, tr, benchPost(b), buf)
		b.ReportAllocs()
		for b.Loop() {
			roundTrip(b, tr, benchPost(b), buf)
		}
	})
	b.Run("POST/64 in flight", func(b *testing.B) {
		tr := newBenchTransport(b, "Hello, World!")
		roundTrip(b, tr, benchPost(b), make([]byte, 512))
		b.ReportAllocs()
		b.SetParallelism(32) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for buf := make([]byte, 512); pb.Next(); {
				roundTrip(b, tr, benchPost(b), buf)
			}
		})
	})
	b.Run("GET/64 in flight", func(b *testing.B) {
		tr := newBenchTransport(b, "Hello, World!")
		roundTrip(b, tr, benchRequest(b), make([]byte, 512))
		b.ReportAllocs()
		b.SetParallelism(32) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			req, buf := benchRequest(b), make([]byte, 512)
			for pb.Next() {
				roundTrip(b, tr, req, buf)
			}
		})
	})
}
