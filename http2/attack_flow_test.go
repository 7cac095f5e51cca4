package http2

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// INITIAL_WINDOW_SIZE churn.
func TestServerChangesEveryWindowInConstantTime(t *testing.T) {
	serving{
		srv:     &Server{MaxConcurrentStreams: 10000},
		handler: func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 5000)) },
		settings: []wire.Setting{
			{ID: wire.SettingInitialWindowSize, Val: 0},
		},
	}.withBystander(t, func(c *servedConn) {
		c.Ignore(h2test.AnySettings)
		for id := uint32(1); id < 4000; id += 2 {
			c.Request(id, h2test.EndStream)
		}
		settled()
		var churn []byte
		for i := range uint32(4000) {
			churn = wire.AppendSettings(churn, wire.Setting{ID: wire.SettingInitialWindowSize, Val: i % 2})
		}
		conn := c.Conn().(*h2test.Conn)
		conn.Write(churn)
		settled()
		if n := conn.Unread(); n != 0 {
			t.Errorf("%d bytes of SETTINGS were not read", n)
		}
	})
}

// A window of 0 pins a response for as long as the server lets it.
func TestServerLetsGoOfResponsesThatAWindowPins(t *testing.T) {
	var writing atomic.Int64
	serving{
		hs: &http.Server{WriteTimeout: 5 * time.Second},
		handler: func(w http.ResponseWriter, _ *http.Request) {
			writing.Add(1)
			w.Write(make([]byte, 1<<20))
			writing.Add(-1)
		},
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 0}},
	}.withBystander(t, func(c *servedConn) {
		for id := uint32(1); id < 500; id += 2 {
			c.write(openWhole(id))
		}
		settled()
		if n := writing.Load(); n != 250 {
			t.Fatalf("%d responses wait", n)
		}
		time.Sleep(5 * time.Second)
		settled()
		if n := writing.Load(); n != 0 {
			t.Errorf("%d responses still do", n)
		}
	})
}

// CVE-2019-9511: a window that grows by the byte has as much sent at a time as
// has come together, and no more is held for it.
func TestServerPutsTogetherWhatAWindowAllowsByTheByte(t *testing.T) {
	serving{
		handler:  func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) },
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 0}},
	}.withBystander(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the header needs no window", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"))
		c.write(bytes.Repeat(wire.AppendWindowUpdate(nil, 1, 1), 5000))
		frames, got := 0, 0
		for ; got < 5000; frames++ {
			got += len(c.Next().Payload)
		}
		if frames > 50 {
			t.Errorf("%d bytes came in %d frames", got, frames)
		}
		c.WantNothing("the window is used up")
	})
}

func TestServerHoldsNoMoreThanTheWindowOfBodiesThatNobodyReads(t *testing.T) {
	serving{
		srv:     &Server{MaxUploadBufferPerConnection: 65535, MaxUploadBufferPerStream: 65535},
		handler: untilDone,
	}.withBystander(t, func(c *servedConn) {
		for id := uint32(1); id < 20; id += 2 {
			c.write(openPostOf(id))
		}
		for range 65535 / 5 {
			for id := uint32(1); id < 10; id += 2 {
				c.write(rawFrame(wire.Data, 0, id, "x"))
			}
		}
		settled()
		c.WantNothing("no window is given back for what nobody has read")
		c.write(rawFrame(wire.Data, 0, 1, "x"))
		c.Want("and nothing is taken beyond it", h2test.GoAwayFrame(19, wire.FlowControlError))
	})
}

// openPostOf is a request whose body follows.
func openPostOf(id uint32) []byte { return rawFrame(wire.Headers, endHeaders, id, block) }
