package h2c_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestUpgradedRequestIsAnsweredOnStream1(t *testing.T) {
	t.Parallel()
	chunked := "Transfer-Encoding: chunked\r\n"
	tests := map[string]struct{ requestLine, fields, body, want string }{
		"no body":         {"GET /a HTTP/1.1", "", "", "GET /a"},
		"content-length":  {"POST /a HTTP/1.1", "Content-Length: 5\r\n", "hello", "POST /a hello"},
		"chunked":         {"PUT /a HTTP/1.1", chunked, "2\r\nhe\r\n3;ext\r\nllo\r\n0\r\n\r\n", "PUT /a hello"},
		"with trailers":   {"PUT /a HTTP/1.1", chunked + "Trailer: X\r\n", "1\r\na\r\n0\r\nX: b\r\n\r\n", "PUT /a a"},
		"among protocols": {"GET /a HTTP/1.1", "Upgrade: other, foo/2\r\n", "", "GET /a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
				c.send(upgrade(tt.requestLine, tt.fields, tt.body))
				p := c.peer()
				p.Greet()
				wantEcho(p, 1, tt.want)
				p.Request(3, h2test.EndStream, ":path", "/next")
				wantEcho(p, 3, "GET /next")
			})
		})
	}
}

func TestResponseToAnUpgradedHEADHasNoContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.send(upgrade("HEAD /a HTTP/1.1", "", ""))
		p := c.peer()
		p.Greet()
		p.Want("a response to HEAD is one frame", h2test.HeadersFrame(1, h2test.EndStream, ":status", "200"))
	})
}

func TestUpgradedRequestMayNotContinueOnItsStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := dial(t, start(t, &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			<-release
		}), nil)}))
		defer close(release)
		c.send(upgrade("POST / HTTP/1.1", "Content-Length: 1\r\n", "x"))
		p := c.peer()
		p.Greet()
		p.Data(1, h2test.EndStream, "more")
		p.Want("stream 1 is half-closed (RFC 7540 §3.2)", h2test.RSTStreamFrame(1, wire.StreamClosed))
	})
}

func TestUpgradeWorksHoweverTheRequestIsSplit(t *testing.T) {
	t.Parallel()
	script := upgrade("POST /first HTTP/1.1", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")
	for at := range len(script) + 1 {
		synctest.Test(t, func(t *testing.T) {
			c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
			c.sendSplit(script, at)
			p := c.peer()
			p.Greet()
			wantEcho(p, 1, "POST /first hello")
		})
	}
}

func TestFramesSentTogetherWithTheUpgradeRequestAreNotLost(t *testing.T) {
	t.Parallel()
	first := upgrade("POST /first HTTP/1.1", "Content-Length: 5\r\n", "hello")
	ping := string(wire.AppendPing(nil, false, [8]byte{1, 2, 3}))
	script := first + http2.ClientPreface + string(wire.AppendSettings(nil)) + ping
	for at := len(first) - 1; at <= len(script); at++ {
		synctest.Test(t, func(t *testing.T) {
			c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
			c.sendSplit(script, at)
			p := c.peer()
			p.Ignore(h2test.AnySettings, func(f h2test.Frame) bool { return f.StreamID == 1 })
			p.Want("the PING is answered", h2test.PingFrame(true, [8]byte{1, 2, 3}))
		})
	}
}

func TestExpectedContinueIsSentBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.send(upgrade("POST /a HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""))
		if got := c.header(); got != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Fatalf("the server answers %q, not with 100", got)
		}
		c.send("hello")
		p := c.peer()
		p.Greet()
		wantEcho(p, 1, "POST /a hello")
	})
}

func TestSettingsOfTheUpgradeRequestAreInEffect(t *testing.T) {
	t.Parallel()
	window := wire.Setting{ID: wire.SettingInitialWindowSize, Val: 3}
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.send(strings.Replace(upgrade("GET /abc HTTP/1.1", "", ""), "HTTP2-Settings: ", "HTTP2-Settings: "+field(window), 1))
		p := c.peer()
		p.Greet() // without saying it again
		p.Want("the header", h2test.HeadersFrame(1, h2test.KeepOpen, ":status", "200"))
		p.Want("as much as the window allows", h2test.DataFrame(1, "GET", h2test.KeepOpen))
		p.WantNothing("the window is empty")
		p.WindowUpdate(1, 100)
		p.WantContent("the rest", 1, " /abc")
	})
}

// P56.
func TestRequestThatMayNotBeUpgradedIsServedOverHTTP1(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ cut, paste string }{
		"no Upgrade":                  {"Upgrade: h2c\r\n", ""},
		"TLS":                         {"Upgrade: h2c\r\n", "Upgrade: h2\r\n"},
		"another protocol":            {"Upgrade: h2c\r\n", "Upgrade: h2c-14\r\n"},
		"no connection options":       {"Connection: Upgrade, HTTP2-Settings\r\n", ""},
		"option Upgrade missing":      {"Connection: Upgrade, HTTP2-Settings\r\n", "Connection: HTTP2-Settings\r\n"},
		"option settings missing":     {"Connection: Upgrade, HTTP2-Settings\r\n", "Connection: Upgrade\r\n"},
		"HTTP/1.0 ignores Upgrade":    {"HTTP/1.1\r\n", "HTTP/1.0\r\n"},
		"CONNECT needs a tunnel":      {"GET / ", "CONNECT example.com:80 "},
		"fields of another hop alone": {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
				c.send(strings.Replace(upgrade("GET / HTTP/1.1", "", ""), tt.cut, tt.paste, 1))
				if resp, _ := c.response(); resp.StatusCode != http.StatusOK {
					t.Errorf("got %v, want 200 over HTTP/1.x", resp.Status)
				}
			})
		})
	}
}

// P56.
func TestUpgradeIsIgnoredOverTLS(t *testing.T) {
	srv := httptest.NewTLSServer(ours(echoHandler))
	defer srv.Close()
	req, _ := http.NewRequest("GET", srv.URL+"/a", nil)
	req.Header = http.Header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {""}}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 1 {
		t.Errorf("got %v %v, want 200 over HTTP/1.1", resp.Proto, resp.Status)
	}
}

// P57.
func TestUpgradeWithInvalidSettingsIsRefused(t *testing.T) {
	t.Parallel()
	good := "HTTP2-Settings: " + field() + "\r\n"
	tests := map[string]string{
		"missing":         "",
		"twice":           good + good,
		"not base64":      "HTTP2-Settings: ????????\r\n",
		"standard base64": "HTTP2-Settings: AAMA//8+\r\n",
		"wrong padding":   "HTTP2-Settings: AAMAAABk=\r\n",
		"cut off":         "HTTP2-Settings: AAMAAAA\r\n",
		"invalid window":  "HTTP2-Settings: " + field(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1 << 31}) + "\r\n",
		"invalid push":    "HTTP2-Settings: " + field(wire.Setting{ID: wire.SettingEnablePush, Val: 2}) + "\r\n",
		"invalid frames":  "HTTP2-Settings: " + field(wire.Setting{ID: wire.SettingMaxFrameSize, Val: 1}) + "\r\n",
	}
	for name, fields := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
				c.send(strings.Replace(upgrade("GET / HTTP/1.1", "", ""), good, fields, 1) + request("/smuggled"))
				resp, content := c.response()
				if resp.StatusCode != http.StatusBadRequest || !strings.Contains(content, "HTTP2-Settings") || !resp.Close {
					t.Errorf("got %v with %q, want 400, and the end of the connection", resp.Status, content)
				}
				c.wantClosed()
			})
		})
	}
}

// limits are middlewares that let 10 bytes of a body pass.
var limits = map[string]func(http.Handler) http.Handler{
	"fails": func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 10) },
	"cuts off": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, 10), r.Body}
			h.ServeHTTP(w, r)
		})
	},
}

// P58, P59.
func TestRestOfALimitedBodyIsNeverReadAsFrames(t *testing.T) {
	t.Parallel()
	body := "0123456789" + request("/smuggled")
	tests := []struct {
		limit, fields, body string
		wantStatus          int
		wantSeen            []string
	}{
		{"fails", fmt.Sprintf("Content-Length: %d\r\n", len(body)), body, 413, nil},
		{"fails", "Transfer-Encoding: chunked\r\n", fmt.Sprintf("a\r\n0123456789\r\n%x\r\n%s\r\n0\r\n\r\n", len(body)-10, body[10:]), 413, nil},
		{"cuts off", fmt.Sprintf("Content-Length: %d\r\n", len(body)), body, 200, []string{"/ 0123456789"}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var seen []string
			h := h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				seen = append(seen, r.URL.Path+" "+string(b))
			}), nil)
			c := dial(t, start(t, &http.Server{Handler: limits[tt.limit](h)}))
			c.send(upgrade("POST / HTTP/1.1", tt.fields, tt.body))
			if resp, content := c.response(); resp.StatusCode != tt.wantStatus {
				t.Errorf("limit that %s: got %v with %q, want %d", tt.limit, resp.Status, content, tt.wantStatus)
			}
			c.CloseWrite()
			synctest.Wait()
			if !slices.Equal(seen, tt.wantSeen) {
				t.Errorf("limit that %s: the handler saw %q, want %q", tt.limit, seen, tt.wantSeen)
			}
		})
	}
}

// P58.
func TestBodyThatIsNotValidIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.send(upgrade("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "x\r\n"+request("/smuggled")))
		if resp, content := c.response(); resp.StatusCode != http.StatusBadRequest || !resp.Close {
			t.Errorf("got %v with %q, want 400, and the end of the connection", resp.Status, content)
		}
		c.wantClosed()
	})
}

// P58.
func TestBodyTooLargeToKeepIsServedOverHTTP1(t *testing.T) {
	t.Parallel()
	const size = 1<<20 + 1
	body := strings.Repeat("x", size)
	tests := map[string]string{
		"declared":   upgrade("POST / HTTP/1.1", fmt.Sprintf("Content-Length: %d\r\n", size), body),
		"undeclared": upgrade("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body)),
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
				c.send(script)
				if resp, content := c.response(); resp.StatusCode != 200 || content != "POST / "+body {
					t.Errorf("got %v with %d bytes, want all %d bytes", resp.Status, len(content), size)
				}
			})
		})
	}
}

func TestBodyThatIsDeclaredTooLargeIsLeftToTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
		}), nil)}))
		c.send(upgrade("POST / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 1048577\r\n", ""))
		if resp, _ := c.response(); resp.StatusCode != http.StatusForbidden {
			t.Errorf("got %v, want 403 and no 100 before", resp.Status)
		}
	})
}

func TestBodyAsLargeAsWillBeKeptIsUpgraded(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, err)
		}), nil)}))
		c.send(upgrade("POST / HTTP/1.1", fmt.Sprintf("Content-Length: %d\r\n", size), strings.Repeat("x", size)))
		p := c.peer()
		p.Greet()
		wantEcho(p, 1, fmt.Sprint(size, " <nil>"))
	})
}

func TestUpgradeWithoutConnectionToTakeOverIsAnsweredWithAnError(t *testing.T) {
	w := httptest.NewRecorder() // no Hijacker
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(upgrade("GET / HTTP/1.1", "", ""))))
	if err != nil {
		t.Fatal(err)
	}
	h2c.NewHandler(echoHandler, nil).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
}

func TestClientThatDoesNotTakeThe101ResponseIsDisconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.server.StallWrites()
		c.send(upgrade("GET / HTTP/1.1", "", ""))
		begin := time.Now()
		c.wantClosed()
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("the client had %v, want 10 s", d)
		}
	})
}

func TestClientThatDoesNotGreetAfterTheUpgradeIsDisconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
		c.send(upgrade("GET / HTTP/1.1", "", ""))
		p := c.peer()
		p.Patience = time.Minute
		p.Ignore(h2test.AnySettings, func(f h2test.Frame) bool { return f.StreamID == 1 })
		p.WantClosed("it had 10 s for its preface")
	})
}
