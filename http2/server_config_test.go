package http2

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// announced starts a server and returns the settings it sends, and the increment
// of the WINDOW_UPDATE for the connection that comes with them, 0 if none does.
func announced(t *testing.T, srv *Server, hs *http.Server) (settings map[wire.SettingID]uint32, increment uint32) {
	t.Helper()
	settings = make(map[wire.SettingID]uint32)
	serving{srv: srv, hs: hs, silent: true}.run(t, func(c *servedConn) {
		p := h2test.NewPeer(t, c.Conn()) // one that does not ignore WINDOW_UPDATE
		p.Raw([]byte(wire.Preface))
		p.Settings()
		settled()
		p.Ping(false, [8]byte{})
		for {
			f := p.Next()
			switch {
			case f.Type == wire.Ping:
				return
			case f.Type == wire.Settings && f.Flags.Has(wire.FlagAck):
			case f.Type == wire.Settings:
				s, err := wire.ParseSettings(f.Header, f.Payload)
				if err != nil {
					t.Fatal(err)
				}
				for i := range s.Len() {
					settings[s.At(i).ID] = s.At(i).Val
				}
			case f.Type == wire.WindowUpdate:
				n, err := wire.ParseWindowUpdate(f.Header, f.Payload)
				if err != nil || f.StreamID != 0 {
					t.Fatalf("a WINDOW_UPDATE for the connection may follow SETTINGS, not %v", f)
				}
				increment = n
			}
		}
	})
	return settings, increment
}

func TestServerAnnouncesItsConfiguration(t *testing.T) {
	const mib = 1 << 20
	defaults := map[wire.SettingID]uint32{
		wire.SettingMaxFrameSize:         mib,
		wire.SettingMaxConcurrentStreams: 250,
		wire.SettingMaxHeaderListSize:    mib + 320,
		wire.SettingHeaderTableSize:      4096,
		wire.SettingInitialWindowSize:    128 << 10,
		wire.SettingNoRFC7540Priorities:  1,
	}
	const defaultIncrement = mib - 65535
	changed := func(id wire.SettingID, v uint32) map[wire.SettingID]uint32 {
		m := make(map[wire.SettingID]uint32)
		for k, v := range defaults {
			m[k] = v
		}
		m[id] = v
		return m
	}
	tests := []struct {
		name      string
		srv       Server
		hs        http.Server
		settings  map[wire.SettingID]uint32
		increment uint32
	}{
		{name: "nothing is set", settings: defaults, increment: defaultIncrement},
		{name: "MaxConcurrentStreams", srv: Server{MaxConcurrentStreams: 7},
			settings: changed(wire.SettingMaxConcurrentStreams, 7), increment: defaultIncrement},
		{name: "MaxDecoderHeaderTableSize", srv: Server{MaxDecoderHeaderTableSize: 512},
			settings: changed(wire.SettingHeaderTableSize, 512), increment: defaultIncrement},
		{name: "MaxReadFrameSize", srv: Server{MaxReadFrameSize: 20000},
			settings: changed(wire.SettingMaxFrameSize, 20000), increment: defaultIncrement},
		{name: "MaxReadFrameSize is less than the RFC allows", srv: Server{MaxReadFrameSize: 16383},
			settings: defaults, increment: defaultIncrement},
		{name: "MaxReadFrameSize is more than the RFC allows", srv: Server{MaxReadFrameSize: 1 << 24},
			settings: defaults, increment: defaultIncrement},
		{name: "MaxUploadBufferPerStream", srv: Server{MaxUploadBufferPerStream: 100},
			settings: changed(wire.SettingInitialWindowSize, 100), increment: defaultIncrement},
		{name: "MaxUploadBufferPerStream is negative", srv: Server{MaxUploadBufferPerStream: -1},
			settings: defaults, increment: defaultIncrement},
		{name: "MaxUploadBufferPerConnection", srv: Server{MaxUploadBufferPerConnection: 65536},
			settings: defaults, increment: 1},
		{name: "MaxUploadBufferPerConnection is the RFC's", srv: Server{MaxUploadBufferPerConnection: 65535},
			settings: defaults, increment: 0},
		{name: "MaxUploadBufferPerConnection cannot be had", srv: Server{MaxUploadBufferPerConnection: 65534},
			settings: defaults, increment: defaultIncrement},
		{name: "MaxHeaderBytes", hs: http.Server{MaxHeaderBytes: 5000},
			settings: changed(wire.SettingMaxHeaderListSize, 5320), increment: defaultIncrement},
		{name: "http.Server.HTTP2 overrides",
			srv: Server{MaxConcurrentStreams: 7, MaxReadFrameSize: 20000, MaxDecoderHeaderTableSize: 512, MaxUploadBufferPerStream: 100, MaxUploadBufferPerConnection: 65536},
			hs: http.Server{HTTP2: &http.HTTP2Config{
				MaxConcurrentStreams: 8, MaxReadFrameSize: 20001, MaxDecoderHeaderTableSize: 513,
				MaxReceiveBufferPerStream: 101, MaxReceiveBufferPerConnection: 65537,
			}},
			settings: map[wire.SettingID]uint32{
				wire.SettingMaxFrameSize:         20001,
				wire.SettingMaxConcurrentStreams: 8,
				wire.SettingMaxHeaderListSize:    mib + 320,
				wire.SettingHeaderTableSize:      513,
				wire.SettingInitialWindowSize:    101,
				wire.SettingNoRFC7540Priorities:  1,
			}, increment: 2},
		{name: "http.Server.HTTP2 without values leaves the Server's", srv: Server{MaxConcurrentStreams: 7},
			hs:       http.Server{HTTP2: &http.HTTP2Config{}},
			settings: changed(wire.SettingMaxConcurrentStreams, 7), increment: defaultIncrement},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			settings, increment := announced(t, &test.srv, &test.hs)
			if fmt.Sprint(settings) != fmt.Sprint(test.settings) {
				t.Errorf("SETTINGS %v, want %v", settings, test.settings)
			}
			if increment != test.increment {
				t.Errorf("the connection's window grows by %d, want %d", increment, test.increment)
			}
		})
	}
}

func TestServerTellsWhichPrioritiesItFollows(t *testing.T) {
	tests := []struct {
		name string
		make func() WriteScheduler
		want bool // SETTINGS_NO_RFC7540_PRIORITIES
	}{
		{"the default", nil, true},
		{"round robin", newRoundRobinWriteScheduler, true},
		{"RFC 7540", func() WriteScheduler { return NewPriorityWriteScheduler(nil) }, false},
		{"random", NewRandomWriteScheduler, true},
		{"a user's", func() WriteScheduler { return &fifoScheduler{} }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			settings, _ := announced(t, &Server{NewWriteScheduler: test.make}, nil)
			if v, ok := settings[wire.SettingNoRFC7540Priorities]; ok != test.want || (ok && v != 1) {
				t.Errorf("SETTINGS_NO_RFC7540_PRIORITIES is %d (sent: %t), want sent: %t", v, ok, test.want)
			}
		})
	}
}

// fifoScheduler is a user's WriteScheduler: first in, first out.
type fifoScheduler struct {
	log   []string
	queue []FrameWriteRequest
}

func (s *fifoScheduler) OpenStream(id uint32, _ OpenStreamOptions) {
	s.log = append(s.log, fmt.Sprintf("open %d", id))
}
func (s *fifoScheduler) CloseStream(id uint32) {
	s.log = append(s.log, fmt.Sprintf("close %d", id))
	s.queue = slices.DeleteFunc(s.queue, func(wr FrameWriteRequest) bool { return wr.StreamID() == id })
}
func (s *fifoScheduler) AdjustStream(id uint32, _ PriorityParam) {
	s.log = append(s.log, fmt.Sprintf("adjust %d", id))
}
func (s *fifoScheduler) Push(wr FrameWriteRequest) {
	s.log = append(s.log, fmt.Sprintf("push %d: %d bytes", wr.StreamID(), wr.DataSize()))
	s.queue = append(s.queue, wr)
}
func (s *fifoScheduler) Pop() (FrameWriteRequest, bool) {
	for i, wr := range s.queue {
		out, rest, n := wr.Consume(1 << 30)
		switch n {
		case 0:
			continue
		case 1:
			s.queue = slices.Delete(s.queue, i, i+1)
		case 2:
			s.queue[i] = rest
		}
		return out, true
	}
	return FrameWriteRequest{}, false
}

func TestServerPushesEveryFrameToAUsersScheduler(t *testing.T) {
	ws := new(fifoScheduler)
	serving{
		srv: &Server{NewWriteScheduler: func() WriteScheduler { return ws }},
		handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "Sum")
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			io.WriteString(w, "12345")
			w.Header().Set("Sum", "5")
		},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the response is what it would be without the scheduler",
			h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"),
			h2test.DataFrame(1, "12345", h2test.KeepOpen),
			h2test.HeadersFrame(1, h2test.EndStream, "sum", "5"))
		c.Ping(false, [8]byte{1})
		c.Want("a PING is answered", h2test.PingFrame(true, [8]byte{1}))
		settled()
		want := []string{"push 0: 0 bytes", "push 0: 0 bytes", "open 1", "push 1: 0 bytes", "push 1: 5 bytes", "push 1: 0 bytes", "close 1", "push 0: 0 bytes"}
		if !slices.Equal(ws.log, want) {
			t.Errorf("the scheduler was told\n%q, want\n%q", ws.log, want)
		}
	})
}

func TestServerTellsAUsersSchedulerOfPriorities(t *testing.T) {
	ws := new(fifoScheduler)
	serving{srv: &Server{NewWriteScheduler: func() WriteScheduler { return ws }}}.run(t, func(c *servedConn) {
		c.Raw(wire.AppendPriority(nil, 1, wire.PriorityParam{StreamDep: 3, Weight: 10}))
		settled()
		if !slices.Contains(ws.log, "adjust 1") {
			t.Errorf("the scheduler was told %q, want it to be told of PRIORITY", ws.log)
		}
	})
}

func TestServerRefusesStreamsBeyondTheLimitAsItMayNotBeKnownYet(t *testing.T) {
	serving{
		srv:     &Server{MaxConcurrentStreams: 1},
		handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		silent:  true,
	}.run(t, func(c *servedConn) {
		c.Raw([]byte(wire.Preface))
		c.Settings()
		c.Ignore(h2test.AnySettings)
		c.Request(1, h2test.EndStream)
		c.Request(3, h2test.EndStream)
		c.Want("RFC 9113 §5.1.2: SETTINGS are not acknowledged, so the client may retry", h2test.RSTStreamFrame(3, wire.RefusedStream))
		c.SettingsAck()
		c.Request(5, h2test.EndStream)
		c.Want("RFC 9113 §5.1.2: the client knows the limit", h2test.RSTStreamFrame(5, wire.ProtocolError))
		c.counted.want(t, "CountError tells the cases apart", "stream_REFUSED_STREAM_over_max_streams_race", "stream_PROTOCOL_ERROR_over_max_streams")
	})
}

func TestServerDecodesWithTheTableItAnnounced(t *testing.T) {
	var seen []string
	serving{
		srv: &Server{MaxDecoderHeaderTableSize: 8192},
		handler: func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("X-Long"))
			w.WriteHeader(204)
		},
	}.run(t, func(c *servedConn) {
		long := strings.Repeat("x", 5000) // an entry that 4,096 bytes have no room for
		var sizes []int
		var block bytes.Buffer
		enc := hpack.NewEncoder(&block)
		enc.SetMaxDynamicTableSizeLimit(8192)
		enc.SetMaxDynamicTableSize(8192)
		for id := uint32(1); id <= 3; id += 2 {
			block.Reset()
			for _, f := range h2test.Fields(":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/", "x-long", long) {
				enc.WriteField(f)
			}
			sizes = append(sizes, block.Len())
			c.Raw(wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndStream: true, EndHeaders: true, Fragment: block.Bytes()}))
			c.Want("the request is answered", noContent(id))
		}
		if sizes[1] > 100 {
			t.Errorf("the second field section takes %d bytes: the client's encoder did not use the table", sizes[1])
		}
		if len(seen) != 2 || seen[0] != long || seen[1] != long {
			t.Error("the handler did not see the field that came from the table")
		}
	})
}

func TestServerEncodesWithinTheTableItIsAllowed(t *testing.T) {
	serving{
		srv: &Server{MaxEncoderHeaderTableSize: 64},
		handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("y", 200))
			w.WriteHeader(204)
		},
		settings: []wire.Setting{{ID: wire.SettingHeaderTableSize, Val: 1 << 16}},
	}.run(t, func(c *servedConn) {
		for id := uint32(1); id <= 3; id += 2 {
			c.Request(id, h2test.EndStream)
			if f := c.nextHeaders(); f.Length < 100 {
				t.Errorf("response %d took %d bytes: a field of 200 came out of a table of 64", id, f.Length)
			}
		}
	})
}

func TestServerReadsFramesUpToMaxReadFrameSize(t *testing.T) {
	var got int
	serving{
		srv: &Server{MaxReadFrameSize: 20000},
		handler: func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			got = len(b)
			w.WriteHeader(204)
		},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.EndStream, strings.Repeat("x", 20000))
		c.Want("a frame of 20,000 bytes is read", noContent(1))
		if got != 20000 {
			t.Errorf("the handler read %d bytes", got)
		}
		c.Request(3, h2test.KeepOpen, ":method", "POST")
		c.Data(3, h2test.EndStream, strings.Repeat("x", 20001))
		c.Want("RFC 9113 §4.2: one of 20,001 is not", h2test.GoAwayFrame(3, wire.FrameSizeError))
	})
}

func TestServerPausesASenderAtItsStreamWindow(t *testing.T) {
	read := newGate()
	serving{
		srv: &Server{MaxUploadBufferPerStream: 1000},
		handler: func(w http.ResponseWriter, r *http.Request) {
			read.wait()
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(204)
		},
	}.run(t, func(c *servedConn) {
		p := h2test.NewPeer(t, c.Conn()) // one that looks at WINDOW_UPDATE
		p.IgnoreFields("date")
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 1000))
		p.WantNothing("nobody has read, so nothing is given back")
		read.open()
		p.Want("what was read is given back", h2test.WindowUpdateFrame(1, 1000))
		p.Data(1, h2test.EndStream, strings.Repeat("x", 1000))
		p.Want("the rest came", noContent(1))
	})
}

func TestServerEndsAConnectionThatExceedsItsWindow(t *testing.T) {
	serving{
		srv:     &Server{MaxUploadBufferPerConnection: 65535},
		handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, strings.Repeat("x", 65535))
		c.WantNothing("65,535 bytes fit")
		c.Data(1, h2test.KeepOpen, "x")
		c.Want("RFC 9113 §6.9.1", h2test.GoAwayFrame(1, wire.FlowControlError))
		c.counted.want(t, "the error is counted", "conn_FLOW_CONTROL_ERROR_data_flow")
	})
}

func TestServerAnswers431ToHeadersBeyondMaxHeaderBytes(t *testing.T) {
	serving{
		hs:      &http.Server{MaxHeaderBytes: 1000},
		handler: serverMux(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }),
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream, "x-long", strings.Repeat("x", 1320))
		c.Want("the request is refused", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "431"),
			h2test.DataFrame(1, "<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>", h2test.EndStream))
		c.wantServed(3)
	})
}

func TestServerLogsToErrorLog(t *testing.T) {
	lines := new(eventLog)
	serving{
		hs:      &http.Server{ErrorLog: log.New(lines, "prefix ", 0)},
		handler: func(http.ResponseWriter, *http.Request) { panic("deliberate") },
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("a panic resets the stream", h2test.RSTStreamFrame(1, wire.InternalError))
		if got := lines.String(); !strings.HasPrefix(got, "prefix http2: panic serving 192.0.2.1:50000: deliberate\n") {
			t.Errorf("the log is %q", got)
		}
	})
}

func TestServerRequestContextHasServerAndAddress(t *testing.T) {
	type key struct{}
	hs := new(http.Server)
	serving{
		hs:   hs,
		opts: ServeConnOpts{Context: context.WithValue(context.Background(), key{}, "mine")},
		handler: func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if got := ctx.Value(http.ServerContextKey); got != hs {
				t.Errorf("ServerContextKey is %v", got)
			}
			if got, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr); got == nil || got.String() != "192.0.2.2:443" {
				t.Errorf("LocalAddrContextKey is %v", got)
			}
			if got := ctx.Value(key{}); got != "mine" {
				t.Errorf("a value of ServeConnOpts.Context is %v", got)
			}
			w.WriteHeader(204)
		},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the handler ran", noContent(1))
	})
}

func TestServerTellsConnState(t *testing.T) {
	states := new(eventLog)
	serving{
		hs:      &http.Server{ConnState: func(_ net.Conn, s http.ConnState) { states.add(s.String()) }},
		handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}.run(t, func(c *servedConn) {
		settled()
		states.want(t, "a connection is idle after the greeting", "active", "idle")
		c.Request(1, h2test.EndStream)
		c.Request(3, h2test.EndStream)
		settled()
		states.want(t, "it is active from the first request on", "active", "idle", "active")
		c.RST(1, wire.Cancel)
		settled()
		states.want(t, "one stream is left", "active", "idle", "active")
		c.RST(3, wire.Cancel)
		settled()
		states.want(t, "it is idle after the last", "active", "idle", "active", "idle")
	})
}
