package http2

import (
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
			serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
				c.write(begun)
				time.Sleep(time.Minute)
				c.WantNow("it is over", h2test.GoAwayFrame(0, wire.NoError))
				time.Sleep(time.Second)
				if !c.isOver() {
					t.Error("the connection goes on")
				}
			})
		})
	}
}

// A client that sends an octet now and then is idle all the same.
func TestServerIsNotKeptBusyByAFrameThatDribbles(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
		c.write(rawFrame(wire.Headers, 0, 1, block))
		for range 6 {
			c.write(rawFrame(wire.Continuation, 0, 1, "\x82"))
			time.Sleep(10 * time.Second)
		}
		c.WantNow("it is over", h2test.GoAwayFrame(0, wire.NoError))
	})
}

// The reader waits until the replies of a flood have left: it does not wait for
// ever.
func TestServerEndsAnIdleConnectionWhoseFloodIsNotRead(t *testing.T) {
	serving{srv: &Server{IdleTimeout: time.Minute}}.run(t, func(c *servedConn) {
		settled()
		c.server.StallWrites()
		a := attacker{c, c.Conn().(*h2test.Conn)}
		a.flood(rawFrame(wire.Ping, 0, 0, "12345678"), 100000)
		time.Sleep(2 * time.Minute)
		if !c.isOver() {
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
		if !a.isOver() {
			t.Error("the connection goes on")
		}
	})
}
