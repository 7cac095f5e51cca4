package http2

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestAResponseWithoutFlushIsFramedByWhatTheHandlerDid(t *testing.T) {
	const text = "text/plain; charset=utf-8"
	framingRows(t, []framingRow{{
		sentence: "a handler that does nothing answers with one frame",
		handler:  func(http.ResponseWriter, *http.Request) {},
		want:     atOnce(headersES(":status", "200", "content-length", "0")),
	}, {
		sentence: "a status alone is one frame",
		handler:  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		want:     atOnce(headersES(":status", "404", "content-length", "0")),
	}, {
		sentence: "the frame is sent when the handler returns",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			time.Sleep(time.Hour)
		},
		want: []framingAt{at(time.Hour, headersES(":status", "200", "content-length", "0"))},
	}, {
		sentence: "no bytes are no body",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Write(nil)
			io.WriteString(w, "")
		},
		want: atOnce(headersES(":status", "200", "content-length", "0")),
	}, {
		sentence: "a content-length that the handler gave stays",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, "Content-Length", "0", "X-A", "b")
		},
		want: atOnce(headersES(":status", "200", "x-a", "b", "content-length", "0")),
	}, {
		sentence: "trailers that were declared and not set are none",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, "Trailer", "X-T")
		},
		want: atOnce(headersES(":status", "200", "trailer", "X-T", "content-length", "0")),
	}, {
		sentence: "trailers that may not be sent are none: an empty field section ends no stream",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			setFields(w, http.TrailerPrefix+"Content-Length", "3", http.TrailerPrefix+"X-T", "not\nvalid")
		},
		want: atOnce(headersES(":status", "200", "content-length", "0")),
	}, {
		sentence: "declared trailers follow the header, which has no automatic content-length",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, "Trailer", "X-T")
			w.WriteHeader(http.StatusOK)
			setFields(w, "X-T", "v")
		},
		want: atOnce(headersOpen(":status", "200", "trailer", "X-T"), headersES("x-t", "v")),
	}, {
		sentence: "undeclared trailers follow the header, which has no automatic content-length",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, http.TrailerPrefix+"X-T", "v")
		},
		want: atOnce(headersOpen(":status", "200"), headersES("x-t", "v")),
	}, {
		sentence: "trailers may follow content-length: 0, as real gRPC servers have it",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, "Content-Length", "0", http.TrailerPrefix+"Grpc-Status", "0")
		},
		want: atOnce(headersOpen(":status", "200", "content-length", "0"), headersES("grpc-status", "0")),
	}, {
		sentence: "grpc-status alone needs no Flush to be Trailers-Only",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, "Content-Type", "application/grpc", "Grpc-Status", "12")
		},
		want: atOnce(headersES(":status", "200", "content-type", "application/grpc", "grpc-status", "12", "content-length", "0")),
	}, {
		sentence: "a body that fits the buffer is one DATA frame, and its length is told",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello, ")
			io.WriteString(w, "world")
		},
		want: atOnce(headersOpen(":status", "200", "content-type", text, "content-length", "12"), dataES("hello, world")),
	}, {
		sentence: "a body that fills the buffer fits it",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat("x", 4096))
		},
		want: atOnce(headersOpen(":status", "200", "content-type", text, "content-length", "4096"), dataES(strings.Repeat("x", 4096))),
	}, {
		sentence: "trailers follow a body that fits the buffer",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
			setFields(w, http.TrailerPrefix+"X-T", "v")
		},
		want: atOnce(
			headersOpen(":status", "200", "content-type", text, "content-length", "5"),
			h2test.DataFrame(1, "hello", h2test.KeepOpen),
			headersES("x-t", "v")),
	}, {
		sentence: "a response to HEAD has no DATA, and the content-length that the one to GET would have",
		request:  []string{":method", "HEAD"},
		handler:  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
		want:     atOnce(headersES(":status", "200", "content-type", text, "content-length", "5")),
	}, {
		sentence: "a response to HEAD without a body does not tell a length",
		request:  []string{":method", "HEAD"},
		handler:  func(http.ResponseWriter, *http.Request) {},
		want:     atOnce(headersES(":status", "200")),
	}, {
		sentence: "a response to HEAD has no trailers",
		request:  []string{":method", "HEAD"},
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, http.TrailerPrefix+"X-T", "v")
		},
		want: atOnce(headersES(":status", "200")),
	}, {
		sentence: "204 has no length and no trailers",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			io.WriteString(w, "hello")
			setFields(w, http.TrailerPrefix+"X-T", "v")
		},
		want: atOnce(headersES(":status", "204")),
	}, {
		sentence: "a panic leaves nothing but a reset",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			io.WriteString(w, "hello")
			panic(http.ErrAbortHandler)
		},
		want: atOnce(h2test.RSTStreamFrame(1, wire.InternalError)),
	}})
}

func TestABodyThatExceedsTheBufferHasNoAutomaticLength(t *testing.T) {
	body := strings.Repeat("x", 10000)
	for _, pieces := range []int{10, 1000, 4096, 5000, 10000} {
		handler := func(w http.ResponseWriter, _ *http.Request) {
			for rest := body; rest != ""; {
				n := min(pieces, len(rest))
				io.WriteString(w, rest[:n])
				rest = rest[n:]
			}
		}
		framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
			p.Request(1, h2test.EndStream)
			p.Want("the header is sent before the length is known", headersOpen(":status", "200", "content-type", "text/plain; charset=utf-8"))
			p.WantContent("DATA ends the stream", 1, body)
			p.WantNothing("the stream is closed")
		})
	}
}

func TestTrailersEndABodyThatExceedsTheBuffer(t *testing.T) {
	body := strings.Repeat("x", 6000)
	handler := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, body)
		setFields(w, http.TrailerPrefix+"X-T", "v")
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.EndStream)
		p.WantNow("trailers end the stream",
			headersOpen(":status", "200", "content-type", "text/plain; charset=utf-8"),
			h2test.DataFrame(1, body, h2test.KeepOpen),
			headersES("x-t", "v"))
		p.WantNothing("the stream is closed")
	})
}

func TestABodyForHEADThatExceedsTheBufferIsNotSent(t *testing.T) {
	handler := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 6000))
		time.Sleep(time.Hour)
		io.WriteString(w, strings.Repeat("x", 6000))
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.EndStream, ":method", "HEAD")
		p.WantNow("what is known of the response is sent when the buffer is full",
			headersES(":status", "200", "content-type", "text/plain; charset=utf-8"))
		time.Sleep(2 * time.Hour)
		p.WantNothing("the stream is closed")
	})
}

func TestInformationalResponsesAreNeverHeldAndEndNothing(t *testing.T) {
	early := func(w http.ResponseWriter, _ *http.Request) {
		setFields(w, "Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
	}
	hint := headersOpen(":status", "103", "link", "</style.css>; rel=preload")
	framingRows(t, []framingRow{{
		sentence: "103 is sent at once",
		handler: func(w http.ResponseWriter, r *http.Request) {
			early(w, r)
			time.Sleep(time.Hour)
		},
		want: []framingAt{
			at(0, hint),
			at(time.Hour, headersES(":status", "200", "link", "</style.css>; rel=preload", "content-length", "0")),
		},
	}, {
		sentence: "103 does not end a response to HEAD",
		request:  []string{":method", "HEAD"},
		handler:  early,
		want:     atOnce(hint, headersES(":status", "200", "link", "</style.css>; rel=preload")),
	}, {
		sentence: "a Flush after 103 flushes the final response, which is held",
		handler: func(w http.ResponseWriter, r *http.Request) {
			setFields(w, "Grpc-Status", "5")
			w.WriteHeader(http.StatusProcessing)
			w.WriteHeader(http.StatusEarlyHints)
			flushNow(w)
			w.WriteHeader(http.StatusEarlyHints) // too late
			time.Sleep(time.Hour)
		},
		want: []framingAt{
			at(0, headersOpen(":status", "102", "grpc-status", "5"), headersOpen(":status", "103", "grpc-status", "5")),
			at(time.Hour, headersES(":status", "200", "grpc-status", "5", "content-length", "0")),
		},
	}})
}
