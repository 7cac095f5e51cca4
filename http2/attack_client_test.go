package http2

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// withConnAndBystander is withConn with a second connection of the same Transport, to a
// server that behaves: a request is answered there before the script and after it.
// It returns what CountError was told.
func withConnAndBystander(t *testing.T, tr *Transport, script func(c *connected)) *eventLog {
	t.Helper()
	counted := new(eventLog)
	tr.CountError = counted.add
	synctest.Test(t, func(t *testing.T) {
		attacked, bystander := connectTo(t, tr), connectTo(t, tr)
		defer attacked.Close()
		defer bystander.Close()
		bystander.wantAnswered(1)
		script(attacked)
		bystander.wantAnswered(3)
	})
	return counted
}

// connectTo returns a connection of tr on which greetings have been exchanged.
func connectTo(t *testing.T, tr *Transport) *connected {
	t.Helper()
	client, server := h2test.Pipe()
	cc, err := tr.NewClientConn(client)
	if err != nil {
		t.Fatal(err)
	}
	p := h2test.NewPeer(t, server)
	p.Ignore(h2test.WindowUpdates)
	p.Accept()
	settled()
	return &connected{p, t, cc, client, server}
}

// wantAnswered checks that the connection works, with a request on stream id.
func (c *connected) wantAnswered(id uint32) {
	c.t.Helper()
	k := c.roundTrip("/")
	c.Want("a request", headersOf(id, h2test.EndStream))
	c.Headers(id, h2test.EndStream, ":status", "204")
	k.response()
}

// flood writes a frame n times.
func (c *connected) flood(frame []byte, n int) {
	c.server.SetWriteDeadline(time.Time{})
	c.server.Write(bytes.Repeat(frame, n))
	settled()
}

// wantCounted checks that CountError was told of an error, among others.
func wantCounted(t *testing.T, counted *eventLog, name string) {
	t.Helper()
	if got := counted.all(); !slices.Contains(got, name) {
		t.Errorf("CountError was told %q, want %s", got, name)
	}
}

// response is a field section of a response: status 200.
const response = "\x88"

// serversMoveNothing are a server's frames that move nothing, after
// what leads up to them.
var serversMoveNothing = []struct {
	name    string
	prepare func(c *connected)
	frame   []byte
}{
	{"PING (CVE-2019-9512)", asked, rawFrame(wire.Ping, 0, 0, "12345678")},
	{"SETTINGS (CVE-2019-9515)", asked, wire.AppendSettings(nil)},
	{"empty DATA (CVE-2019-9518)", answering, rawFrame(wire.Data, 0, 1, "")},
	{"PRIORITY", asked, rawFrame(wire.Priority, 0, 1, "\x00\x00\x00\x00\x10")},
	{"unknown types", asked, rawFrame(0x0a, 0, 1, "")},
	{"GOAWAY", asked, wire.AppendGoAway(nil, 1, wire.NoError, []byte("bye"))},
	{"acknowledgements of no PING", asked, rawFrame(wire.Ping, wire.FlagAck, 0, "12345678")},
	{"WINDOW_UPDATE of the connection", asked, wire.AppendWindowUpdate(nil, 0, 1)},
	{"WINDOW_UPDATE of an open stream", asked, wire.AppendWindowUpdate(nil, 1, 1)},
	{"WINDOW_UPDATE of a closed stream", answered, wire.AppendWindowUpdate(nil, 1, 1)},
	{"RST_STREAM of a closed stream", answered, wire.AppendRSTStream(nil, 1, wire.Cancel)},
	{"HEADERS on a stream that we have reset", cancelled, rawFrame(wire.Headers, endHeaders, 1, response)},
}

func asked(c *connected) {
	c.roundTrip("/")
	c.Want("a request", headersOf(1, h2test.EndStream))
}

func answering(c *connected) {
	asked(c)
	c.Headers(1, h2test.KeepOpen, ":status", "200")
}

func answered(c *connected) { c.wantAnswered(1) }

func cancelled(c *connected) {
	ctx, cancel := context.WithCancel(context.Background())
	startTrip(c.t, c.cc, get("https://example.com/").WithContext(ctx))
	c.Want("a request", headersOf(1, h2test.EndStream))
	cancel()
	c.Want("it is cancelled", h2test.RSTStreamFrame(1, wire.Cancel))
}

func TestTransportIgnoresFramesThatMoveNothingOnlyUpToABudget(t *testing.T) {
	for _, test := range serversMoveNothing {
		t.Run(test.name, func(t *testing.T) {
			counted := withConnAndBystander(t, new(Transport), func(c *connected) {
				c.Ignore(h2test.PingAcks, h2test.AnySettings, func(f h2test.Frame) bool { return f.Type == wire.Ping })
				test.prepare(c)
				c.flood(test.frame, 9000)
				c.WantNothing("a burst is harmless")
				c.flood(test.frame, 20000)
				if test.name == "GOAWAY" { // after which nothing is open, and it may be over already
					c.Ignore(func(f h2test.Frame) bool { return f.Type == wire.GoAway })
				} else {
					c.Want("a flood is not", h2test.GoAwayFrame(0, wire.EnhanceYourCalm))
				}
				c.WantClosed("the connection is over")
			})
			wantCounted(t, counted, "read_frame_conn_error_ENHANCE_YOUR_CALM")
		})
	}
}

func TestTransportStopsReadingAServerThatPingsAndNeverReads(t *testing.T) {
	withConnAndBystander(t, new(Transport), func(c *connected) {
		c.client.StallWrites()
		const frames = 100000
		ping := rawFrame(wire.Ping, 0, 0, "12345678")
		c.flood(ping, frames)
		if n := frames*len(ping) - c.server.Unread(); n > floodLimit {
			t.Errorf("%d bytes were read", n)
		}
		c.cc.Close()
	})
}

// CVE-2023-45288, in a response and in its trailers.
func TestTransportEndsAConnectionThatContinuesAFieldSectionForEver(t *testing.T) {
	for _, test := range endless {
		for _, begin := range []struct {
			where string
			raw   func(c *connected)
		}{
			{"a response", func(c *connected) { c.Raw(rawFrame(wire.Headers, 0, 1, response+test.begin)) }},
			{"trailers", func(c *connected) {
				c.Headers(1, h2test.KeepOpen, ":status", "200")
				c.Raw(rawFrame(wire.Headers, endStream, 1, test.begin))
			}},
		} {
			t.Run(begin.where+" "+test.name, func(t *testing.T) {
				counted := withConnAndBystander(t, &Transport{MaxHeaderListSize: 60000}, func(c *connected) {
					asked(c)
					begin.raw(c)
					frame := rawFrame(wire.Continuation, 0, 1, test.fragment)
					sent := 0
					for ; sent < 1<<20 && !c.cc.State().Closed; sent += len(frame) {
						c.flood(frame, 1)
					}
					c.Want("the server is told", h2test.GoAwayFrame(0, wire.EnhanceYourCalm))
					if sent > 200000 {
						t.Errorf("%d bytes were read before", sent)
					}
				})
				wantCounted(t, counted, "read_frame_conn_error_ENHANCE_YOUR_CALM")
			})
		}
	}
}

// Informational responses are not the answer, and are bounded together.
func TestTransportResetsAStreamWhoseInformationalResponsesDoNotEnd(t *testing.T) {
	withConnAndBystander(t, &Transport{MaxHeaderListSize: 10000}, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		sent := 0
		for frame := rawFrame(wire.Headers, endHeaders, 1, "\x08\x03103"); sent < 10000 && !k.returned(); sent++ {
			c.flood(frame, 1)
		}
		k.failure()
		c.Want("the stream is over", h2test.RSTStreamFrame(1, wire.ProtocolError))
		if sent > 300 {
			t.Errorf("%d were read", sent)
		}
	})
}

// CVE-2026-33814: an encoder that cuts fields into frames of 0 octets never ends.
func TestTransportRefusesAFrameSizeOfNothing(t *testing.T) {
	for _, size := range []uint32{0, 1, 16383} {
		withConnAndBystander(t, new(Transport), func(c *connected) {
			c.Settings(wire.Setting{ID: wire.SettingMaxFrameSize, Val: size})
			c.Want("RFC 9113 §6.5.2", h2test.GoAwayFrame(0, wire.ProtocolError))
			c.roundTrip("/" + strings.Repeat("x", 20000)).failure()
		})
	}
}

// A response's fields count as a request's do (CVE-2026-49975).
func TestTransportCountsFieldsAtTheirFullSize(t *testing.T) {
	withConnAndBystander(t, &Transport{MaxHeaderListSize: 100000}, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		bomb := response + "\x40\x01b\x7f\xa1\x1e" + strings.Repeat("x", 4000) + strings.Repeat("\xbe", 1000)
		c.Raw(rawFrame(wire.Headers, endHeaders|endStream, 1, bomb))
		k.failure()
		c.Want("the stream is over", h2test.RSTStreamFrame(1, wire.ProtocolError))
		c.wantAnswered(3)
	})
}

// A server that promises and does not deliver is given up like one that is silent.
func TestTransportGivesUpAServerInTheMiddleOfAFrame(t *testing.T) {
	withConn(t, &Transport{ReadIdleTimeout: 5 * time.Second, PingTimeout: 3 * time.Second}, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		c.flood(rawFrame(wire.Headers, 0, 1, response), 1)
		c.flood(wire.AppendHeader(nil, wire.Header{Type: wire.Continuation, StreamID: 1, Length: 16384}), 1)
		time.Sleep(5 * time.Second)
		k.stillWaits("the server is asked")
		time.Sleep(3 * time.Second)
		k.failure()
	})
}

// P107.
func TestTransportEndsAConnectionWhoseFieldSectionDoesNotEnd(t *testing.T) {
	for name, begun := range beginnings {
		t.Run(name, func(t *testing.T) {
			withConn(t, new(Transport), func(c *connected) {
				k := c.roundTrip("/")
				c.Want("a request", headersOf(1, h2test.EndStream))
				c.Raw([]byte(begun))
				time.Sleep(10*time.Second - 1)
				k.stillWaits("there is time")
				time.Sleep(time.Nanosecond)
				wantErr(t, "the rest has not come", k.failure(), "connection error: ENHANCE_YOUR_CALM: a field section was not complete after 10s")
				c.Want("the server is told", h2test.GoAwayFrame(0, wire.EnhanceYourCalm))
			})
		})
	}
}

// One server's misbehaviour costs its requests: the next goes over a connection
// of its own.
func TestTransportDialsAnewAfterAnAttack(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Conn().Write(bytes.Repeat(rawFrame(wire.Ping, 0, 0, "12345678"), 20000))
		if err := k.failure(); !errors.Is(err, ConnectionError(ErrCodeEnhanceYourCalm)) {
			t.Errorf("RoundTrip: %v", err)
		}
		k = c.roundTrip(get("https://example.com/"))
		p = c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		if res := k.response(); res.StatusCode != http.StatusNoContent {
			t.Errorf("the response is %v", res.Status)
		}
	})
}
