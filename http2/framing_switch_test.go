package http2

import (
	"io"
	"net/http"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
)

func TestTheSwitchIsReadFromGODEBUG(t *testing.T) {
	for _, c := range []struct {
		godebug string
		off     bool
	}{
		{"", false},
		{"http2debug=1", false},
		{"http2deferheaders=0", true},
		{"http2debug=1,http2deferheaders=0,x=y", true},
		{"http2deferheaders=0,http2deferheaders=1", false},
		{"http2deferheaders=1", false},
		{"http2deferheaders=", false},
		{"http2deferheaders=5ms", false},
		{"http2deferheaders=sometimes", false},
	} {
		t.Setenv("GODEBUG", c.godebug)
		if got := godebugSet("http2deferheaders", "0"); got != c.off {
			t.Errorf("GODEBUG=%s: holds are off: %t, want %t", c.godebug, got, c.off)
		}
	}
}

// withoutHolds switches holds off for a test.
func withoutHolds(t *testing.T) {
	t.Cleanup(func() { holdsOff = false })
	holdsOff = true
}

// P1, P18.
func TestWithoutHoldsAFlushReleasesTheHeader(t *testing.T) {
	withoutHolds(t)
	framingRows(t, []framingRow{{
		sentence: "an open response is sent at once, and ends with an empty DATA frame",
		handler:  respond(200, nil, andSleep(time.Microsecond)),
		want:     []framingAt{at(0, headersOpen(":status", "200")), at(time.Microsecond, dataES(""))},
	}, {
		sentence: "a Trailers-Only response is sent at once, and still ends with a HEADERS frame",
		handler:  respond(200, trailersOnly, andSleep(time.Hour)),
		want: []framingAt{
			at(0, headersOpen(trailersOnlySent...)),
			at(time.Hour, headersES("grpc-status", "12", "grpc-message", "no")),
		},
	}, {
		sentence: "a bodiless response is ended by its header",
		request:  []string{":method", "HEAD"},
		handler:  respond(200, nil, andSleep(time.Hour)),
		want:     atOnce(headersES(":status", "200")),
	}, {
		sentence: "an announced response is sent at once",
		handler:  respond(200, []string{"Content-Length", "5"}, func(w http.ResponseWriter) { io.WriteString(w, "hello") }),
		want:     atOnce(headersOpen(":status", "200", "content-length", "5"), dataES("hello")),
	}, {
		sentence: "a response without Flush is what it ever was",
		handler:  func(w http.ResponseWriter, _ *http.Request) { setFields(w, trailersOnly...) },
		want:     atOnce(headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...)),
	}, {
		sentence: "trailers follow",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, http.TrailerPrefix+"X-T", "v")
		}),
		want: []framingAt{at(0, headersOpen(":status", "200")), at(time.Hour, headersES("x-t", "v"))},
	}})
}

func TestWithoutHoldsEveryScheduleIsFramedAsTheContractSays(t *testing.T) {
	withoutHolds(t)
	calls := 2
	if short() {
		calls = 1
	}
	checkFraming(t, new(Server), shortPrograms(modelKinds, calls, 1, 1), nil)
}

func TestWithoutHoldsNothingIsLeftToRelease(t *testing.T) {
	withoutHolds(t)
	handler := func(w http.ResponseWriter, r *http.Request) {
		setFields(w, trailersOnly...)
		flushNow(w)
		io.Copy(io.Discard, r.Body)
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.WantNow("the header is sent once", headersOpen(trailersOnlySent...))
		p.Data(1, h2test.EndStream, "request")
		p.WantNow("the end follows", headersES("grpc-status", "12", "grpc-message", "no"))
	})
}
