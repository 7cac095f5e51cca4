package http2

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

var patchCases = []patchCase{
	{id: "P8", name: "trailers after our reset", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		twinPause()
		p.Headers(1, h2test.EndStream, "a", "1")
	}), upstream: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P8", name: "HEADERS on a stream that both sides ended", handler: answers(answerOK), script: patchServed(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
	}), ours: "GOAWAY 0 STREAM_CLOSED", upstream: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P8", name: "HEADERS on a stream that the client reset", handler: patchWaits, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		p.RST(1, wire.Cancel)
		p.Request(1, h2test.EndStream)
	}), ours: "RST_STREAM 1 STREAM_CLOSED", upstream: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P18", name: "grpc-status in a header that left before the end", handler: answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Grpc-Status", "5")
		twinFlush(w)
		io.ReadAll(r.Body) // which releases the header
	}), script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		twinPause()
		p.Data(1, h2test.EndStream, "x")
	}), ours: `HEADERS 1 grpc-status="5" END_STREAM`, upstream: "DATA 1 0 bytes END_STREAM"},
	{id: "P19", name: "Flush while the network takes nothing", handler: patchFlushes, script: patchStalled(func(p *h2test.Peer) {
		p.Request(3, h2test.EndStream)
	}), ours: "Flush took 0s", upstream: "Flush took 1s"},
	{id: "P102", name: "pushes beyond the server's own limit", handler: func(l *eventLog) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := range 3 {
				if r.URL.Path == "/" {
					l.add(fmt.Sprintf("push %d: %v", i, w.(http.Pusher).Push("/pushed", nil)))
				}
			}
			<-r.Context().Done()
		}
	}, server: func(hs *http.Server) {
		hs.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 2}
	}, script: patchScript(twinGet), ours: "push 2: " + ErrPushLimitReached.Error(), upstream: "push 2: <nil>"},
	{id: "P107", name: "a field section that does not end", handler: patchWaits, script: patchScript(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Headers, endStream, 1, block))
		time.Sleep(20 * time.Second)
	}), ours: "GOAWAY 0 ENHANCE_YOUR_CALM"},
	{id: "P20", name: "writes while the network takes nothing", handler: patchAside(func(w http.ResponseWriter, _ *http.Request) {
		for range 2 {
			w.Write(make([]byte, 100))
			twinFlush(w)
		}
	}), script: patchStalled(func(p *h2test.Peer) {
		p.Request(3, h2test.EndStream)
	}), ours: "DATA 3 200 bytes", upstream: "DATA 3 100 bytes"},
	patchLate("Write", func(w http.ResponseWriter) { io.WriteString(w, "x") }),
	patchLate("WriteHeader", func(w http.ResponseWriter) { w.WriteHeader(200) }),
	patchLate("Header", func(w http.ResponseWriter) { w.Header() }),
	patchLate("Flush", twinFlush),
	{id: "P24", name: "the body of a pushed request", handler: patchPushes("x"), script: patchScript(twinGet), ours: "http.NoBody: true", upstream: "http.NoBody: false"},
	{id: "P120", name: "Connection: close, and a request that is on its way", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	}), script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.Request(3, h2test.EndStream)
	}), ours: "HEADERS 3"},
	{id: "P26", name: "an empty Content-Length", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "")
	}), script: patchScript(twinGet), upstream: `content-length=""`},
	{id: "P27", name: "the order of trailers that were declared", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Z, A")
		io.WriteString(w, "x")
		w.Header().Set("Z", "1")
		w.Header().Set("A", "1")
	}), script: patchScript(twinGet), ours: `a="1" z="1"`, upstream: `z="1" a="1"`},
	{id: "P27", name: "trailers without a value", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A")
		io.WriteString(w, "x")
		w.Header()["A"] = nil
	}), script: patchScript(twinGet), ours: "DATA 1 1 bytes END_STREAM"}, // nothing ends upstream's
	{id: "P29", name: "a parameter twice", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1}, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 2})
		p.Request(1, h2test.EndStream)
	}), ours: "DATA 1 2 bytes END_STREAM", upstream: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P30", name: "DATA beyond the connection's window", server: func(hs *http.Server) {
		hs.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 1 << 20, MaxReceiveBufferPerStream: 1 << 20}
	}, handler: patchWaits, script: patchScript(func(p *h2test.Peer) {
		for id := uint32(1); id <= 3; id += 2 {
			p.Request(id, h2test.KeepOpen, ":method", "POST")
			p.Data(id, h2test.KeepOpen, strings.Repeat("x", 600<<10))
		}
	}), ours: "GOAWAY 0 FLOW_CONTROL_ERROR", upstream: "RST_STREAM 3 FLOW_CONTROL_ERROR"},
	{id: "P31", name: "a little content that is consumed", handler: patchReads, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 8<<10))
	}), upstream: "WINDOW_UPDATE 1"},
	{id: "P31", name: "half of a window that has not grown", handler: patchReads, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 64<<10))
	}), ours: "WINDOW_UPDATE 1 65536"},
	{id: "P32", name: "PINGs from a client that does not read", handler: answers(answerOK), script: patchStalled(func(p *h2test.Peer) {
		for range 10500 {
			p.Ping(false, [8]byte{})
		}
	}), ours: "PING 0 ack=true"},
	{id: "P33", name: "streams that are cancelled", handler: patchWaits, script: patchScript(func(p *h2test.Peer) {
		for id := uint32(1); id < 2300; id += 2 {
			p.Request(id, h2test.EndStream)
			p.RST(id, wire.Cancel)
			settled()
		}
	}), ours: "GOAWAY 0 ENHANCE_YOUR_CALM"},
	{id: "P34", name: "PRIORITY without end", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Raw([]byte(strings.Repeat(string(rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x00\x10")), 10500)))
	}), ours: "GOAWAY 0 ENHANCE_YOUR_CALM"},
	{id: "P35", name: "what the client did", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Data(0, h2test.EndStream, "x")
	}), ours: `GOAWAY 0 PROTOCOL_ERROR "DATA`, upstream: `GOAWAY 0 PROTOCOL_ERROR ""`},
	{id: "P97", name: "an error after a graceful GOAWAY", handler: patchWaits, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		p.GoAway(0, wire.NoError, "")
		twinPause()
		p.Data(0, h2test.EndStream, "x")
	}), ours: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P98", name: "a malformed field with CONTINUATION to come", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Headers, endStream, 1, block+"\x00\x01A\x01x"))
		p.Raw(rawFrame(wire.Continuation, endHeaders, 1, ""))
	}), ours: "RST_STREAM 1 PROTOCOL_ERROR", upstream: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P99", name: "a request that is reset at once", handler: func(l *eventLog) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) { l.add("the handler runs") }
	}, script: patchScript(func(p *h2test.Peer) {
		p.Raw(append(openWhole(1), wire.AppendRSTStream(nil, 1, wire.Cancel)...))
	}), upstream: "the handler runs"},
	{id: "P40", name: "ENABLE_CONNECT_PROTOCOL is taken back", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Settings(wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 1})
		p.Settings(wire.Setting{ID: wire.SettingEnableConnectProtocol, Val: 0})
	}), ours: "GOAWAY 0 PROTOCOL_ERROR"},
	{id: "P69", name: "PRIORITY on an idle stream that depends on itself", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		p.Raw(rawFrame(wire.Priority, 0, 9, "\x00\x00\x00\x09\x10"))
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "RST_STREAM 9 PROTOCOL_ERROR"},
	{id: "P70", name: "an expectation without content", handler: patchReads, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream, "expect", "100-continue")
	}), upstream: `HEADERS 1 :status="100"`},
	{id: "P71", name: "an expectation after early hints", handler: answers(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.Copy(w, r.Body)
	}), script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
	}), ours: `HEADERS 1 :status="100"`},
	{id: "P90", name: "a large cookie, two hundred times", handler: answers(answerOK), script: patchScript(func(p *h2test.Peer) {
		fields := []string{":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/"}
		for range 200 {
			fields = append(fields, "cookie", strings.Repeat("x", 4000))
		}
		p.Headers(1, h2test.EndStream, fields...)
	}), ours: `HEADERS 1 :status="431"`, upstream: `HEADERS 1 :status="200"`},
	{id: "P87", name: "trailers that are too large", server: func(hs *http.Server) { hs.MaxHeaderBytes = 1000 }, handler: patchReads, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "a, b")
		twinPause()
		p.Headers(1, h2test.EndStream, "a", strings.Repeat("x", 900), "b", strings.Repeat("x", 900))
	}), ours: "RST_STREAM 1 PROTOCOL_ERROR"},
	{id: "P72", name: "trailers of a response without content", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A")
		w.WriteHeader(http.StatusNoContent)
		w.Header().Set("A", "1")
	}), script: patchScript(twinGet), upstream: `HEADERS 1 a="1" END_STREAM`},
	{id: "P73", name: "a connection-specific field in a promise", handler: patchPushes("upgrade"), script: patchScript(twinGet),
		ours: `request header "upgrade" is not valid in HTTP/2`},
	{id: "P85", name: "DATA on a promised stream whose response has not begun", handler: patchPromises, script: patchServed(func(p *h2test.Peer) {
		p.Data(2, h2test.KeepOpen, "x")
	}), ours: "GOAWAY 0 PROTOCOL_ERROR", upstream: "RST_STREAM 2 STREAM_CLOSED"},
}

// patchReads is a handler that reads the body, for as long as it takes.
func patchReads(*eventLog) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }
}

// patchAside makes a patchCase's handler of one that is not to see the request on stream 1.
func patchAside(h http.HandlerFunc) func(*eventLog) http.HandlerFunc {
	return func(*eventLog) http.HandlerFunc { return serverMux(h) }
}

// patchFlushes notes how long a Flush of a byte takes.
func patchFlushes(l *eventLog) http.HandlerFunc {
	return serverMux(func(w http.ResponseWriter, _ *http.Request) {
		start := time.Now()
		io.WriteString(w, "x")
		twinFlush(w)
		l.add(fmt.Sprint("Flush took ", time.Since(start).Truncate(500*time.Millisecond)))
	})
}

// patchLate is a call when the handler has returned.
func patchLate(name string, call func(w http.ResponseWriter)) patchCase {
	var noted *eventLog
	var w http.ResponseWriter
	return patchCase{id: "P21", name: name + " after the handler", handler: func(l *eventLog) http.HandlerFunc {
		noted = l
		return func(given http.ResponseWriter, _ *http.Request) { w = given }
	}, script: patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.Ping(false, [8]byte{})
		for f := p.Next(); f.Type != wire.Ping; f = p.Next() { // what it answers knows that the handler has returned
		}
		defer func() {
			if recover() != nil {
				noted.add("panicked")
			}
		}()
		call(w)
		noted.add("returned")
	}), ours: "returned", upstream: "panicked"}
}

// patchPromises promises a request whose handler waits for the end of its stream.
func patchPromises(*eventLog) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/promised" {
			<-r.Context().Done()
			return
		}
		w.(http.Pusher).Push("/promised", nil)
	}
}

// patchPushes promises a request with a field, and notes what comes of it.
func patchPushes(name string) func(*eventLog) http.HandlerFunc {
	return func(l *eventLog) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/pushed" {
				l.add(fmt.Sprintf("http.NoBody: %v", r.Body == http.NoBody))
				return
			}
			l.add(fmt.Sprint(w.(http.Pusher).Push("/pushed", &http.PushOptions{Header: http.Header{name: {"x"}}})))
		}
	}
}
