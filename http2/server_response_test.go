package http2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestServerWriteAfterResetFails(t *testing.T) {
	var got error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		for range 100 {
			if _, got = w.Write(make([]byte, 1000)); got != nil {
				return
			}
		}
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.RST(1, wire.Cancel)
		settled()
		if got == nil || got.Error() != "http2: stream closed" {
			t.Errorf("Write: %v", got)
		}
	})
}

func TestServerWriteThatWaitsFailsWhenTheStreamIsReset(t *testing.T) {
	var got error
	serving{
		handler:  func(w http.ResponseWriter, _ *http.Request) { _, got = w.Write(make([]byte, 1<<20)) },
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 10}},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the window is used", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.FrameOfType(wire.Data, 1))
		c.RST(1, wire.Cancel)
		settled()
		if got == nil {
			t.Error("Write succeeded, or hangs")
		}
	})
}

func TestServerWriteThatWaitsFailsWhenTheConnectionEnds(t *testing.T) {
	var got error
	serving{
		handler: func(w http.ResponseWriter, _ *http.Request) { _, got = w.Write(make([]byte, 1<<20)) },
	}.run(t, func(c *servedConn) {
		c.server.StallWrites()
		c.Request(1, h2test.EndStream)
		settled()
		c.Close()
		settled()
		if got == nil || got.Error() != "client disconnected" {
			t.Errorf("Write: %v", got)
		}
	})
}

func TestServerWriteDeadlineResetsTheStream(t *testing.T) {
	var got error
	serving{
		handler: serverMux(func(w http.ResponseWriter, _ *http.Request) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(5 * time.Second))
			_, got = w.Write(make([]byte, 1<<20))
		}),
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 10}},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the window is used", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.FrameOfType(wire.Data, 1))
		time.Sleep(5*time.Second - time.Millisecond)
		c.WantNothing("there is still time")
		c.Want("the stream is over", h2test.RSTStreamFrame(1, wire.InternalError))
		settled()
		if !errors.Is(got, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", got)
		}
		c.wantServed(3)
	})
}

func TestServerWriteDeadlineHoldsWhileTheClientReadsNothing(t *testing.T) {
	var got error
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(5 * time.Second))
		for range 10 {
			if _, got = w.Write(make([]byte, 1<<20)); got != nil {
				return
			}
		}
	}}.run(t, func(c *servedConn) {
		c.server.StallWrites()
		c.Ping(false, [8]byte{}) // its answer is stuck, so nothing of the response leaves
		settled()
		c.Request(1, h2test.EndStream)
		time.Sleep(6 * time.Second)
		settled()
		if !errors.Is(got, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", got)
		}
	})
}

func TestServerWriteDeadlineCanBeTakenBack(t *testing.T) {
	serving{hs: &http.Server{WriteTimeout: time.Second}, handler: func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Time{})
		time.Sleep(time.Hour)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Patience = 2 * time.Hour
		c.Request(1, h2test.EndStream)
		c.Want("there is no deadline", noContent(1))
	})
}

func TestServerSendsALargeBodyThroughSmallWindowsByteForByte(t *testing.T) {
	var content strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&content, "%05d", i)
	}
	serving{
		handler: func(w http.ResponseWriter, _ *http.Request) {
			s := content.String()
			for n := 1; len(s) > 0; n = n*3 + 1 { // small pieces, and large ones
				n = min(n, len(s))
				io.WriteString(w, s[:n])
				s = s[n:]
			}
		},
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 1}},
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the response begins", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"))
		var got strings.Builder
		for grant := uint32(1); ; grant = grant%997 + 1 {
			d := c.Next()
			for d.Type == wire.WindowUpdate {
				d = c.Next()
			}
			f, err := wire.ParseData(d.Header, d.Payload)
			if err != nil {
				t.Fatal(err)
			}
			got.Write(f.Data)
			if f.EndStream {
				break
			}
			c.WindowUpdate(1, grant)
			c.WindowUpdate(0, grant)
		}
		if got.String() != content.String() {
			t.Errorf("%d of %d bytes came, or others", got.Len(), content.Len())
		}
	})
}

func TestServerBoundsWhatItHoldsForAClientThatReadsNothing(t *testing.T) {
	const streams = 100
	var written [streams]int
	serving{
		handler: func(w http.ResponseWriter, r *http.Request) {
			i := 0
			fmt.Sscan(r.URL.Path[1:], &i)
			for {
				n, err := w.Write(make([]byte, 1000))
				if err != nil {
					return
				}
				written[i] += n
			}
		},
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 1<<31 - 1}},
	}.run(t, func(c *servedConn) {
		c.WindowUpdate(0, 1<<30)
		settled()
		c.server.StallWrites()
		for i := range streams {
			c.Request(uint32(2*i+1), h2test.EndStream, ":path", fmt.Sprintf("/%d", i))
		}
		settled()
		for i, n := range written {
			if n > 2*maxStreamOutput+batchAllowance {
				t.Errorf("%d bytes of stream %d are held", n, 2*i+1)
			}
		}
	})
}

// batchAllowance is what may be on its way to the socket in addition.
const batchAllowance = 128 << 10

func TestServerGoexitEndsTheStreamOnly(t *testing.T) {
	serving{handler: serverMux(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })}.run(t, func(c *servedConn) {
		for id := uint32(1); id < 20; id += 4 {
			c.Request(id, h2test.EndStream)
			c.Want("the stream is reset", h2test.RSTStreamFrame(id, wire.InternalError))
			c.wantServed(id + 2)
		}
		c.log.want(t, "Goexit is not worth a line")
	})
}

func TestServerPanicIsLoggedAndResetsTheStream(t *testing.T) {
	serving{handler: serverMux(func(http.ResponseWriter, *http.Request) { panic("deliberate") })}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.InternalError))
		if got := c.log.String(); !strings.HasPrefix(got, "http2: panic serving 192.0.2.1:50000: deliberate\ngoroutine ") || !strings.Contains(got, "TestServerPanicIsLogged") {
			t.Errorf("the log is %q", got)
		}
		c.wantServed(3)
	})
}

func TestServerErrAbortHandlerIsNotLogged(t *testing.T) {
	serving{handler: serverMux(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the stream is reset", h2test.RSTStreamFrame(1, wire.InternalError))
		c.log.want(t, "nobody needs to know")
		c.wantServed(3)
	})
}

func TestServerGoroutineLabelsStayWithTheirHandler(t *testing.T) {
	var leaked []string
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		pprof.Lookup("goroutine").WriteTo(&b, 1)
		for stack := range strings.SplitSeq(b.String(), "\n\n") {
			if strings.Contains(stack, "TestServerGoroutineLabels") && strings.Contains(stack, `"request":`) && r.URL.Path != "/first" {
				leaked = append(leaked, r.URL.Path)
			}
		}
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("request", r.URL.Path)))
		w.WriteHeader(204)
		// Bytes that a read gives back make this goroutine wake, perhaps start,
		// others.
		io.Copy(io.Discard, r.Body)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream, ":path", "/first")
		c.Want("the first is served", noContent(1))
		for id := uint32(3); id < 20; id += 2 {
			c.Request(id, h2test.EndStream, ":path", fmt.Sprint("/", id))
			c.Want("the next is served", noContent(id))
		}
		if leaked != nil {
			t.Errorf("labels of others were seen by %v", leaked)
		}
	})
}

func TestServerBlockedHandlersDelayNobodyOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		var all []byte
		for id := uint32(1); id < 200; id += 2 {
			path := "\x84" // /
			if id != 199 {
				path = "\x04\x05/wait"
			}
			all = append(all, rawFrame(wire.Headers, endHeaders|endStream, id, "\x82\x87"+path+"\x01\x01a")...)
		}
		c.Raw(all) // in one read
		c.WantNow("the last is served although ninety-nine block", noContent(199))
	})
}

func TestServerBlockedWriteDelaysNoOtherStream(t *testing.T) {
	serving{
		handler:  serverMux(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) }),
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 0}},
	}.run(t, func(c *servedConn) {
		for id := uint32(1); id < 40; id += 4 {
			c.Request(id, h2test.EndStream)
			c.Want("headers need no window", h2test.HeadersWith(id, h2test.KeepOpen, ":status", "200"))
			c.wantServed(id + 2)
		}
	})
}

func TestServerSplitsAFieldSectionThatIsLargerThanAFrame(t *testing.T) {
	long := strings.Repeat("~", 20000)
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", long)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("RFC 9113 §4.3: it is continued, not interrupted", h2test.HeadersFrame(1, h2test.EndStream, ":status", "204", "x-long", long))
	})
}

func TestServerSplitsAFieldSectionIntoAsManyFramesAsItTakes(t *testing.T) {
	long := strings.Repeat("~", 50000)
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", long)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		if f := c.nextHeaders(); f.Length != 16384 || f.Continuations != 3 {
			t.Errorf("it came as %d bytes and %d more frames", f.Length, f.Continuations)
		}
		c.WantNothing("the last of them ends it (RFC 9113 §6.10)")
	})
}

func TestServerResponsesDoNotWaitForTheirRequestsEnd(t *testing.T) {
	serving{handler: answerOK}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Want("RFC 9113 §8.1: the server needs no more of it", append(bodyOK(1), h2test.RSTStreamFrame(1, wire.NoError))...)
		c.Data(1, h2test.EndStream, "late")
		c.WantNothing("what the client sent before it knew is ignored")
	})
}
