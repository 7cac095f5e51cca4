package http2

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// answers makes a twinCase's handler of one that writes no log.
func answers(h http.HandlerFunc) func(*eventLog) http.HandlerFunc {
	return func(*eventLog) http.HandlerFunc { return h }
}

func twinGet(p *h2test.Peer) { p.Request(1, h2test.EndStream) }

func twinRequest(namesAndValues ...string) func(*h2test.Peer) {
	return func(p *h2test.Peer) { p.Request(1, h2test.EndStream, namesAndValues...) }
}

// post sends a body, in two frames.
func twinPost(p *h2test.Peer) {
	p.Request(1, h2test.KeepOpen, ":method", "POST")
	p.Data(1, h2test.KeepOpen, "hello, ")
	twinPause()
	p.Data(1, h2test.EndStream, "world")
}

func twinFlush(w http.ResponseWriter) { w.(http.Flusher).Flush() }

// describeRequest logs what a handler sees of a request.
func describeRequest(l *eventLog) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l.add(fmt.Sprintf("%s %q %q host=%q uri=%q length=%d %s %d.%d remote=%s close=%t",
			r.Method, r.URL, r.URL.RawQuery, r.Host, r.RequestURI, r.ContentLength, r.Proto, r.ProtoMajor, r.ProtoMinor, r.RemoteAddr, r.Close))
		for _, k := range slices.Sorted(maps.Keys(r.Header)) {
			l.add(fmt.Sprintf("%s: %q", k, r.Header[k]))
		}
		l.add(fmt.Sprintf("Trailer: %v, TLS: %v, encoding %v", r.Trailer, r.TLS != nil, r.TransferEncoding))
		b, err := io.ReadAll(r.Body)
		l.add(fmt.Sprintf("body: %.60q, %v", b, err))
		l.add(fmt.Sprintf("Trailer after it: %v", r.Trailer))
		n, err := r.Body.Read(make([]byte, 1))
		l.add(fmt.Sprintf("Read again: %d, %v", n, err))
		l.add(fmt.Sprintf("Close: %v", r.Body.Close()))
	}
}

// logs runs f, and logs what it returns.
func logs(f func(w http.ResponseWriter, r *http.Request) (what any, err error)) func(*eventLog) http.HandlerFunc {
	return func(l *eventLog) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			what, err := f(w, r)
			l.add(fmt.Sprintf("%v, %v (deadline: %t)", what, err, errors.Is(err, os.ErrDeadlineExceeded)))
		}
	}
}

func writes(sizes ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i, n := range sizes {
			w.Write([]byte(strings.Repeat(string(rune('a'+i)), n)))
		}
	}
}

var twinCases = slices.Concat(twinResponses, twinTrailers, twinRequests, twinEndings, twinMalformed)

var twinResponses = []twinCase{
	{name: "nothing", handler: answers(func(http.ResponseWriter, *http.Request) {}), script: twinGet},
	{name: "a small body", handler: answers(writes(5)), script: twinGet},
	{name: "a body that fills the buffer", handler: answers(writes(4096)), script: twinGet},
	{name: "a body larger than the buffer", handler: answers(writes(4097)), script: twinGet},
	{name: "many writes", handler: answers(writes(1000, 1000, 1000, 1000, 1000)), script: twinGet},
	{name: "a large body", handler: answers(writes(40000)), script: twinGet},
	{name: "204", handler: answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }), script: twinGet},
	{name: "304 with fields", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"x"`)
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(304)
	}), script: twinGet},
	{name: "a body where none is allowed", handler: logs(func(w http.ResponseWriter, _ *http.Request) (any, error) {
		w.WriteHeader(204)
		return w.Write([]byte("x"))
	}), script: twinGet},
	{name: "404", handler: answers(http.NotFound), script: twinGet},
	{name: "status 999", handler: answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(999) }), script: twinGet},
	{name: "an impossible status", handler: answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) }), script: twinGet},
	{name: "two WriteHeaders", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.WriteHeader(500)
	}), script: twinGet},
	{name: "fields set too late", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.Header().Set("X-Late", "1")
	}), script: twinGet},
	{name: "HEAD without a body", handler: answers(func(http.ResponseWriter, *http.Request) {}), script: twinRequest(":method", "HEAD")},
	{name: "HEAD with a small body", handler: answers(writes(5)), script: twinRequest(":method", "HEAD")},
	{name: "HEAD with a large body", handler: answers(writes(5000)), script: twinRequest(":method", "HEAD")},
	{name: "HEAD with a length", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "77")
	}), script: twinRequest(":method", "HEAD")},
	{name: "a declared length", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "12345")
	}), script: twinGet},
	{name: "more than the declared length", patch: "P3", handler: logs(func(w http.ResponseWriter, _ *http.Request) (any, error) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "123")
		return io.WriteString(w, "456")
	}), script: twinGet},
	{name: "less than the declared length", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "123")
	}), script: twinGet},
	{name: "a length that is no number", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "five")
		io.WriteString(w, "12345")
	}), script: twinGet},
	{name: "its own content type, encoding and date", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/x")
		w.Header().Set("Content-Encoding", "y")
		w.Header().Set("Date", "")
		io.WriteString(w, "<html>")
	}), script: twinGet},
	{name: "no content type", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "<html>")
	}), script: twinGet},
	{name: "fields that HTTP/2 does not have", patch: "P4", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		for _, k := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Te"} {
			w.Header().Set(k, "x")
		}
		w.Header().Set("X-Kept", "1")
	}), script: twinGet},
	{name: "fields that are not valid", patch: "P5", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Bad"] = []string{"a\nb", "good"}
		w.Header()["bad name"] = []string{"1"}
		w.Header()[":status"] = []string{"1"}
		w.Header()["X-Space"] = []string{" x "}
		w.Header()["x-lower"] = []string{"1", "2"}
	}), script: twinGet},
	{name: "a flush between two writes", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a")
		twinFlush(w)
		twinPause()
		io.WriteString(w, "b")
	}), script: twinGet},
	{name: "a flush and a late body", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		twinFlush(w)
		twinPause()
		io.WriteString(w, "b")
	}), script: twinGet},
	{name: "a flush and nothing", handler: answers(func(w http.ResponseWriter, _ *http.Request) { twinFlush(w) }), script: twinGet},
	{name: "a flush of grpc-status and nothing", patch: "P1", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Grpc-Status", "5")
		twinFlush(w)
		twinPause()
	}), script: twinGet},
	{name: "a flush, and nothing for long", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		twinFlush(w)
		twinPause()
	}), script: twinGet},
	{name: "103", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</x>")
		w.WriteHeader(103)
		twinPause()
		w.Header().Del("Link")
		w.WriteHeader(200)
	}), script: twinGet},
	{name: "100 and 102", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(100)
		w.WriteHeader(102)
		w.WriteHeader(200)
	}), script: twinGet},
	{name: "101", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(101)
		io.WriteString(w, "x")
	}), script: twinGet},
	{name: "two requests", handler: answers(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream, ":path", "/1")
		p.Request(3, h2test.EndStream, ":path", "/3")
	}},
	{name: "a small window", settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 3}}, handler: answers(writes(10)), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.WindowUpdate(1, 4)
		twinPause()
		p.WindowUpdate(1, 100)
	}},
	{name: "a redirect", handler: answers(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/y", http.StatusFound) }), script: twinGet},
}

var twinTrailers = []twinCase{
	{name: "declared trailers and a body", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A, B")
		io.WriteString(w, "x")
		w.Header().Set("A", "1")
		w.Header().Set("B", "2")
	}), script: twinGet},
	{name: "declared trailers and no body", patch: "P6", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A")
		w.WriteHeader(200)
		w.Header().Set("A", "1")
	}), script: twinGet},
	{name: "prefixed trailers", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "x")
		w.Header().Set(http.TrailerPrefix+"A", "1")
	}), script: twinGet},
	{name: "trailers that are forbidden", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Content-Length, A, Transfer-Encoding")
		io.WriteString(w, "x")
		w.Header().Set("A", "1")
	}), script: twinGet},
	{name: "declared trailers that are not set", patch: "P2", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A")
		w.WriteHeader(200)
	}), script: twinGet},
	{name: "trailers of a request", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "a, B")
		p.Data(1, h2test.KeepOpen, "body")
		p.Headers(1, h2test.EndStream, "a", "1", "b", "2", "c", "3")
	}},
}

var twinRequests = []twinCase{
	{name: "GET", handler: describeRequest, script: twinRequest(":path", "/a%20b/c?d=e&f", "x-a", "1", "x-a", "2", "user-agent", "u")},
	{name: "POST", handler: describeRequest, script: twinPost},
	{name: "POST with its length", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "content-length", "5")
		p.Data(1, h2test.EndStream, "12345")
	}},
	{name: "cookies", handler: describeRequest, script: twinRequest("cookie", "a=1", "cookie", "b=2; c=3")},
	{name: "a Host field", on127: "P12", handler: describeRequest, script: twinRequest(":authority", "-", "host", "h.example")},
	{name: "OPTIONS *", handler: describeRequest, script: twinRequest(":method", "OPTIONS", ":path", "*")},
	{name: "CONNECT", handler: answers(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %q %q", r.Method, r.Host, r.URL) }),
		script: twinRequest(":method", "CONNECT", ":scheme", "-", ":path", "-")},
	{name: "te: trailers", handler: describeRequest, script: twinRequest("te", "trailers")},
	{name: "te: gzip", patch: "P7", handler: describeRequest, script: twinRequest("te", "gzip")},
	{name: "connection", patch: "P7", handler: describeRequest, script: twinRequest("connection", "close")},
	{name: "transfer-encoding", patch: "P7", handler: describeRequest, script: twinRequest("transfer-encoding", "chunked")},
	{name: "Expect, and the body is read", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		twinPause()
		p.Data(1, h2test.EndStream, "x")
	}},
	{name: "Expect, and the body is not read", patch: "P8", handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		twinPause()
		p.Data(1, h2test.EndStream, "x")
	}},
	{name: "Expect, and the body is read after the response began", handler: answers(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "x")
		twinFlush(w)
		io.Copy(w, r.Body)
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		twinPause()
		p.Data(1, h2test.EndStream, "x")
	}},
	{name: "a body that nobody reads", patch: "P8", handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, "x")
		twinPause()
		p.Data(1, h2test.EndStream, "y")
		p.Request(3, h2test.EndStream)
	}},
	{name: "a body that is closed", patch: "P8", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		r.Body.Close()
		return r.Body.Read(make([]byte, 1))
	}), script: twinPost},
	{name: "an echo", handler: answers(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		for {
			n, err := r.Body.Read(b)
			w.Write(b[:n])
			twinFlush(w)
			if err != nil {
				return
			}
		}
	}), script: twinPost},
	{name: "too large a header", patch: "P9", server: func(hs *http.Server) { hs.MaxHeaderBytes = 1000 }, handler: answers(answerOK), script: twinRequest("x", strings.Repeat("x", 2000))},
}

var twinEndings = []twinCase{
	{name: "a panic", handler: answers(func(http.ResponseWriter, *http.Request) { panic("deliberate") }), script: twinGet},
	{name: "a panic after a write", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "x")
		panic(http.ErrAbortHandler)
	}), script: twinGet},
	{name: "a panic after a flush", handler: answers(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "x")
		twinFlush(w)
		twinPause()
		panic(http.ErrAbortHandler)
	}), script: twinGet},
	{name: "a reset while the handler reads", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		b, err := io.ReadAll(r.Body)
		return string(b), err
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, "abc")
		twinPause()
		p.RST(1, wire.Cancel)
	}},
	{name: "a reset while the handler waits", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		<-r.Context().Done()
		_, err := w.Write([]byte("x"))
		return err, r.Context().Err()
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.RST(1, wire.Cancel)
	}},
	{name: "a write after a reset", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		<-r.Context().Done()
		return w.Write(make([]byte, 10000))
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.RST(1, wire.Cancel)
	}},
	{name: "a flush after a reset", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		<-r.Context().Done()
		return nil, w.(interface{ FlushError() error }).FlushError()
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.RST(1, wire.Cancel)
	}},
	{name: "the connection closes while the handler reads", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		b, err := io.ReadAll(r.Body)
		return string(b), err
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, "abc")
		twinPause()
		p.Close()
	}},
	{name: "the connection closes while the handler writes", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		<-r.Context().Done()
		return w.Write(make([]byte, 10000))
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		p.Close()
	}},
	{name: "a read deadline", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		b, err := io.ReadAll(r.Body)
		return string(b), err
	}), script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, "abc")
	}},
	{name: "a write deadline", settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 10}}, handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
		_, err := w.Write(make([]byte, 10000))
		return nil, err
	}), script: twinGet},
	{name: "a write deadline in the past", handler: logs(func(w http.ResponseWriter, r *http.Request) (any, error) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(-time.Second))
		_, err := w.Write(make([]byte, 10000))
		return nil, err
	}), script: twinGet},
	{name: "GOAWAY from the client", handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		p.GoAway(0, wire.NoError, "")
	}},
	{name: "PING", handler: answers(answerOK), script: func(p *h2test.Peer) { p.Ping(false, [8]byte{1, 2, 3}) }},
	{name: "an unknown frame", handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Raw(rawFrame(0x77, 0xff, 1, "anything"))
		p.Request(1, h2test.EndStream)
	}},
}
