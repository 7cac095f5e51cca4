package http2

import (
	"io"
	"net/http"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestPendingRequestsAreCounted(t *testing.T) {
	withConn(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *connected) {
		for range 3 {
			c.roundTrip("/")
		}
		settled()
		if got := c.cc.State(); got.StreamsActive != 1 || got.StreamsPending != 2 {
			t.Errorf("the state is %+v", got)
		}
		if got := c.cc.inFlight(); got != 1 {
			t.Errorf("%d requests are in flight for net/http, and one has been sent", got)
		}
	}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
}

func TestReservationsAreBoundedByTheServersLimit(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		for i, want := range []bool{true, true, false} {
			if c.cc.ReserveNewRequest() != want {
				t.Errorf("reservation %d: %v", i+1, !want)
			}
		}
		if c.cc.CanTakeNewRequest() {
			t.Error("it takes another request")
		}
		c.cc.RoundTrip(new(http.Request)) // which cannot be sent
		if !c.cc.CanTakeNewRequest() {
			t.Error("a failed request keeps its stream")
		}
	}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 2})
}

func TestStrictConnectionsTakeRequestsThatWait(t *testing.T) {
	withConn(t, &Transport{StrictMaxConcurrentStreams: true}, func(c *connected) {
		k1 := c.roundTrip("/1")
		k2 := c.roundTrip("/2")
		c.Want("one at a time", headersOf(1, h2test.EndStream))
		c.WantNothing("one at a time")
		c.Headers(1, h2test.EndStream, ":status", "204")
		k1.returned()
		c.Want("the next", headersOf(3, h2test.EndStream))
		c.Headers(3, h2test.EndStream, ":status", "204")
		k1.response()
		k2.response()
	}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
}

func TestRequestBeyondTheLimitOfAConnectionIsRefused(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		body := newSentBody("content", io.EOF)
		_, err := c.cc.RoundTrip(newRequest("POST", "https://example.com/", body))
		wantErr(t, "it does not wait", err, "http2: client conn not usable")
		body.wantClosed(t, "RoundTrip has failed")
	}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
}
