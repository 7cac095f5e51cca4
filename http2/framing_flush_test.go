package http2

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// noError closes a stream whose request nobody reads to its end (RFC 9113 §8.1).
func noError() h2test.Expectation { return h2test.RSTStreamFrame(1, wire.NoError) }

// respond returns a handler that sets fields, flushes status, and does the rest.
func respond(status int, fields []string, rest func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		setFields(w, fields...)
		w.WriteHeader(status)
		flushNow(w)
		rest(w)
	}
}

// The handler's rest.
func andReturn(http.ResponseWriter) {}

func andSleep(d time.Duration) func(http.ResponseWriter) {
	return func(http.ResponseWriter) { time.Sleep(d) }
}

func TestAFlushOfABodilessResponseEndsIt(t *testing.T) {
	head := []string{":method", "HEAD"}
	framingRows(t, []framingRow{{
		sentence: "a response to HEAD is ended by its field section",
		request:  head,
		handler:  respond(200, []string{"Content-Length", "5"}, andSleep(time.Hour)),
		want:     atOnce(headersES(":status", "200", "content-length", "5")),
	}, {
		sentence: "what was written for HEAD before tells the type",
		request:  head,
		handler: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
			flushNow(w)
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
			flushNow(w)
		},
		want: atOnce(headersES(":status", "200", "content-type", "text/plain; charset=utf-8")),
	}, {
		sentence: "HEAD comes before everything that would announce or hold",
		request:  head,
		handler: respond(200, []string{"Trailer", "X-T", "Grpc-Status", "5", "Content-Type", "application/grpc"}, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, "X-T", "v")
		}),
		want: atOnce(headersES(":status", "200", "trailer", "X-T", "grpc-status", "5", "content-type", "application/grpc")),
	}, {
		sentence: "204 is ended by its field section, and has no trailers",
		handler: respond(204, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, http.TrailerPrefix+"X-T", "v")
			io.WriteString(w, "hello")
		}),
		want: atOnce(headersES(":status", "204")),
	}, {
		sentence: "304 is ended by its field section",
		handler:  respond(304, []string{"Etag", `"a"`, "Grpc-Status", "5"}, andSleep(time.Hour)),
		want:     atOnce(headersES(":status", "304", "etag", `"a"`, "grpc-status", "5")),
	}, {
		sentence: "the rest of a request that nobody waits for is refused once the handler returns",
		open:     true,
		handler:  respond(204, nil, andSleep(time.Hour)),
		want:     []framingAt{at(0, headersES(":status", "204")), at(time.Hour, noError())},
	}})
}

func TestAFlushOfAnAnnouncedResponseReleasesItAtOnce(t *testing.T) {
	trailers := func(w http.ResponseWriter) {
		time.Sleep(time.Hour)
		setFields(w, http.TrailerPrefix+"Grpc-Status", "0")
	}
	framingRows(t, []framingRow{{
		sentence: "CONNECT: the tunnel is open",
		request:  []string{":method", "CONNECT", ":scheme", "-", ":path", "-"},
		open:     true,
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, dataES("hello"), noError())},
	}, {
		sentence: "declared trailers are sure to come",
		handler: respond(200, []string{"Trailer", "X-T"}, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, "X-T", "v")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200", "trailer", "X-T")), at(time.Hour, headersES("x-t", "v"))},
	}, {
		sentence: "declared trailers that may not be sent announce nothing",
		handler:  respond(200, append([]string{"Trailer", "Content-Length"}, trailersOnly...), andReturn),
		want:     atOnce(headersES(append([]string{"trailer", "Content-Length", "content-length", "0"}, trailersOnlySent...)...)),
	}, {
		sentence: "content-length > 0: a body is sure to come",
		handler: respond(200, []string{"Content-Length", "5"}, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200", "content-length", "5")), at(time.Hour, dataES("hello"))},
	}, {
		sentence: "application/grpc without grpc-status: messages or trailers are sure to come",
		handler:  respond(200, []string{"Content-Type", "application/grpc"}, trailers),
		want: []framingAt{
			at(0, headersOpen(":status", "200", "content-type", "application/grpc")),
			at(time.Hour, headersES("grpc-status", "0")),
		},
	}, {
		sentence: "application/grpc+proto is gRPC too",
		handler:  respond(200, []string{"Content-Type", "application/grpc+proto"}, trailers),
		want: []framingAt{
			at(0, headersOpen(":status", "200", "content-type", "application/grpc+proto")),
			at(time.Hour, headersES("grpc-status", "0")),
		},
	}, {
		sentence: "gRPC-Web has its trailers in the body",
		handler: respond(200, []string{"Content-Type", "application/grpc-web+proto"}, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "\x80\x00\x00\x00\x00")
		}),
		want: []framingAt{
			at(0, headersOpen(":status", "200", "content-type", "application/grpc-web+proto")),
			at(time.Hour, dataES("\x80\x00\x00\x00\x00")),
		},
	}, {
		sentence: "an announcement that is not kept ends with an empty DATA frame",
		handler:  respond(200, []string{"Content-Length", "5"}, andSleep(time.Hour)),
		want:     []framingAt{at(0, headersOpen(":status", "200", "content-length", "5")), at(time.Hour, dataES(""))},
	}, {
		sentence: "an announcement that is not kept ends with grpc-status once more, if there was one",
		handler: respond(200, []string{"Trailer", "X-T", "Grpc-Status", "5", "Grpc-Message", "no", "X-A", "b"},
			andSleep(time.Hour)),
		want: []framingAt{
			at(0, headersOpen(":status", "200", "trailer", "X-T", "grpc-status", "5", "grpc-message", "no", "x-a", "b")),
			at(time.Hour, headersES("grpc-status", "5", "grpc-message", "no")),
		},
	}, {
		sentence: "an announcement that is kept repeats nothing",
		handler: respond(200, []string{"Trailer", "X-T", "Grpc-Status", "5"}, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, "X-T", "v")
		}),
		want: []framingAt{
			at(0, headersOpen(":status", "200", "trailer", "X-T", "grpc-status", "5")),
			at(time.Hour, headersES("x-t", "v")),
		},
	}})
}

// P1.
func TestTrailersOnlyIsHeldUntilTheHandlerReturns(t *testing.T) {
	for _, contentType := range []string{"application/grpc", "application/grpc+proto", "application/grpc-web", "application/grpc-web-text+proto"} {
		fields := []string{"Content-Type", contentType, "Grpc-Status", "12", "Grpc-Message", "unknown method"}
		sent := []string{":status", "200", "content-type", contentType, "grpc-status", "12", "grpc-message", "unknown method"}
		framingRows(t, []framingRow{{
			sentence: contentType + ": one frame, hours later",
			handler:  respond(200, fields, andSleep(3*time.Hour)),
			want:     []framingAt{at(3*time.Hour, headersES(append(sent, "content-length", "0")...))},
		}, {
			sentence: contentType + ": content-length: 0 stays, and may be followed by trailers",
			handler: respond(200, append(fields, "Content-Length", "0"), func(w http.ResponseWriter) {
				time.Sleep(3 * time.Hour)
				setFields(w, http.TrailerPrefix+"Grpc-Status", "13")
			}),
			want: []framingAt{at(3*time.Hour, headersOpen(append(sent, "content-length", "0")...), headersES("grpc-status", "13"))},
		}})
	}
	framingRows(t, []framingRow{{
		sentence: "grpc-status is enough, whatever the content-type",
		handler:  respond(200, []string{"Grpc-Status", "0"}, andSleep(time.Hour)),
		want:     []framingAt{at(time.Hour, headersES(":status", "200", "grpc-status", "0", "content-length", "0"))},
	}, {
		sentence: "grpc-status that may not be sent is none",
		handler:  respond(200, []string{"Grpc-Status", "0\n"}, andSleep(time.Hour)),
		want:     []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}})
}

// P1, P2.
func TestAFlushOfAnOpenResponseReleasesItAtOnce(t *testing.T) {
	framingRows(t, []framingRow{{
		sentence: "DATA without content ends a response that nothing follows",
		handler:  respond(200, nil, andReturn),
		want:     atOnce(headersOpen(":status", "200"), dataES("")),
	}, {
		sentence: "the header does not wait for the end",
		handler:  respond(404, []string{"X-A", "b"}, andSleep(time.Hour)),
		want:     []framingAt{at(0, headersOpen(":status", "404", "x-a", "b")), at(time.Hour, dataES(""))},
	}, {
		sentence: "an implied header is released too",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			flushNow(w)
			time.Sleep(time.Hour)
		},
		want: []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}, {
		sentence: "content-length: 0 is no promise that no trailers follow",
		handler:  respond(200, []string{"Content-Length", "0"}, andReturn),
		want:     atOnce(headersOpen(":status", "200", "content-length", "0"), dataES("")),
	}, {
		sentence: "more Flushes change nothing",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			for range 10 {
				flushNow(w)
				time.Sleep(time.Minute)
			}
		},
		want: []framingAt{at(0, headersOpen(":status", "200")), at(10*time.Minute, dataES(""))},
	}, {
		sentence: "trailers follow",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, http.TrailerPrefix+"X-T", "v")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, headersES("x-t", "v"))},
	}, {
		sentence: "a body follows",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, dataES("hello"))},
	}})
}

// The bubble's time stands still as long as the handler, or its client, does not sleep.
func TestAFlushedHeaderIsOnTheWireBeforeAnyTimePasses(t *testing.T) {
	var client *h2test.Peer
	var seen chan struct{} // of the bubble
	handler := func(w http.ResponseWriter, _ *http.Request) {
		flushNow(w)
		synctest.Wait()
		client.WantNow("the header is there", headersOpen(":status", "200"))
		close(seen)
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		client, seen = p, make(chan struct{})
		start := time.Now()
		p.Request(1, h2test.EndStream)
		<-seen
		p.WantNow("and the end", dataES(""))
		if d := time.Since(start); d != 0 {
			t.Errorf("%v have passed", d)
		}
	})
}
