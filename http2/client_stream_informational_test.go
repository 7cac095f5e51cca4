package http2

import (
	"errors"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestInformationalResponsesAreTracedAndPassedOver(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		l := new(eventLog)
		ctx := httptrace.WithClientTrace(c.t.Context(), &httptrace.ClientTrace{
			GotFirstResponseByte: func() { l.add("first byte") },
			Got100Continue:       func() { l.add("continue") },
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				l.addf("%d %s", code, h.Get("Link"))
				return nil
			},
		})
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "103", "link", "</a>")
		p.Headers(1, h2test.KeepOpen, ":status", "100")
		k.stillWaits("only the final response counts")
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		l.want(t, "in order", "first byte", "103 </a>", "100 ", "continue")
	})
}

func TestErrorOfAnInformationalHookEndsTheStream(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		mine := errors.New("no hints, please")
		ctx := httptrace.WithClientTrace(c.t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(int, textproto.MIMEHeader) error { return mine },
		})
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "103")
		if err := k.failure(); !errors.Is(err, mine) {
			t.Errorf("RoundTrip: %v", err)
		}
		p.Want("the request is given up", h2test.RSTStreamFrame(1, wire.Cancel))
	})
}

func TestEndlessInformationalResponsesAreStopped(t *testing.T) {
	withResponse(t, &Transport{MaxHeaderListSize: 1000}, func(c *calling, k *trip, p *h2test.Peer) {
		for range 10 {
			p.Headers(1, h2test.KeepOpen, ":status", "103", "x", strings.Repeat("x", 100))
		}
		wantErr(t, "nobody looks at them", k.failure(), "stream error: stream ID 1; PROTOCOL_ERROR; header list too large")
	})
}
