package http2

import (
	"context"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestServerShutdownFinishesWhatIsOpen(t *testing.T) {
	release := newGate()
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		release.wait()
		io.WriteString(w, "ok")
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.hs.Shutdown(context.Background())
		c.WantDrain("RFC 9113 §6.8: the last stream that will be served is named", 1)
		c.Request(3, h2test.EndStream)
		time.Sleep(time.Hour)
		c.WantNothing("newer streams are ignored, and the open one has all the time it needs")
		release.open()
		c.Want("it is finished", bodyOK(1)...)
		time.Sleep(time.Second - time.Nanosecond)
		if c.hasReturned() {
			t.Error("the connection ended with the last stream: nothing may get lost on the way")
		}
		time.Sleep(time.Nanosecond)
		if !c.hasReturned() {
			t.Error("the connection goes on without a stream")
		}
	})
}

func TestServerShutdownEndsAnIdleConnection(t *testing.T) {
	serving{}.run(t, func(c *servedConn) {
		c.hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 0)
		c.WantClosed("there is nothing to finish")
	})
}

func TestServerShutdownLetsABodyArrive(t *testing.T) {
	var got string
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		settled()
		c.hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 1)
		c.Data(1, h2test.EndStream, "still allowed")
		c.Want("the stream is finished", noContent(1))
		if got != "still allowed" {
			t.Errorf("the body is %q", got)
		}
	})
}

func TestServerShutdownReachesConfiguredServersWithoutBaseConfig(t *testing.T) {
	hs := new(http.Server)
	srv := new(Server)
	if err := ConfigureServer(hs, srv); err != nil {
		t.Fatal(err)
	}
	serving{srv: srv}.run(t, func(c *servedConn) {
		settled()
		hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 0)
	})
}

func TestServerConnectionCloseEndsTheConnectionGracefully(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/close" {
			w.Header().Set("Connection", "close")
		} else {
			<-r.Context().Done()
		}
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Request(3, h2test.EndStream, ":path", "/close")
		c.Want("the client is told", h2test.GoAwayFrame(math.MaxInt32, wire.NoError), h2test.FrameOfType(wire.Ping, 0))
		c.Want("the field is not sent (RFC 9113 §8.2.2)", h2test.HeadersFrame(3, h2test.EndStream, ":status", "200", "content-length", "0"))
		time.Sleep(time.Second)
		c.Want("a client that does not acknowledge the PING is told the last stream", h2test.GoAwayFrame(3, wire.NoError))
		time.Sleep(time.Hour)
		if c.hasReturned() {
			t.Error("a stream is open, and the connection has ended")
		}
	})
}

func TestServerFinishesWhatAClientLeftThatSaidGoodbye(t *testing.T) {
	release := newGate()
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		release.wait()
		io.WriteString(w, "ok")
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.GoAway(0, wire.NoError, "bye")
		c.Want("the server does so too", h2test.GoAwayFrame(1, wire.NoError))
		release.open()
		c.Want("the stream is finished", bodyOK(1)...)
		c.WantClosed("nothing is left to do")
	})
}

func TestServerDoesNotPushAfterTheClientsGoAway(t *testing.T) {
	var err error
	release := newGate()
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		release.wait()
		err = w.(http.Pusher).Push("/x", nil)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.GoAway(0, wire.NoError, "")
		c.Want("the server says goodbye", h2test.GoAwayFrame(1, wire.NoError))
		release.open()
		c.Want("RFC 9113 §6.8: no stream is opened any more", noContent(1))
		if err != http.ErrNotSupported {
			t.Errorf("Push: %v", err)
		}
	})
}

func TestServerGoAwayIsSentOnce(t *testing.T) {
	serving{handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 1)
		c.hs.Shutdown(context.Background())
		c.GoAway(0, wire.NoError, "")
		c.WantNothing("once")
		c.Data(7, h2test.KeepOpen, "on a stream that is ignored")
		c.WantNothing("RFC 9113 §6.8: frames on streams above the one named are ignored")
	})
}

func TestServerErrorFollowsAGracefulEnd(t *testing.T) {
	serving{handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.hs.Shutdown(context.Background())
		c.WantDrain("the client is told", 1)
		c.Raw(rawFrame(wire.Ping, 0, 0, "short"))
		c.Want("and is told that it broke a rule", h2test.GoAwayFrame(1, wire.FrameSizeError))
	})
}

// RFC 9113 §6.8, golang/go#78968: what a client sent before it knew is not lost.
func TestServerServesWhatWasOnItsWayWhenAGracefulEndBegan(t *testing.T) {
	for name, begin := range map[string]func(c *servedConn){
		"Shutdown":    func(c *servedConn) { c.hs.Shutdown(context.Background()) },
		"IdleTimeout": func(*servedConn) { time.Sleep(time.Minute) },
		"Connection: close": func(c *servedConn) {
			c.Request(1, h2test.EndStream, ":path", "/close")
			c.Ignore(func(f h2test.Frame) bool { return f.StreamID == 1 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			serving{srv: &Server{IdleTimeout: time.Minute}, handler: serverMux(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Connection", "close")
			})}.run(t, func(c *servedConn) {
				settled()
				begin(c)
				c.Want("no stream is named", h2test.GoAwayFrame(math.MaxInt32, wire.NoError))
				ping := c.Next()
				c.wantServed(3)
				c.Ping(true, [8]byte(ping.Payload))
				c.Want("now it is", h2test.GoAwayFrame(3, wire.NoError))
				c.Request(5, h2test.EndStream)
				c.WantClosed("what comes later is ignored, and does not keep the connection alive")
			})
		})
	}
}
