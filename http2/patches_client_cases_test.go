package http2

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

var clientPatchCases = []clientPatchCase{
	{id: "P9", name: "too long a field", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.EndStream, ":status", "200", "a", strings.Repeat("x", 5000))
	}, ours: "RoundTrip: stream error", upstream: "RoundTrip: connection error: COMPRESSION_ERROR"},
	{id: "P31", name: "a little content that is consumed", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 8<<10))
		time.Sleep(time.Second)
		p.Data(1, h2test.EndStream, "")
	}, upstream: "WINDOW_UPDATE 1"},
	{id: "P64", name: "white space around a value", request: patchField("Foo", " a "), ours: ` foo="a"`, upstream: ` foo=" a "`},
	{id: "P64", name: "TE", request: patchField("Te", "gzip"), upstream: ` te="gzip"`},
	{id: "P64", name: "Expect without content", request: patchField("Expect", "100-continue"), upstream: ` expect="100-continue"`},
	{id: "P64", name: "a method that is no token", request: func(r *http.Request) { r.Method = "G T" },
		ours: `RoundTrip: http2: invalid method "G T"`, upstream: ` :method="G T"`},
	{id: "P64", name: "no authority", request: func(r *http.Request) { r.URL.Host = "" }, upstream: ` :authority=""`},
	{id: "P64", name: "a control character in :path", request: func(r *http.Request) { r.URL.RawQuery = "a\nb" },
		ours: `RoundTrip: http2: invalid request :path "/?a\nb"`},
	{id: "P65", name: "a status of two digits", answer: patchHead(":status", "99"), ours: "is not three digits", upstream: "99 length=0"},
	{id: "P65", name: "a status of four digits", answer: patchHead(":status", "2000"), ours: "is not three digits", upstream: "2000 length=0"},
	{id: "P65", name: "101", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "101")
		p.Headers(1, h2test.EndStream, ":status", "200")
	}, ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P66", name: "the length of a tunnel", request: func(r *http.Request) { r.Method = "CONNECT" }, answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "5")
		p.Data(1, h2test.EndStream, "1234567")
	}, ours: `200 length=-1 body="1234567" <nil>`, upstream: `200 length=5 body="12345"`},
	{id: "P67", name: "trailers with a pseudo-header field", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Headers(1, h2test.EndStream, ":status", "200")
	}, ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "connection error: PROTOCOL_ERROR"},
	{id: "P67", name: "trailers that do not end the stream", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Headers(1, h2test.KeepOpen, "a", "1")
	}, ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "connection error: PROTOCOL_ERROR"},
	{id: "P75", name: "the server is told", answer: func(p *h2test.Peer) { p.Data(0, h2test.EndStream, "x") },
		ours: `GOAWAY 0 PROTOCOL_ERROR "DATA`},
	{id: "P75", name: "a frame that is too large", answer: func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Data, 0, 1, strings.Repeat("x", 16385)))
	}, ours: "RoundTrip: connection error: FRAME_SIZE_ERROR", upstream: "RoundTrip: http2: frame too large"},
	{id: "P76", name: "DATA before HEADERS", answer: func(p *h2test.Peer) { p.Data(1, h2test.EndStream, "x") },
		ours: "PROTOCOL_ERROR; DATA before HEADERS"},
	{id: "P77", name: "HEADERS on an idle stream", answer: patchThenHead(func(p *h2test.Peer) {
		p.Headers(3, h2test.EndStream, ":status", "200")
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "HEADERS on an even stream", answer: patchThenHead(func(p *h2test.Peer) {
		p.Headers(2, h2test.EndStream, ":status", "200")
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "RST_STREAM on an idle stream", answer: patchThenHead(func(p *h2test.Peer) { p.RST(3, wire.Cancel) }),
		ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "WINDOW_UPDATE on an idle stream", answer: patchThenHead(func(p *h2test.Peer) { p.WindowUpdate(3, 1) }),
		ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "PRIORITY that depends on itself", answer: patchThenHead(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x01\x10"))
	}), ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "PRIORITY_UPDATE", answer: patchThenHead(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.PriorityUpdate, 0, 0, "\x00\x00\x00\x01u=1"))
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "ENABLE_PUSH 1", answer: patchThenHead(func(p *h2test.Peer) {
		p.Settings(wire.Setting{ID: wire.SettingEnablePush, Val: 1})
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "SETTINGS with more than 100 parameters", answer: patchThenHead(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Settings, 0, 0, strings.Repeat("\x77\x77\x00\x00\x00\x00", 101)))
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P77", name: "DATA after END_STREAM", answer: func(p *h2test.Peer) {
		patchHead(":status", "200")(p)
		p.Data(1, h2test.KeepOpen, "x")
	}, ours: "RST_STREAM 1 STREAM_CLOSED"},
	{id: "P77", name: "HEADERS after END_STREAM", answer: func(p *h2test.Peer) {
		patchHead(":status", "200")(p)
		p.Headers(1, h2test.EndStream, ":status", "200")
	}, ours: "GOAWAY 0 STREAM_CLOSED"},
	{id: "P40", name: "ENABLE_CONNECT_PROTOCOL is taken back", answer: patchThenHead(func(p *h2test.Peer) {
		p.Settings(wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 1})
		p.Settings(wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 0})
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "200 length=0"},
	{id: "P16", name: "SETTINGS that overflow a stream's window", answer: patchThenHead(func(p *h2test.Peer) {
		p.WindowUpdate(1, wire.MaxWindow-wire.DefaultWindow)
		p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: wire.DefaultWindow + 1})
	}), ours: "GOAWAY 0 FLOW_CONTROL_ERROR", upstream: "200 length=0"},
	{id: "P78", name: "less content than was declared", request: func(r *http.Request) {
		r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(strings.NewReader("hello")), 7
	}, ours: "RST_STREAM 1 CANCEL", upstream: "DATA 1 0 bytes END_STREAM"},
	{id: "P79", name: "trailers without content", request: func(r *http.Request) { r.Trailer = http.Header{"A": {"1"}} },
		ours: `HEADERS 1 a="1" END_STREAM`},
	{id: "P80", name: "a stream that the server has not processed", answer: func(p *h2test.Peer) { p.GoAway(0, wire.NoError, "") },
		upstream: "RST_STREAM 1 CANCEL"},
	{id: "P91", name: "more content than was declared", answer: func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "3")
		p.Data(1, h2test.KeepOpen, "content")
	}, ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "RST_STREAM 1 CANCEL"},
	{id: "P81", name: "an error of Got1xxResponse", request: func(r *http.Request) {
		*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(int, textproto.MIMEHeader) error { return errors.New("enough") },
		}))
	}, answer: func(p *h2test.Peer) { p.Headers(1, h2test.KeepOpen, ":status", "103") }, ours: "RoundTrip: enough", upstream: "RoundTrip: stream error: stream ID 1; PROTOCOL_ERROR; enough"},
}

// patchField is a request with one more field.
func patchField(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header[key] = []string{value} }
}

// patchHead is a response without content.
func patchHead(namesAndValues ...string) func(*h2test.Peer) {
	return func(p *h2test.Peer) { p.Headers(1, h2test.EndStream, namesAndValues...) }
}

// patchThenHead is a server that answers, after something that it should not do.
func patchThenHead(first func(p *h2test.Peer)) func(*h2test.Peer) {
	return func(p *h2test.Peer) {
		first(p)
		patchHead(":status", "200")(p)
	}
}
