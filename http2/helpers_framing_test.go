package http2

import (
	"io"
	"log"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
)

// framingRow is a handler, and what its response looks like on the wire.
type framingRow struct {
	sentence string
	request  []string // what differs from GET /
	open     bool     // the request does not end with its field section
	handler  http.HandlerFunc
	want     []framingAt
}

// framingAt is frames that come at an instant, counted from the request, and no
// earlier.
type framingAt struct {
	after  time.Duration
	frames []h2test.Expectation
}

func at(after time.Duration, frames ...h2test.Expectation) framingAt {
	return framingAt{after, frames}
}

func atOnce(frames ...h2test.Expectation) []framingAt { return []framingAt{at(0, frames...)} }

// tick is longer than what Peer lets pass when nothing comes, and shorter than
// anything that rows are about.
const tick = 10 * time.Nanosecond

// framingRows runs each row on a connection of its own, and looks for more frames
// for hours after the last.
func framingRows(t *testing.T, rows []framingRow) {
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			framingServe(t, new(Server), row.handler, func(p *h2test.Peer, _ *h2test.Conn) {
				p.Request(1, !row.open, row.request...)
				wantTimeline(p, time.Now(), row.sentence, row.want)
			})
		})
	}
}

// wantTimeline wants frames at instants counted from start, and no others.
func wantTimeline(p *h2test.Peer, start time.Time, sentence string, want []framingAt) {
	for _, w := range want {
		if w.after > 0 {
			time.Sleep(time.Until(start.Add(w.after - tick)))
			p.WantNothing(sentence + ": and nothing before")
			time.Sleep(time.Until(start.Add(w.after)))
		}
		p.WantNow(sentence, w.frames...)
	}
	time.Sleep(10 * time.Hour)
	p.WantNothing(sentence + ": and nothing after")
}

// framingServe serves one connection in a bubble, and runs script on the client's
// side. The second argument of script is the server's end.
func framingServe(t *testing.T, srv *Server, handler http.HandlerFunc, script func(*h2test.Peer, *h2test.Conn)) {
	t.Helper()
	framingServeHTTP(t, srv, &http.Server{Handler: handler}, script)
}

func framingServeHTTP(t *testing.T, srv *Server, hs *http.Server, script func(*h2test.Peer, *h2test.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		if hs.ErrorLog == nil {
			hs.ErrorLog = log.New(io.Discard, "", 0)
		}
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			srv.ServeConn(server, &ServeConnOpts{BaseConfig: hs})
		}()
		p := h2test.NewPeer(t, client)
		p.IgnoreFields("date")
		p.Ignore(h2test.WindowUpdates)
		defer func() { // also if the test fails: the bubble could not end
			p.Close()
			<-returned
			time.Sleep(1000 * time.Hour) // until handlers have woken
		}()
		p.Greet()
		script(p, server)
	})
}

func flushNow(w http.ResponseWriter) { w.(http.Flusher).Flush() }

// setFields sets fields, given as names and values in turn.
func setFields(w http.ResponseWriter, namesAndValues ...string) {
	for _, f := range h2test.Fields(namesAndValues...) {
		w.Header().Add(f.Name, f.Value)
	}
}

// headersES is a response, or its trailers, that a HEADERS frame ends on stream 1.
func headersES(namesAndValues ...string) h2test.Expectation {
	return h2test.HeadersFrame(1, h2test.EndStream, namesAndValues...)
}

// headersOpen is a HEADERS frame on stream 1 that something follows.
func headersOpen(namesAndValues ...string) h2test.Expectation {
	return h2test.HeadersFrame(1, h2test.KeepOpen, namesAndValues...)
}

// dataES is a DATA frame that ends stream 1.
func dataES(content string) h2test.Expectation {
	return h2test.DataFrame(1, content, h2test.EndStream)
}
