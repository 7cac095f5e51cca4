package processes

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/interop/stack"
	"h2fork.example/net/internal/wire"
)

// The server "hollow" has net/http's API and no HTTP/2: for each request that has ended it runs the handler, on a
// goroutine that is not the reader, with a Request like the connection's first and a ResponseWriter that drops
// everything, and then writes a stored answer. As a proxy it has no backend: its Transport returns a stored response. So it
// shows what handlers cost, grpc-go's server and ReverseProxy among them, beside which HTTP/2 is to be measured.

const roleHollow = "hollow"

// A hollowSpec is what a child in this role does.
type hollowSpec struct {
	Proxy, BufferPool bool
}

func startHollow(_ *Machine, s Setting) (*Process, error) {
	return startServer(roleHollow, hollowSpec{s.Proxy, s.BufferPool}, s.Procs)
}

func serveHollow(spec hollowSpec) error {
	handler := Content()
	if spec.Proxy {
		proxy := &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(&url.URL{Scheme: "http", Host: "backend.example"})
				r.SetXForwarded()
			},
			FlushInterval: -1,
			Transport:     hollowTransport{},
		}
		if spec.BufferPool {
			proxy.BufferPool = new(stack.Buffers)
		}
		handler = proxy
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go (&hollowConn{nc: nc, handler: handler, work: make(chan []uint32, 1)}).serve()
		}
	}()
	return announce("http://" + l.Addr().String())
}

// A hollowConn is a connection. Its first request is the model of all.
type hollowConn struct {
	nc      net.Conn
	handler http.Handler
	model   *http.Request
	content []byte // the model's
	work    chan []uint32
}

// serve reads until the connection ends. What has come together is handed over together.
func (c *hollowConn) serve() {
	defer c.nc.Close()
	defer close(c.work)
	go c.answerAll()
	in := bufio.NewReaderSize(c.nc, storedInput)
	if _, err := in.Discard(len(wire.Preface)); err != nil {
		return
	}
	c.nc.Write(wire.AppendSettings(nil))
	var ended []uint32
	for {
		if in.Buffered() == 0 && len(ended) > 0 {
			c.work <- ended
			ended = nil
		}
		header, err := in.Peek(wire.HeaderLen)
		if err != nil {
			return
		}
		h := wire.ParseHeader(header)
		frame, err := in.Peek(wire.HeaderLen + int(h.Length))
		if err != nil {
			return
		}
		if done, err := c.frame(h, frame[wire.HeaderLen:]); err != nil {
			return
		} else if done {
			ended = append(ended, h.StreamID)
		}
		in.Discard(len(frame))
	}
}

// frame reports whether a frame ends a request.
func (c *hollowConn) frame(h wire.Header, payload []byte) (ended bool, err error) {
	switch h.Type {
	case wire.Headers:
		if c.model == nil {
			err = c.readModel(payload)
		}
	case wire.Data:
		if h.StreamID == 1 {
			c.content = append(c.content, payload...)
		}
	case wire.Settings:
		if !h.Flags.Has(wire.FlagAck) {
			c.nc.Write(wire.AppendSettingsAck(nil))
		}
		return false, nil
	case wire.Ping:
		c.nc.Write(wire.AppendPing(nil, true, [8]byte(payload)))
		return false, nil
	default:
		return false, nil
	}
	return h.Flags.Has(wire.FlagEndStream), err
}

// readModel reads the first request.
func (c *hollowConn) readModel(fragment []byte) error {
	fields, err := hpack.NewDecoder(wire.DefaultHeaderTableSize, nil).DecodeFull(fragment)
	if err != nil {
		return err
	}
	c.model = &http.Request{
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: make(http.Header), ContentLength: -1, RemoteAddr: c.nc.RemoteAddr().String(),
	}
	for _, f := range fields {
		switch f.Name {
		case ":method":
			c.model.Method = f.Value
		case ":path":
			c.model.RequestURI = f.Value
		case ":authority":
			c.model.Host = f.Value
		case ":scheme":
		default:
			c.model.Header.Add(f.Name, f.Value)
		}
	}
	c.model.URL, err = url.ParseRequestURI(c.model.RequestURI)
	return err
}

// answerAll runs the handlers.
func (c *hollowConn) answerAll() {
	var out []byte
	for ended := range c.work {
		out = out[:0]
		for _, id := range ended {
			c.run()
			out = c.appendAnswer(out, id)
		}
		c.nc.Write(out) // if that fails, so does the next read
	}
}

// run runs the handler with a request and a context of its own.
func (c *hollowConn) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := c.model.WithContext(ctx)
	u := *c.model.URL
	r.URL, r.Header = &u, c.model.Header.Clone()
	r.Body = io.NopCloser(bytes.NewReader(c.content))
	c.handler.ServeHTTP(hollowWriter{make(http.Header)}, r)
}

// Stored field sections, which leave the decoder's table alone (RFC 7541 §6.2.2).
var (
	hollowHeader   = append([]byte{0x88}, literal("content-type", "application/grpc")...)
	hollowTrailers = literal("grpc-status", "0")
)

func literal(name, value string) []byte {
	return fmt.Appendf(nil, "\x00%c%s%c%s", len(name), name, len(value), value)
}

// appendAnswer appends what answers a request: a gRPC call's message comes back.
func (c *hollowConn) appendAnswer(out []byte, id uint32) []byte {
	if c.model.Header.Get("Content-Type") != "application/grpc" {
		out = wire.AppendHeaders(out, wire.HeadersParam{StreamID: id, EndHeaders: true, Fragment: status200})
		return wire.AppendData(out, id, true, storedBody)
	}
	out = wire.AppendHeaders(out, wire.HeadersParam{StreamID: id, EndHeaders: true, Fragment: hollowHeader})
	out = wire.AppendData(out, id, false, c.content)
	return wire.AppendHeaders(out, wire.HeadersParam{StreamID: id, EndHeaders: true, EndStream: true, Fragment: hollowTrailers})
}

// A hollowWriter drops what is written.
type hollowWriter struct{ header http.Header }

func (w hollowWriter) Header() http.Header         { return w.header }
func (w hollowWriter) WriteHeader(int)             {}
func (w hollowWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w hollowWriter) Flush()                      {}

// A hollowTransport answers each call with its message.
type hollowTransport struct{}

func (hollowTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := bytes.NewBuffer(make([]byte, 0, 64))
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/2.0", ProtoMajor: 2, ContentLength: -1, Request: r,
		Header:  http.Header{"Content-Type": {"application/grpc"}},
		Trailer: http.Header{"Grpc-Status": {"0"}, "Grpc-Message": {""}},
		Body:    io.NopCloser(body),
	}, nil
}
