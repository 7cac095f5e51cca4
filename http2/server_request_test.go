package http2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestServerBodyIsReadAsItArrives(t *testing.T) {
	got := new(eventLog)
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		for {
			n, err := r.Body.Read(b)
			got.add(string(b[:n]))
			if err != nil {
				got.add(err.Error())
				w.WriteHeader(204)
				return
			}
		}
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, "one")
		settled()
		c.Data(1, h2test.KeepOpen, "two")
		settled()
		got.want(t, "Read does not wait for more", "one", "two")
		c.Data(1, h2test.EndStream, "")
		c.Want("the body has ended", noContent(1))
		got.want(t, "the end is io.EOF", "one", "two", "", "EOF")
	})
}

func TestServerPaddingIsNotPartOfTheBody(t *testing.T) {
	var got string
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Raw(rawFrame(wire.Data, wire.FlagPadded|wire.FlagEndStream, 1, "\x03body\x00\x00\x00"))
		c.Want("the request is answered", noContent(1))
		if got != "body" {
			t.Errorf("the body is %q", got)
		}
	})
}

func TestServerGivesBackTheWindowOfABodyThatIsClosed(t *testing.T) {
	closed := newGate()
	serving{
		srv: &Server{MaxUploadBufferPerConnection: 65535, MaxUploadBufferPerStream: 60000},
		handler: func(_ http.ResponseWriter, r *http.Request) {
			closed.wait()
			r.Body.Close()
			<-r.Context().Done()
		},
	}.run(t, func(c *servedConn) {
		p := h2test.NewPeer(t, c.Conn()) // one that looks at WINDOW_UPDATE
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 20000))
		p.WantNothing("the handler may still read")
		closed.open()
		p.Want("the connection gets back what nobody reads", h2test.WindowUpdateFrame(0, 20000))
		p.Data(1, h2test.KeepOpen, strings.Repeat("x", 20000))
		p.Want("and what still comes", h2test.WindowUpdateFrame(0, 20000))
		p.WantNothing("the stream's own window stays closed: more is not wanted")
	})
}

func TestServerReadDeadlineEndsARead(t *testing.T) {
	var got, again error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rc.SetReadDeadline(time.Now().Add(time.Second))
		rc.SetReadDeadline(time.Now().Add(time.Minute))
		_, got = r.Body.Read(make([]byte, 1))
		rc.SetReadDeadline(time.Time{})
		_, again = r.Body.Read(make([]byte, 1))
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		time.Sleep(59 * time.Second)
		c.WantNothing("the later deadline counts")
		c.Want("the handler goes on", noContent(1), h2test.RSTStreamFrame(1, wire.NoError))
		if !errors.Is(got, os.ErrDeadlineExceeded) || !errors.Is(again, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v, and again: %v", got, again)
		}
	})
}

func TestServerReadDeadlineInThePastEndsAReadThatWaits(t *testing.T) {
	var got error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		go func() {
			time.Sleep(time.Second)
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(-time.Hour))
		}()
		_, got = r.Body.Read(make([]byte, 1))
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Want("the handler goes on", noContent(1), h2test.RSTStreamFrame(1, wire.NoError))
		if !errors.Is(got, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", got)
		}
	})
}

func TestServerReadDeadlineCanBeTakenBack(t *testing.T) {
	serving{hs: &http.Server{ReadTimeout: time.Second}, handler: func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetReadDeadline(time.Time{})
		if b, err := io.ReadAll(r.Body); string(b) != "late" || err != nil {
			t.Errorf("the body is %q, %v", b, err)
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		time.Sleep(time.Hour)
		c.Data(1, h2test.EndStream, "late")
		c.Want("there is no deadline", noContent(1))
	})
}

func TestServerIsFullDuplex(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		b := make([]byte, 10)
		for {
			n, err := r.Body.Read(b)
			w.Write(b[:n])
			w.(http.Flusher).Flush()
			if err != nil {
				return
			}
		}
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, "a")
		c.Want("the response begins before the request ends", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, "a", h2test.KeepOpen))
		c.Data(1, h2test.KeepOpen, "b")
		c.Want("and so it goes on", h2test.DataFrame(1, "b", h2test.KeepOpen))
		c.Data(1, h2test.EndStream, "")
		c.Want("to the end", h2test.DataFrame(1, "", h2test.EndStream))
	})
}

func TestServerSendsContinueWhenTheBodyIsRead(t *testing.T) {
	read := newGate()
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "" {
			t.Error("Expect has been dealt with, and the handler sees it")
		}
		read.wait()
		io.Copy(w, r.Body)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		c.WantNothing("the handler has not asked for the body")
		read.open()
		c.Want("now the handler does", h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "100"))
		c.Data(1, h2test.EndStream, "hi")
		c.Want("the body came", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, "hi", h2test.EndStream))
	})
}

func TestServerSendsNoContinueAfterTheResponse(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "go ahead")
		w.(http.Flusher).Flush()
		io.Copy(w, r.Body)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		c.Want("the response is the answer", h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, "go ahead", h2test.KeepOpen))
		c.WantNothing("and 100 would come too late")
		c.Data(1, h2test.EndStream, "hi")
		c.Want("the body came", h2test.DataFrame(1, "hi", h2test.EndStream))
	})
}

func TestServerTrailersAreThereAtTheEndOfTheBody(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if v, declared := r.Trailer["Sum"]; !declared || v != nil {
			t.Errorf("before the body Trailer is %v", r.Trailer)
		}
		io.Copy(io.Discard, r.Body)
		if got := r.Trailer.Get("Sum"); got != "5" || len(r.Trailer) != 1 {
			t.Errorf("after the body Trailer is %v", r.Trailer)
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST", "trailer", "sum")
		c.Data(1, h2test.KeepOpen, "12345")
		settled()
		c.Headers(1, h2test.EndStream, "sum", "5", "not-declared", "1")
		c.Want("the request is answered", noContent(1))
	})
}

// contextEnds runs a handler whose context is to end when event happens.
func contextEnds(t *testing.T, event func(c *servedConn)) {
	t.Helper()
	var cause error
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		cause = r.Context().Err()
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		event(c)
		settled()
		if cause == nil {
			t.Error("the request's context goes on")
		}
	})
}

func TestServerContextEndsWhenTheStreamIsReset(t *testing.T) {
	contextEnds(t, func(c *servedConn) { c.RST(1, wire.Cancel) })
}

func TestServerContextEndsWhenTheConnectionDoes(t *testing.T) {
	contextEnds(t, func(c *servedConn) { c.Close() })
}

func TestServerContextEndsWhenTheConnectionIsReset(t *testing.T) {
	contextEnds(t, func(c *servedConn) { c.Conn().(*h2test.Conn).Reset() })
}

func TestServerContextEndsWhenAWriteFails(t *testing.T) {
	contextEnds(t, func(c *servedConn) {
		c.server.FailWrites(0, io.ErrClosedPipe)
		c.Ping(false, [8]byte{})
	})
}

func TestServerContextEndsWhenTheHandlerReturns(t *testing.T) {
	done := newGate()
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		go func() {
			<-r.Context().Done()
			done.open()
		}()
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the handler returned", noContent(1))
		done.wait()
	})
}

func TestServerCloseNotifyTellsOfTheStreamsEnd(t *testing.T) {
	told := newGate()
	serving{handler: func(w http.ResponseWriter, _ *http.Request) {
		//lint:ignore SA1019 it is what is tested
		<-w.(http.CloseNotifier).CloseNotify()
		told.open()
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		settled()
		c.RST(1, wire.Cancel)
		told.wait()
	})
}

func TestServerTakesExtendedConnectIfItIsSwitchedOn(t *testing.T) {
	extendedConnect = true
	defer func() { extendedConnect = false }()
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if p := r.Header.Get(":protocol"); r.Method != "CONNECT" || p != "websocket" || r.URL.Path != "/chat" {
			t.Errorf("%s %v, :protocol %q", r.Method, r.URL, p)
		}
		w.(http.Flusher).Flush()
		io.Copy(w, r.Body)
	}}.run(t, func(c *servedConn) {
		if v, _ := c.Setting(wire.SettingEnableConnectProtocol); v != 1 {
			t.Errorf("RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL is %d", v)
		}
		c.Request(1, h2test.KeepOpen, ":method", "CONNECT", ":protocol", "websocket", ":path", "/chat")
		c.Want("the tunnel is open", h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "200"))
		c.Data(1, h2test.EndStream, "frames")
		c.Want("and carries data", h2test.DataFrame(1, "frames", h2test.EndStream))
	})
}

func TestServerHidesExtendedConnectByDefault(t *testing.T) {
	serving{handler: func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }}.run(t, func(c *servedConn) {
		if _, ok := c.Setting(wire.SettingEnableConnectProtocol); ok {
			t.Error("SETTINGS_ENABLE_CONNECT_PROTOCOL is sent")
		}
		c.Request(1, h2test.KeepOpen, ":method", "CONNECT", ":protocol", "websocket")
		c.Want("RFC 8441 §4: it may not be used then", h2test.RSTStreamFrame(1, wire.ProtocolError))
	})
}

func TestServerRequestsOfOneConnectionDoNotWaitForEachOther(t *testing.T) {
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		for id := uint32(1); id < 100; id += 4 {
			c.Request(id, h2test.EndStream, ":path", "/wait")
			c.Request(id+2, h2test.EndStream)
			c.WantNow("the one before blocks, and this one does not", noContent(id+2))
		}
	})
}
