package h2c_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
)

func TestPriorKnowledgeIsServedHoweverThePrefaceIsSplit(t *testing.T) {
	t.Parallel()
	script := request("/first")
	for at := range len(script) + 1 {
		synctest.Test(t, func(t *testing.T) {
			l := start(t, &http.Server{Handler: ours(echoHandler)})
			c := dial(t, l)
			c.sendSplit(script, at)
			p := newPeer(c)
			p.Ignore(h2test.AnySettings)
			wantEcho(p, 3, "GET /first")
			p.Request(5, h2test.EndStream, ":path", "/second")
			wantEcho(p, 5, "GET /second")
		})
	}
}

// P60.
func TestClientThatStopsInItsPrefaceIsDisconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &http.Server{Handler: ours(echoHandler)})
		c := dial(t, l)
		c.send(http2.ClientPreface[:len(http2.ClientPreface)-1])
		begin := time.Now()
		c.wantClosed()
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("the client had %v, want 10 s", d)
		}
	})
}

func TestPrefaceThatGoesWrongEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &http.Server{Handler: ours(echoHandler)})
		c := dial(t, l)
		c.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")
		c.wantClosed()
	})
}

// P60.
func TestPrefaceThatEndsEarlyEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := start(t, &http.Server{Handler: ours(echoHandler)})
		c := dial(t, l)
		c.send("PRI * HTTP/2.0\r\n\r\nSM")
		c.CloseWrite()
		c.wantClosed()
	})
}

func TestPrefaceWithoutConnectionToTakeOverIsAnsweredWithAnError(t *testing.T) {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(http2.ClientPreface)))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder() // no Hijacker
	h2c.NewHandler(echoHandler, nil).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
}

func TestRequestsHaveTheContextOfTheConnection(t *testing.T) {
	t.Parallel()
	type key string
	for name, begin := range beginnings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hs := new(http.Server)
				hs.BaseContext = func(net.Listener) context.Context {
					return context.WithValue(t.Context(), key("base"), "base")
				}
				hs.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
					return context.WithValue(ctx, key("conn"), "conn")
				}
				hs.Handler = h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ctx := r.Context()
					fmt.Fprint(w, ctx.Value(key("base")), " ", ctx.Value(key("conn")), " ",
						ctx.Value(http.ServerContextKey) == hs, " ", ctx.Value(http.LocalAddrContextKey))
				}), nil)
				p := begin(dial(t, start(t, hs)))
				p.Request(3, h2test.EndStream)
				wantEcho(p, 3, "base conn true 192.0.2.2:443")
			})
		})
	}
}

// beginnings are the ways to an HTTP/2 connection. No stream is open at the end.
var beginnings = map[string]func(c *client) *h2test.Peer{
	"prior knowledge": func(c *client) *h2test.Peer {
		p := newPeer(c)
		p.Greet()
		return p
	},
	"upgrade": func(c *client) *h2test.Peer {
		c.t.Helper()
		c.send(upgrade("HEAD / HTTP/1.1", "", ""))
		p := c.peer()
		p.Greet()
		p.Want("the response to the upgraded request is on stream 1",
			h2test.HeadersFrame(1, h2test.EndStream, ":status", "200"))
		return p
	},
}

func TestDeadlinesOfTheFirstRequestDoNotOutliveIt(t *testing.T) {
	t.Parallel()
	for name, begin := range beginnings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := begin(dial(t, start(t, &http.Server{
					Handler:           ours(echoHandler),
					ReadHeaderTimeout: time.Second,
					ReadTimeout:       2 * time.Second,
					WriteTimeout:      2 * time.Second,
				})))
				time.Sleep(time.Minute)
				p.Request(3, h2test.EndStream, ":path", "/later")
				wantEcho(p, 3, "GET /later")
			})
		})
	}
}

func TestIdleTimeoutOfTheServerEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(dial(t, start(t, &http.Server{Handler: h2c.NewHandler(echoHandler, &http2.Server{IdleTimeout: time.Second})})))
		p.Greet()
		p.WantDrain("an idle connection ends gracefully", 0)
		p.WantClosed("nothing is open")
	})
}

func TestRequestsThatHaveNothingToDoWithHTTP2AreLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen *http.Request
		inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r != seen {
				t.Error("the handler got another request than the server's")
			}
			if _, ok := w.(http.Hijacker); !ok {
				t.Error("the handler cannot take over the connection")
			}
			echo(w, r)
		})
		h := h2c.NewHandler(inner, new(http2.Server))
		c := dial(t, start(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = r
			h.ServeHTTP(w, r)
		})}))
		for range 2 {
			c.send("POST /one HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbody")
			if resp, content := c.response(); resp.StatusCode != 200 || content != "POST /one body" {
				t.Errorf("got %v with %q", resp.Status, content)
			}
		}
	})
}
