package http2

import (
	"math"
	"net/http"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// What a client begins and does not end has no time of its own: no stream is open,
// so the connection is idle.
func TestServerEndsAnIdleConnectionInTheMiddleOfAFrame(t *testing.T) {
	for name, begun := range map[string][]byte{
		"a frame header":                {0, 0},
		"a frame":                       rawFrame(wire.Headers, endHeaders, 1, block)[:12],
		"a field section":               rawFrame(wire.Headers, 0, 1, block),
		"a frame of a thousand octets":  wire.AppendHeader(nil, wire.Header{Type: wire.Data, StreamID: 1, Length: 1000}),
		"a frame of a million of them":  wire.AppendHeader(nil, wire.Header{Type: wire.Data, StreamID: 1, Length: 1 << 20}),
		"a frame of a type without end": wire.AppendHeader(nil, wire.Header{Type: 0xff, Length: 1 << 20}),
	} {
		t.Run(name, func(t *testing.T) {
			serving{srv: &Server{IdleTimeout: time.Minute}, hs: &http.Server{ReadHeaderTimeout: time.Hour}}.run(t, func(c *servedConn) {
				c.write(begun)
				time.Sleep(time.Minute)
				c.WantNow("it is over", h2test.GoAwayFrame(math.MaxInt32, wire.NoError))
				time.Sleep(2 * time.Second) // a PING is not acknowledged, and GOAWAY lingers
				if !c.hasReturned() {
					t.Error("the connection goes on")
				}
			})
		})
	}
}

// A client that sends an octet now and then is idle all the same.
func TestServerIsNotKeptBusyByAFrameThatDribbles(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}, hs: &http.Server{ReadHeaderTimeout: -1}}.run(t, func(c *servedConn) {
		c.write(rawFrame(wire.Headers, 0, 1, block))
		for range 6 {
			c.write(rawFrame(wire.Continuation, 0, 1, "\x82"))
			time.Sleep(10 * time.Second)
		}
		c.WantNow("it is over", h2test.GoAwayFrame(math.MaxInt32, wire.NoError))
	})
}

// beginnings are of field sections.
var beginnings = map[string]string{
	"half a frame header":  string(rawFrame(wire.Headers, 0, 1, block)[:4]),
	"half a HEADERS frame": string(rawFrame(wire.Headers, endHeaders, 1, block)[:12]),
	"half a section":       string(rawFrame(wire.Headers, 0, 1, block)),
	"half a second frame":  string(rawFrame(wire.Headers, 0, 1, block)) + string(rawFrame(wire.Continuation, 0, 1, block)[:12]),
}

// P107.
func TestServerEndsAConnectionWhoseFieldSectionDoesNotEnd(t *testing.T) {
	for limit, header := range map[time.Duration]time.Duration{10 * time.Second: 0, time.Minute: time.Minute} {
		for name, begun := range beginnings {
			t.Run(name, func(t *testing.T) {
				serving{hs: &http.Server{ReadHeaderTimeout: header}}.run(t, func(c *servedConn) {
					settled()
					begin := time.Now()
					c.write([]byte(begun))
					time.Sleep(limit - 5*time.Second)
					c.wantSentAway("headers_timeout")
					if d := time.Since(begin); d != limit {
						t.Errorf("the rest was waited for for %v, want %v", d, limit)
					}
					time.Sleep(time.Second)
					if !c.hasReturned() {
						t.Error("the connection goes on")
					}
				})
			})
		}
	}
}

func TestServerMayLetAFieldSectionTakeForEver(t *testing.T) {
	serving{handler: serverMux(answerOK), hs: &http.Server{ReadHeaderTimeout: -1}}.run(t, func(c *servedConn) {
		c.write(rawFrame(wire.Headers, endStream, 1, block))
		time.Sleep(time.Hour)
		c.write(rawFrame(wire.Continuation, endHeaders, 1, ""))
		c.Want("it is answered", bodyOK(1)...)
	})
}

// Requests whose frames are cut by every read are not one that takes for ever.
func TestServerTakesFieldSectionsThatNoReadIsTheEndOf(t *testing.T) {
	serving{handler: answerOK}.run(t, func(c *servedConn) {
		frames := openWhole(1)
		for id := uint32(3); id < 41; id += 2 {
			next := openWhole(id)
			c.write(append(frames, next[:12]...))
			frames = next[12:]
			c.Want("the request that is complete", bodyOK(id-2)...)
			time.Sleep(time.Second)
		}
		c.write(frames)
		c.Want("the last", bodyOK(39)...)
		time.Sleep(time.Hour)
		c.WantNothing("and no timer is left")
	})
}

// The reader waits until the replies of a flood have been sent: it does not wait for
// ever.
func TestServerEndsAnIdleConnectionWhoseFloodIsNotRead(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
		settled()
		c.server.StallWrites()
		a := attacker{c, c.Conn().(*h2test.Conn)}
		a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 100000)
		time.Sleep(2 * time.Minute)
		if !c.hasReturned() {
			t.Error("the connection goes on")
		}
	})
}

// CVE-2019-9517: the window is wide open, and nothing is read.
func TestServerEndsAConnectionThatTakesNoneOfManyResponses(t *testing.T) {
	serving{
		srv:      &Server{WriteByteTimeout: 5 * time.Second},
		handler:  func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) },
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow}},
	}.attack(t, func(a attacker) {
		a.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
		for id := uint32(1); id < 500; id += 2 {
			a.write(openWhole(id))
		}
		settled()
		if n := goroutines(); n > 260 {
			t.Errorf("%d goroutines", n)
		}
		time.Sleep(5 * time.Second)
		if !a.hasReturned() {
			t.Error("the connection goes on")
		}
	})
}
