package http2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// Large writes are sent from where they are. These tests have connections in
// memory do what TCP does.
func gatherEverywhere(t *testing.T) {
	t.Helper()
	old := gathers
	gathers = func(net.Conn) bool { return true }
	t.Cleanup(func() { gathers = old })
}

// wide are the settings of a client that takes as much as it can get.
var wide = []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow}}

// pattern is content in which every byte tells its place.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

func TestLargeAndSmallWritesArriveInOrder(t *testing.T) {
	gatherEverywhere(t)
	content := pattern(500000)
	serving{
		settings: wide,
		handler: func(w http.ResponseWriter, _ *http.Request) {
			rest := content
			for n := 1; len(rest) > 0; n = n*3 + 1 {
				n = min(n, len(rest))
				w.Write(rest[:n])
				if n%2 == 0 {
					w.(http.Flusher).Flush()
				}
				rest = rest[n:]
			}
		},
	}.run(t, func(c *servedConn) {
		c.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
		c.Request(1, h2test.EndStream)
		if got := c.body(1); !bytes.Equal(got, content) {
			t.Errorf("%d of %d bytes arrived, or others", len(got), len(content))
		}
	})
}

// A caller may change its bytes as soon as Write has returned.
func TestBytesOfALargeWriteAreTheCallersAgainAfterIt(t *testing.T) {
	gatherEverywhere(t)
	serving{
		settings: wide,
		handler: func(w http.ResponseWriter, _ *http.Request) {
			p := make([]byte, 100000)
			for i := range byte(3) {
				for j := range p {
					p[j] = 'a' + i
				}
				w.Write(p)
			}
			clear(p)
		},
	}.run(t, func(c *servedConn) {
		c.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
		c.Request(1, h2test.EndStream)
		var want []byte
		for i := range byte(3) {
			want = append(want, bytes.Repeat([]byte{'a' + i}, 100000)...)
		}
		if got := c.body(1); !bytes.Equal(got, want) {
			t.Errorf("%d of %d bytes arrived, or others", len(got), len(want))
		}
	})
}

// body reads the response on stream id to its end.
func (c *servedConn) body(id uint32) (body []byte) {
	c.t.Helper()
	for {
		f := c.Next()
		if f.StreamID != id {
			continue
		}
		switch f.Type {
		case wire.Data:
			body = append(body, f.Payload...)
		case wire.RSTStream:
			c.t.Errorf("the stream is reset after %d bytes", len(body))
			return body
		}
		if f.Flags.Has(wire.FlagEndStream) {
			return body
		}
	}
}

// stuckWrites are ends of a large write that the connection is in the middle of
// while the client reads nothing.
var stuckWrites = map[string]struct {
	srv      *Server
	prep     func(w http.ResponseWriter, r *http.Request)
	end      func(c *servedConn)
	err      error
	endsConn bool // with the connection
	code     wire.ErrCode
}{
	"the client resets the stream": {
		end: func(c *servedConn) { c.RST(1, wire.Cancel) },
		err: errStreamClosed,
	},
	"the deadline passes": {
		prep: func(w http.ResponseWriter, _ *http.Request) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
		},
		end:  func(*servedConn) { time.Sleep(2 * time.Second) },
		err:  os.ErrDeadlineExceeded,
		code: wire.InternalError,
	},
	"the client goes away": {
		end:      func(c *servedConn) { c.Close() },
		err:      errClientDisconnected,
		endsConn: true,
	},
	"nothing moves for WriteByteTimeout": {
		srv:      &Server{WriteByteTimeout: time.Second},
		end:      func(*servedConn) { time.Sleep(3 * time.Second) },
		err:      errClientDisconnected,
		endsConn: true,
	},
	"the client resets the stream, and there is a WriteByteTimeout": {
		srv: &Server{WriteByteTimeout: time.Hour},
		end: func(c *servedConn) { c.RST(1, wire.Cancel) },
		err: errStreamClosed,
	},
}

func TestLargeWriteThatIsStuckEndsWithItsStreamAndLeavesTheConnectionWhole(t *testing.T) {
	gatherEverywhere(t)
	for name, s := range stuckWrites {
		t.Run(name, func(t *testing.T) {
			written := make(chan error, 1)
			content := pattern(100000)
			serving{
				srv:      s.srv,
				settings: wide,
				handler: serverMux(func(w http.ResponseWriter, r *http.Request) {
					if s.prep != nil {
						s.prep(w, r)
					}
					p := bytes.Clone(content)
					_, err := w.Write(p)
					clear(p) // it is ours again
					written <- err
				}),
			}.run(t, func(c *servedConn) {
				c.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
				settled()
				c.server.StallWrites()
				c.Request(1, h2test.EndStream)
				settled()
				select {
				case err := <-written:
					t.Fatalf("Write has returned %v", err)
				default:
				}
				s.end(c)
				settled()
				select {
				case err := <-written:
					if !errors.Is(err, s.err) {
						t.Errorf("Write: %v, want %v", err, s.err)
					}
				default:
					t.Fatal("Write still waits")
				}
				if s.endsConn {
					if !c.hasReturned() {
						t.Error("the connection goes on")
					}
					return
				}
				c.server.ReleaseWrites()
				c.wantPrefixOf(1, content, s.code)
				c.wantServed(3)
			})
		})
	}
}

// P93: the connection's own write deadline, which upstream leaves alone, is what
// interrupts a write that is stuck.
func TestLargeWriteThatIsStuckCostsTheConnectionsOwnWriteDeadline(t *testing.T) {
	gatherEverywhere(t)
	serving{
		settings: wide,
		handler:  serverMux(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 100000)) }),
	}.run(t, func(c *servedConn) {
		c.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
		settled()
		c.server.SetWriteDeadline(time.Now().Add(time.Hour))
		c.server.StallWrites()
		c.Request(1, h2test.EndStream)
		settled()
		c.RST(1, wire.Cancel)
		settled()
		c.server.ReleaseWrites()
		time.Sleep(2 * time.Hour)
		c.wantPrefixOf(1, make([]byte, 100000), wire.NoError)
		c.wantServed(3)
	})
}

// wantPrefixOf wants a response that is cut off, without an invented byte: DATA
// that had begun to leave is whole.
func (c *servedConn) wantPrefixOf(id uint32, content []byte, code wire.ErrCode) {
	c.t.Helper()
	c.Ping(false, [8]byte{1})
	var got []byte
	cutOff := code == wire.NoError // or by nobody
	for {
		switch f := c.Next(); {
		case f.Type == wire.Data && f.StreamID == id:
			got = append(got, f.Payload...)
		case f.Type == wire.RSTStream && f.StreamID == id:
			cutOff = true // before the PING is answered, if that took longer to be read
		case f.Type == wire.Ping:
			if !cutOff {
				c.Want("it is cut off", h2test.RSTStreamFrame(id, code))
			}
			if len(got) == 0 || !bytes.HasPrefix(content, got) {
				c.t.Errorf("%d bytes arrived, or others", len(got))
			}
			return
		}
	}
}

func TestUploadThatIsStuckEndsWithItsRequestAndLeavesTheConnectionWhole(t *testing.T) {
	gatherEverywhere(t)
	content := pattern(300000)
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(context.Background())
		body, writer := io.Pipe()
		req, _ := http.NewRequestWithContext(ctx, "POST", "https://example.com/", body)
		k := c.roundTrip(req)
		p := c.accept(wide...)
		p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Ping })
		p.Want("the request", headersOf(1, h2test.KeepOpen))
		p.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow) // read since the request began, so the connection is not suspect
		settled()
		c.ours[0].StallWrites()
		go writer.Write(content)
		settled()
		cancel()
		if err := k.failure(); !errors.Is(err, context.Canceled) {
			t.Errorf("RoundTrip: %v", err)
		}
		c.ours[0].ReleaseWrites()
		var got []byte
		for f := p.Next(); f.Type != wire.RSTStream; f = p.Next() {
			got = append(got, f.Payload...)
		}
		if len(got) == 0 || !bytes.HasPrefix(content, got) {
			t.Errorf("%d bytes arrived, or others", len(got))
		}
		k = c.roundTrip(get("https://example.com/"))
		p.Want("the next request", headersOf(3, h2test.EndStream))
		p.Headers(3, h2test.EndStream, ":status", "204")
		k.response()
	})
}

func TestUploadOfLargePiecesArrivesWhole(t *testing.T) {
	gatherEverywhere(t)
	content := pattern(1 << 20)
	withTransport(t, new(Transport), func(c *calling) {
		req, _ := http.NewRequest("POST", "https://example.com/", io.MultiReader(bytes.NewReader(content)))
		k := c.roundTrip(req)
		p := c.accept(wide...)
		p.WindowUpdate(0, wire.MaxWindow-wire.DefaultWindow)
		p.Want("the request", headersOf(1, h2test.KeepOpen))
		var got []byte
		for {
			f := p.Next()
			got = append(got, f.Payload...)
			if f.Flags.Has(wire.FlagEndStream) {
				break
			}
		}
		if !bytes.Equal(got, content) {
			t.Errorf("%d of %d bytes arrived, or others", len(got), len(content))
		}
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
	})
}
