package http2

import (
	"io"
	"net/http"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// holdLimit is how long the contract lets an open response be held.
const holdLimit = time.Millisecond

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
		handler:  respond(200, []string{"Trailer", "Content-Length"}, andReturn),
		want:     atOnce(headersES(":status", "200", "trailer", "Content-Length", "content-length", "0")),
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
		sentence: "an announcement that is not kept ends with an empty DATA frame, for the header has left",
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
		want:     []framingAt{at(holdLimit, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}})
}

// P1.
func TestAnOpenResponseIsHeldForAMillisecond(t *testing.T) {
	framingRows(t, []framingRow{{
		sentence: "a handler that returns after its Flush answers with one frame",
		handler:  respond(200, nil, andReturn),
		want:     atOnce(headersES(":status", "200", "content-length", "0")),
	}, {
		sentence: "a handler that returns within the limit answers with one frame",
		handler:  respond(404, []string{"X-A", "b"}, andSleep(holdLimit-time.Microsecond)),
		want:     []framingAt{at(holdLimit-time.Microsecond, headersES(":status", "404", "x-a", "b", "content-length", "0"))},
	}, {
		sentence: "the limit releases the header",
		handler:  respond(200, nil, andSleep(time.Hour)),
		want:     []framingAt{at(holdLimit, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}, {
		sentence: "an implied header is held too",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			flushNow(w)
			time.Sleep(time.Hour)
		},
		want: []framingAt{at(holdLimit, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}, {
		sentence: "content-length: 0 announces nothing",
		handler:  respond(200, []string{"Content-Length", "0"}, andReturn),
		want:     atOnce(headersES(":status", "200", "content-length", "0")),
	}, {
		sentence: "more Flushes do not hold it longer",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			for range 10 {
				flushNow(w)
				time.Sleep(holdLimit / 4)
			}
		},
		want: []framingAt{at(holdLimit, headersOpen(":status", "200")), at(10*(holdLimit/4), dataES(""))},
	}, {
		sentence: "trailers follow a header that the limit released",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, http.TrailerPrefix+"X-T", "v")
		}),
		want: []framingAt{at(holdLimit, headersOpen(":status", "200")), at(time.Hour, headersES("x-t", "v"))},
	}, {
		sentence: "a body follows a header that the limit released",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
		}),
		want: []framingAt{at(holdLimit, headersOpen(":status", "200")), at(time.Hour, dataES("hello"))},
	}})
}

func TestEachStreamIsHeldForTheSameTime(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			flushNow(w)
			time.Sleep(holdLimit / 2)
		case "/long":
			flushNow(w)
			time.Sleep(time.Hour)
		}
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		const gap = holdLimit / 4
		start := time.Now()
		p.Request(1, h2test.EndStream, ":path", "/long")
		time.Sleep(gap)
		p.Request(3, h2test.EndStream, ":path", "/short")
		time.Sleep(gap)
		p.Request(5, h2test.EndStream, ":path", "/long")
		wantTimeline(p, start, "each has its own limit", []framingAt{
			at(3*gap, h2test.HeadersFrame(3, h2test.EndStream, ":status", "200", "content-length", "0")),
			at(holdLimit, h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "200")),
			at(2*gap+holdLimit, h2test.HeadersFrame(5, h2test.KeepOpen, ":status", "200")),
			at(time.Hour, h2test.DataFrame(1, "", h2test.EndStream)),
			at(time.Hour+2*gap, h2test.DataFrame(5, "", h2test.EndStream)),
		})
	})
}

// Two requests that come at different times make one queue of holds; a third,
// after it has been empty, arms the timer again.
func TestAHoldIsLimitedAfterAQuietTime(t *testing.T) {
	handler := respond(200, nil, andSleep(time.Hour))
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		for id := uint32(1); id < 9; id += 2 {
			p.Request(id, h2test.EndStream)
			time.Sleep(holdLimit - tick)
			p.WantNothing("it is held")
			time.Sleep(tick)
			p.WantNow("the limit is over", h2test.HeadersFrame(id, h2test.KeepOpen, ":status", "200"))
			time.Sleep(time.Minute)
		}
	})
}
