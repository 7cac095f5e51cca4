package http2

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// connected is a ClientConn of the program's own, and its server.
type connected struct {
	*h2test.Peer
	t      *testing.T
	cc     *ClientConn
	client *h2test.Conn // our end
	server *h2test.Conn
}

// withConn runs a script in a bubble. That the bubble ends shows that the
// connection leaves no goroutine behind.
func withConn(t *testing.T, tr *Transport, script func(c *connected), settings ...wire.Setting) {
	t.Helper()
	withSilentConn(t, tr, func(c *connected) {
		c.Accept(settings...)
		settled()
		script(c)
	})
}

// withSilentConn is withConn without greetings.
func withSilentConn(t *testing.T, tr *Transport, script func(c *connected)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		cc, err := tr.NewClientConn(client)
		if err != nil {
			t.Fatal(err)
		}
		p := h2test.NewPeer(t, server)
		p.Ignore(h2test.WindowUpdates)
		p.IgnoreFields("user-agent", "accept-encoding")
		defer p.Close()
		script(&connected{p, t, cc, client, server})
	})
}

func (c *connected) roundTrip(path string) *trip {
	return startTrip(c.t, c.cc, get("https://example.com"+path))
}

func TestSettingsOfAClient(t *testing.T) {
	for _, tc := range []struct {
		name string
		tr   *Transport
		want []wire.Setting
		conn uint32
	}{
		{"defaults", new(Transport), []wire.Setting{
			{ID: wire.SettingEnablePush, Val: 0}, {ID: wire.SettingInitialWindowSize, Val: 256 << 10},
			{ID: wire.SettingMaxFrameSize, Val: 16384}, {ID: wire.SettingMaxHeaderListSize, Val: 10 << 20}}, 1 << 30},
		{"fields", &Transport{MaxHeaderListSize: 5000, MaxReadFrameSize: 20000, MaxDecoderHeaderTableSize: 100}, []wire.Setting{
			{ID: wire.SettingEnablePush, Val: 0}, {ID: wire.SettingInitialWindowSize, Val: 256 << 10},
			{ID: wire.SettingMaxFrameSize, Val: 20000}, {ID: wire.SettingMaxHeaderListSize, Val: 5000},
			{ID: wire.SettingHeaderTableSize, Val: 100}}, 1 << 30},
		{"limits", &Transport{MaxHeaderListSize: math.MaxUint32, MaxReadFrameSize: math.MaxUint32}, []wire.Setting{
			{ID: wire.SettingEnablePush, Val: 0}, {ID: wire.SettingInitialWindowSize, Val: 256 << 10},
			{ID: wire.SettingMaxFrameSize, Val: 1<<24 - 1}}, 1 << 30},
		// P92: the window of the connection is all of it.
		{"net/http's", &Transport{h1: &http.Transport{MaxResponseHeaderBytes: 1000, HTTP2: &http.HTTP2Config{
			MaxReadFrameSize: 30000, MaxReceiveBufferPerStream: 70000, MaxReceiveBufferPerConnection: 100000, MaxDecoderHeaderTableSize: 200}}},
			[]wire.Setting{
				{ID: wire.SettingEnablePush, Val: 0}, {ID: wire.SettingInitialWindowSize, Val: 70000},
				{ID: wire.SettingMaxFrameSize, Val: 30000}, {ID: wire.SettingMaxHeaderListSize, Val: 1320},
				{ID: wire.SettingHeaderTableSize, Val: 200}}, 100000 - 65535},
	} {
		t.Run(tc.name, func(t *testing.T) {
			withSilentConn(t, tc.tr, func(c *connected) {
				preface := make([]byte, len(wire.Preface))
				io.ReadFull(c.server, preface)
				p := h2test.NewPeer(t, c.server)
				p.Want("what the client decides", h2test.SettingsFrame(tc.want...), h2test.WindowUpdateFrame(0, tc.conn))
			})
		})
	}
}

func TestStateOfAConnection(t *testing.T) {
	withSilentConn(t, new(Transport), func(c *connected) {
		if got := c.cc.State(); got != (ClientConnState{}) {
			t.Errorf("a new connection is %+v", got)
		}
		c.Accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 10})
		settled()
		if got := c.cc.State(); got != (ClientConnState{MaxConcurrentStreams: 10}) {
			t.Errorf("after SETTINGS it is %+v", got)
		}
		c.cc.ReserveNewRequest()
		c.cc.ReserveNewRequest()
		k := c.roundTrip("/")
		settled()
		if got := c.cc.State(); got != (ClientConnState{MaxConcurrentStreams: 10, StreamsActive: 1, StreamsReserved: 1}) {
			t.Errorf("with a request it is %+v", got)
		}
		c.Want("a request", headersOf(1, h2test.EndStream))
		c.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		if got := c.cc.State(); got.StreamsActive != 0 || !got.LastIdle.Equal(time.Now()) || got.Closing {
			t.Errorf("after it it is %+v", got)
		}
		c.cc.SetDoNotReuse()
		if got := c.cc.State(); !got.Closing || got.Closed {
			t.Errorf("not to be reused it is %+v", got)
		}
		c.cc.Close()
		if got := c.cc.State(); !got.Closed {
			t.Errorf("closed it is %+v", got)
		}
	})
}

func TestErrorsOfTheServerAreCounted(t *testing.T) {
	for _, tc := range []struct {
		script func(c *connected)
		want   []string
	}{
		{func(c *connected) { c.Close() }, []string{"read_frame_eof"}},
		{func(c *connected) { c.RST(1, 0x4242); c.Close() }, []string{"recv_rststream_ERR_UNKNOWN_16962", "read_frame_eof"}},
		{func(c *connected) { c.GoAway(1, 0x4242, ""); c.Close() }, []string{"recv_goaway_ERR_UNKNOWN_16962", "read_frame_eof"}},
		{func(c *connected) { c.GoAway(1, wire.NoError, ""); c.Close() }, []string{"read_frame_eof"}},
		{func(c *connected) { c.Raw(rawFrame(wire.Ping, 0, 1, "12345678")); c.Next(); c.Close() },
			[]string{"frame_ping_has_stream", "read_frame_conn_error_PROTOCOL_ERROR"}},
		{func(c *connected) { c.cc.Close() }, []string{"read_frame_other"}},
	} {
		counted := new(eventLog)
		withConn(t, &Transport{CountError: counted.add}, func(c *connected) {
			c.roundTrip("/")
			c.Want("a request", headersOf(1, h2test.EndStream))
			tc.script(c)
			settled()
			counted.want(t, "names are keys of metrics", tc.want...)
		})
	}
}

func TestProtocolErrorsEndTheConnection(t *testing.T) {
	for _, tc := range []struct {
		name   string
		script func(c *connected)
		code   wire.ErrCode
	}{
		{"PUSH_PROMISE, which is disabled", func(c *connected) {
			c.Raw(rawFrame(wire.PushPromise, wire.FlagEndHeaders, 1, "\x00\x00\x00\x02"))
		}, wire.ProtocolError},
		{"HEADERS on a stream that only a server could open", func(c *connected) { c.Headers(2, h2test.EndStream, ":status", "200") }, wire.ProtocolError},
		{"HEADERS on a stream that was not opened", func(c *connected) { c.Headers(7, h2test.EndStream, ":status", "200") }, wire.ProtocolError},
		{"DATA on a stream that was not opened", func(c *connected) { c.Data(7, h2test.EndStream, "x") }, wire.ProtocolError},
		{"ENABLE_PUSH from a server", func(c *connected) { c.Settings(wire.Setting{ID: wire.SettingEnablePush, Val: 1}) }, wire.ProtocolError},
		{"MAX_FRAME_SIZE 0 (CVE-2026-33814)", func(c *connected) { c.Settings(wire.Setting{ID: wire.SettingMaxFrameSize, Val: 0}) }, wire.ProtocolError},
		{"an acknowledgement of nothing", func(c *connected) { c.SettingsAck() }, wire.ProtocolError},
		{"a frame that is too large", func(c *connected) { c.Raw(rawFrame(wire.Data, 0, 1, string(make([]byte, 16385)))) }, wire.FrameSizeError},
		{"a window beyond the maximum", func(c *connected) { c.WindowUpdate(0, 1<<31-1) }, wire.FlowControlError},
		{"a broken field section", func(c *connected) { c.Raw(rawFrame(wire.Headers, wire.FlagEndHeaders, 1, "\xff\xff\xff\xff\xff")) }, wire.CompressionError},
		{"an interrupted field section", func(c *connected) {
			c.Raw(rawFrame(wire.Headers, 0, 1, "\x88"))
			c.Ping(false, [8]byte{})
		}, wire.ProtocolError},
	} {
		t.Run(tc.name, func(t *testing.T) {
			withConn(t, new(Transport), func(c *connected) {
				k := c.roundTrip("/")
				c.Want("a request", headersOf(1, h2test.EndStream))
				tc.script(c)
				err := k.failure()
				var ce ConnectionError
				if !errors.As(err, &ce) || ce != ConnectionError(tc.code) || !errors.Is(err, ce) {
					t.Errorf("RoundTrip: %T %v", err, err)
				}
				c.Ignore(h2test.AnySettings)
				f := c.Next()
				told, parseErr := wire.ParseGoAway(f.Header, f.Payload)
				if parseErr != nil || told.Code != tc.code {
					t.Fatalf("the server is told %v, %v", told.Code, parseErr)
				}
				wantErr(t, "P95: the program is told what the server is", err, ce.Error()+": "+string(told.Debug))
				c.WantClosed("and left")
			})
		})
	}
}

func TestFirstFrameOfAServerIsSettings(t *testing.T) {
	withSilentConn(t, new(Transport), func(c *connected) {
		k := c.roundTrip("/")
		k.stillWaits("it has been sent")
		c.Ping(false, [8]byte{})
		if err := k.failure(); !errors.Is(err, ConnectionError(ErrCodeProtocol)) {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// notHTTP2 is the error for a server that speaks HTTP/1, with upstream's text in it.
const notHTTP2 = "connection error: FRAME_SIZE_ERROR: the frame header looked like an HTTP/1.1 header"

func TestTransportSaysThatAServerSpeaksHTTP1(t *testing.T) {
	for _, frame := range []uint32{minMaxFrameSize, maxFrameSize} {
		withSilentConn(t, &Transport{MaxReadFrameSize: frame}, func(c *connected) {
			k := c.roundTrip("/")
			k.stillWaits("it has been sent")
			c.Raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			wantErr(t, "the error says so", k.failure(), notHTTP2)
		})
	}
}

// P109.
func TestRequestReturnsTheErrorOfItsConnectionsFirstWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		defer server.Close()
		failed := errors.New("no route to host")
		cc, err := new(Transport).NewClientConn(&brokenConn{Conn: client, write: failed})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := startTrip(t, cc, get("https://example.com/")).failure(); !errors.Is(err, failed) {
				t.Errorf("RoundTrip: %v, want %v", err, failed)
			}
		}
	})
}

// brokenConn fails, if these errors are set.
type brokenConn struct {
	net.Conn
	read, write error
}

func (c *brokenConn) Read(p []byte) (int, error) {
	if c.read != nil {
		return 0, c.read
	}
	return c.Conn.Read(p)
}

func (c *brokenConn) Write(p []byte) (int, error) {
	if c.write != nil {
		return 0, c.write
	}
	return c.Conn.Write(p)
}

func TestRequestOnAConnectionThatBrokeBeforeFails(t *testing.T) {
	withSilentConn(t, new(Transport), func(c *connected) {
		c.Raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		settled()
		wantErr(t, "which is what every request on it is told", c.roundTrip("/").failure(), notHTTP2)
		wantErr(t, "however many there are", c.roundTrip("/").failure(), notHTTP2)
		if !c.cc.State().Closed {
			t.Error("the connection seems usable")
		}
	})
}

func TestUnknownFramesAreIgnored(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		for kind := range wire.FrameType(20) {
			c.Raw(rawFrame(0x0a+kind*12+1, 0xff, 1, "whatever")) // ALTSVC, ORIGIN and others
		}
		c.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
	})
}

// A Transport that announces no limit holds a field section to one all the same
// (CVE-2023-45288).
func TestFieldSectionWithoutAnAnnouncedLimitIsBounded(t *testing.T) {
	withConn(t, &Transport{MaxHeaderListSize: math.MaxUint32}, func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		c.Raw(rawFrame(wire.Headers, 0, 1, "\x88"))
		frame := rawFrame(wire.Continuation, 0, 1, "\x00\x01x\x7f\xf9\x7e"+strings.Repeat("x", 16376))
		for sent := 0; sent < 64<<20 && !k.returned(); sent += len(frame) {
			c.Raw(frame)
		}
		if err := k.failure(); !errors.Is(err, ConnectionError(ErrCodeEnhanceYourCalm)) {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// P101. Upstream sends an empty :scheme, which is malformed (RFC 9113 §8.3.1).
func TestRequestWithoutASchemeIsNotSentOnAConnectionEither(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		req := get("https://example.com/")
		req.URL.Scheme = ""
		wantErr(t, "a Transport says the same", startTrip(t, c.cc, req).failure(), "http2: unsupported scheme")
		c.WantNothing("nothing is sent")
	})
}

// The standby writer has gone by the time of such a response, and takes nothing with it.
func TestAClientThatIsIdleAfterAResponseThatTookLongKeepsNothingForStreamsToCome(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		time.Sleep(time.Minute)
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		time.Sleep(time.Minute)
		cc, err := c.tr.connPool().GetClientConn(get("https://example.com/"), "example.com:443")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.ValueOf(cc.c.Session()).Elem().FieldByName("free").IsNil() {
			t.Error("there is memory for streams")
		}
	})
}
