package http2

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// RFC 9113 §5.2.2: frames are read and processed as soon as they are there,
// whatever else does not get on.

func TestServerReadsWhileNothingCanBeWritten(t *testing.T) {
	ended := false
	serving{
		handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/large" {
				w.Write(make([]byte, 1<<20))
				return
			}
			<-r.Context().Done()
			ended = true
		},
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 1 << 30}},
	}.run(t, func(c *servedConn) {
		c.WindowUpdate(0, 1<<30)
		c.server.StallWrites()
		c.Request(1, h2test.EndStream, ":path", "/large")
		c.Request(3, h2test.EndStream)
		settled()
		c.RST(3, wire.Cancel)
		settled()
		if n := c.Conn().(*h2test.Conn).Unread(); n != 0 || !ended {
			t.Errorf("%d bytes are unread, the reset was seen: %v", n, ended)
		}
	})
}

func TestServerReadsWhileItsWindowsAreUsedUp(t *testing.T) {
	serving{
		srv:     &Server{MaxUploadBufferPerConnection: 65535, MaxUploadBufferPerStream: 65535},
		handler: serverMux(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, strings.Repeat("x", 65535))
		c.Ping(false, [8]byte{1})
		c.Want("RFC 9113 §6.9: other frames are exempt from flow control", h2test.PingFrame(true, [8]byte{1}))
		c.wantServed(3)
	})
}

func TestTransportReadsWhileNothingCanBeWritten(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		k := c.roundTrip("/")
		c.Want("a request", headersOf(1, h2test.EndStream))
		c.client.StallWrites()
		stuck := startTrip(t, c.cc, newRequest("POST", "https://example.com/", strings.NewReader(long(1<<20))))
		settled()
		c.Headers(1, h2test.KeepOpen, ":status", "200")
		c.Data(1, h2test.EndStream, "content")
		res := k.response()
		if b, err := io.ReadAll(res.Body); string(b) != "content" || err != nil {
			t.Errorf("the body is %q, %v", b, err)
		}
		c.client.ReleaseWrites()
		stuck.stillWaits("nobody has answered it")
		c.cc.Close()
		stuck.failure()
	})
}
