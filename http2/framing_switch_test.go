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
		want    holdConfig
	}{
		{"", holdConfig{limit: defaultHold}},
		{"http2debug=1", holdConfig{limit: defaultHold}},
		{"http2deferheaders=0", holdConfig{off: true}},
		{"http2debug=1,http2deferheaders=0,x=y", holdConfig{off: true}},
		{"http2deferheaders=5ms", holdConfig{limit: 5 * time.Millisecond}},
		{"http2deferheaders=0,http2deferheaders=5ms", holdConfig{limit: 5 * time.Millisecond}},
		{"http2deferheaders=1", holdConfig{limit: defaultHold}},
		{"http2deferheaders=", holdConfig{limit: defaultHold}},
		{"http2deferheaders=-5ms", holdConfig{limit: defaultHold}},
		{"http2deferheaders=sometimes", holdConfig{limit: defaultHold}},
	} {
		t.Setenv("GODEBUG", c.godebug)
		if got := parseHolding(godebug("http2deferheaders")); got != c.want {
			t.Errorf("GODEBUG=%s: %+v, want %+v", c.godebug, got, c.want)
		}
	}
}

// setHolding sets the switch for a test.
func setHolding(t *testing.T, to holdConfig) {
	before := holding
	t.Cleanup(func() { holding = before })
	holding = to
}

// P1, P18.
func TestWithoutHoldsAFlushReleasesTheHeader(t *testing.T) {
	setHolding(t, holdConfig{off: true})
	framingRows(t, []framingRow{{
		sentence: "an open response leaves at once, and ends with an empty DATA frame",
		handler:  respond(200, nil, andSleep(time.Microsecond)),
		want:     []framingAt{at(0, headersOpen(":status", "200")), at(time.Microsecond, dataES(""))},
	}, {
		sentence: "a Trailers-Only response leaves at once, and still ends with a HEADERS frame",
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
		sentence: "an announced response leaves at once",
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
	setHolding(t, holdConfig{off: true})
	calls := 2
	if short() {
		calls = 1
	}
	checkFraming(t, new(Server), shortPrograms(modelKinds, calls, 1, 1), nil)
}

func TestTheLimitOfAHoldMayBeSet(t *testing.T) {
	const limit = 5 * time.Millisecond
	setHolding(t, holdConfig{limit: limit})
	framingRows(t, []framingRow{{
		sentence: "an open response is held as long",
		handler:  respond(200, nil, andSleep(time.Hour)),
		want:     []framingAt{at(limit, headersOpen(":status", "200")), at(time.Hour, dataES(""))},
	}, {
		sentence: "a handler that returns before answers with one frame",
		handler:  respond(200, nil, andSleep(limit-time.Microsecond)),
		want:     []framingAt{at(limit-time.Microsecond, headersES(":status", "200", "content-length", "0"))},
	}, {
		sentence: "a Trailers-Only response is held without a limit",
		handler:  respond(200, trailersOnly, andSleep(time.Hour)),
		want:     []framingAt{at(time.Hour, headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))},
	}})
}

func TestWithoutHoldsNothingIsLeftToRelease(t *testing.T) {
	setHolding(t, holdConfig{off: true})
	handler := func(w http.ResponseWriter, r *http.Request) {
		flushNow(w)
		io.Copy(io.Discard, r.Body)
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.WantNow("the header leaves once", headersOpen(":status", "200"))
		p.Data(1, h2test.EndStream, "request")
		p.WantNow("the end follows", dataES(""))
	})
}
