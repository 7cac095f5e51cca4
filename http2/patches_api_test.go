//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// P25.
func TestContextOfAnUpgradedRequestEndsWithItsStream(t *testing.T) {
	for name, test := range map[string]struct {
		serve func(c net.Conn, r *http.Request, h http.Handler)
		ends  bool
	}{
		"ours": {func(c net.Conn, r *http.Request, h http.Handler) {
			new(Server).ServeConn(c, &ServeConnOpts{UpgradeRequest: r, Handler: h})
		}, true},
		"upstream's": {func(c net.Conn, r *http.Request, h http.Handler) {
			new(xhttp2.Server).ServeConn(c, &xhttp2.ServeConnOpts{UpgradeRequest: r, Handler: h})
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, server := h2test.Pipe()
			r, _ := http.NewRequest("GET", "/", nil)
			ended, done := make(chan bool, 1), make(chan bool)
			go func() {
				defer close(done)
				test.serve(server, r, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					select {
					case <-r.Context().Done():
						ended <- true
					case <-time.After(time.Second):
						ended <- false
					}
				}))
			}()
			p := h2test.NewPeer(t, client)
			p.Greet()
			synctest.Wait() // the handler runs; a request that is reset before never would
			p.RST(1, wire.Cancel)
			if got := <-ended; got != test.ends {
				t.Errorf("%s: the context ended: %v", name, got)
			}
			p.Close()
			<-done
		})
	}
}

// P36, golang/go#26682.
func TestShutdownReachesConnectionsWithoutConfigureServer(t *testing.T) {
	for name, test := range map[string]struct {
		serve   func(c net.Conn, hs *http.Server)
		reaches bool
	}{
		"ours": {func(c net.Conn, hs *http.Server) {
			new(Server).ServeConn(c, &ServeConnOpts{BaseConfig: hs})
		}, true},
		"upstream's": {func(c net.Conn, hs *http.Server) {
			new(xhttp2.Server).ServeConn(c, &xhttp2.ServeConnOpts{BaseConfig: hs})
		}, false},
	} {
		if name == "upstream's" && onGo127 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			client, server := h2test.Pipe()
			hs, done := new(http.Server), make(chan bool)
			go func() {
				defer close(done)
				test.serve(server, hs)
			}()
			p := h2test.NewPeer(t, client)
			p.Greet()
			hs.Shutdown(context.Background())
			time.Sleep(5 * time.Second)
			client.CloseWrite()
			got := strings.Contains(strings.Join(patchFrames(client), "\n"), "GOAWAY 0 NO_ERROR")
			if got != test.reaches {
				t.Errorf("%s: GOAWAY was sent: %v", name, got)
			}
			client.Close()
			<-done
		})
	}
}

// suiteConn is a connection with a TLS 1.2 cipher suite.
type suiteConn struct {
	net.Conn
	suite uint16
}

func (c suiteConn) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: c.suite}
}

// P37.
func TestUnknownCipherSuitesAreRefused(t *testing.T) {
	const unknown = 0xeeee // not assigned
	serves := map[string]func(c net.Conn){
		"ours":       func(c net.Conn) { new(Server).ServeConn(c, nil) },
		"upstream's": func(c net.Conn) { new(xhttp2.Server).ServeConn(c, nil) },
	}
	for name, want := range map[string]bool{"ours": true, "upstream's": false} {
		if name == "upstream's" && onGo127 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			client, server := h2test.Pipe()
			done := make(chan bool)
			go func() {
				defer close(done)
				serves[name](suiteConn{server, unknown})
			}()
			h2test.NewPeer(t, client).Raw([]byte(wire.Preface))
			synctest.Wait()
			client.CloseWrite()
			got := strings.Contains(strings.Join(patchFrames(client), "\n"), "INADEQUATE_SECURITY")
			if got != want {
				t.Errorf("%s: suite %x is refused: %v", name, unknown, got)
			}
			client.Close()
			<-done
		})
	}
}

// P38.
func TestConfigureServerLeavesPreferServerCipherSuitesAlone(t *testing.T) {
	ours, theirs := new(http.Server), new(http.Server)
	ConfigureServer(ours, nil)
	xhttp2.ConfigureServer(theirs, nil)
	if ours.TLSConfig.PreferServerCipherSuites {
		t.Error("ours sets it")
	}
	if !onGo127 && !theirs.TLSConfig.PreferServerCipherSuites {
		t.Error("upstream's does not set it")
	}
}

// P39.
func TestDebugGoroutinesChangesNothing(t *testing.T) {
	defer func(was bool) { DebugGoroutines = was }(DebugGoroutines)
	for _, DebugGoroutines = range []bool{false, true} {
		serving{handler: answerOK}.run(t, func(c *servedConn) {
			c.Request(1, h2test.EndStream)
			c.Want("the response", bodyOK(1)...)
		})
	}
}

// P46.
func TestWriteSchedulersScheduleOnEveryRelease(t *testing.T) {
	for name, ws := range map[string]WriteScheduler{
		"RFC 7540": NewPriorityWriteScheduler(nil),
		"random":   NewRandomWriteScheduler(),
	} {
		ws.OpenStream(1, OpenStreamOptions{})
		ws.Push(newStreamRequest("HEADERS", 1, nil))
		if wr, ok := ws.Pop(); !ok || wr.StreamID() != 1 {
			t.Errorf("%s: popped %v, %v", name, wr, ok)
		}
	}
}

// P51.
func TestNoTypeIsDeprecated(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && strings.Contains(g.Doc.Text(), "Deprecated:") {
				t.Errorf("%s: %s", name, g.Doc.Text())
			}
		}
	}
}

// P45.
func TestErrorDetailSaysWhatIsWrongWithALength(t *testing.T) {
	short := string(rawFrame(wire.Ping, 0, 0, "1234567"))
	ours, theirs := NewFramer(nil, strings.NewReader(short)), xhttp2.NewFramer(nil, strings.NewReader(short))
	if _, err := ours.ReadFrame(); err != ConnectionError(ErrCodeFrameSize) || ours.ErrorDetail() == nil {
		t.Errorf("ours: %v, detail %v", err, ours.ErrorDetail())
	}
	if _, err := theirs.ReadFrame(); theirs.ErrorDetail() != nil {
		t.Errorf("upstream's: %v, detail %v", err, theirs.ErrorDetail())
	}
}

// inOrder is a WriteScheduler that knows nothing of flow control.
type inOrder struct{ frames []FrameWriteRequest }

func (*inOrder) OpenStream(uint32, OpenStreamOptions) {}
func (*inOrder) CloseStream(uint32)                   {}
func (*inOrder) AdjustStream(uint32, PriorityParam)   {}
func (s *inOrder) Push(wr FrameWriteRequest)          { s.frames = append(s.frames, wr) }
func (s *inOrder) Pop() (FrameWriteRequest, bool) {
	if len(s.frames) == 0 {
		return FrameWriteRequest{}, false
	}
	wr := s.frames[0]
	s.frames = s.frames[1:]
	return wr, true
}

// P49.
func TestDataThatASchedulerDoesNotConsumeKeepsWithinTheWindow(t *testing.T) {
	serving{
		srv:      &Server{NewWriteScheduler: func() WriteScheduler { return new(inOrder) }},
		settings: []wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 5}},
		handler:  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, world") },
	}.run(t, func(c *servedConn) {
		c.Request(1, h2test.EndStream)
		c.Want("the header, and as much as fits",
			h2test.HeadersWith(1, h2test.KeepOpen, ":status", "200"), h2test.DataFrame(1, "hello", h2test.KeepOpen))
		c.WantNothing("the rest waits for the window")
		c.WindowUpdate(1, 100)
		c.WantContent("the rest", 1, ", world")
	})
}

// P68.
func TestADialOutlivesTheRequestThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		dials := 0
		tr := &Transport{DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
			dials++
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				return client, nil
			}
		}}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error), make(chan error)
		get := func(ctx context.Context, done chan error) {
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://example.com/", nil)
			res, err := tr.RoundTrip(req)
			if err == nil {
				res.Body.Close()
			}
			done <- err
		}
		go get(ctx, first)
		synctest.Wait()
		go get(t.Context(), second)
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first request: %v", err)
		}
		p := h2test.NewPeer(t, server)
		p.Accept()
		p.Want("the other's request", h2test.FrameOfType(wire.Headers, 1))
		p.Headers(1, h2test.EndStream, ":status", "200")
		if err := <-second; err != nil || dials != 1 {
			t.Errorf("the second request: %v, after %d dials", err, dials)
		}
		tr.CloseIdleConnections()
		p.Close()
	})
}

// P74.
func TestWindowIsTheDefaultUntilTheClientKnowsOfASmallerOne(t *testing.T) {
	const window = 1000
	conversation := func(serve func(c net.Conn, hs *http.Server)) string {
		var lines []string
		synctest.Test(t, func(t *testing.T) {
			client, server := h2test.Pipe()
			done := make(chan bool)
			go func() {
				defer close(done)
				serve(server, &http.Server{ErrorLog: log.New(io.Discard, "", 0)})
			}()
			p := h2test.NewPeer(t, client)
			p.Raw([]byte(wire.Preface))
			p.Settings()
			p.Request(1, h2test.KeepOpen, ":method", "POST")
			p.Data(1, h2test.EndStream, strings.Repeat("x", 2*window))
			time.Sleep(time.Second)
			client.CloseWrite()
			lines = patchFrames(client)
			client.Close()
			<-done
		})
		return strings.Join(lines, "\n")
	}
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("Read", fmt.Sprint(n))
	})
	ours := conversation(func(c net.Conn, hs *http.Server) {
		(&Server{MaxUploadBufferPerStream: window}).ServeConn(c, &ServeConnOpts{BaseConfig: hs, Handler: read})
	})
	if !strings.Contains(ours, `read="2000"`) {
		t.Errorf("ours: %s", ours)
	}
	theirs := conversation(func(c net.Conn, hs *http.Server) {
		(&xhttp2.Server{MaxUploadBufferPerStream: window}).ServeConn(c, &xhttp2.ServeConnOpts{BaseConfig: hs, Handler: read})
	})
	if !onGo127 && !strings.Contains(theirs, "RST_STREAM 1 FLOW_CONTROL_ERROR") {
		t.Errorf("upstream's: %s", theirs)
	}
}
