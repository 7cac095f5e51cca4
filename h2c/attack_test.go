package h2c_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A budget is the connection's, however that began.
func TestFloodOfResetsEndsAnUpgradedConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		var counted []string
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Add(-1)
			<-r.Context().Done()
		})
		srv := &http2.Server{CountError: func(name string) { counted = append(counted, name) }}
		c := dial(t, start(t, &http.Server{Handler: h2c.NewHandler(h, srv)}))
		c.send(upgrade("GET / HTTP/1.1", "", ""))
		p := c.peer()
		p.Greet()
		for id := uint32(3); id < 4000; id += 2 {
			p.Request(id, h2test.EndStream)
			p.RST(id, wire.Cancel)
		}
		f := p.Next()
		for f.Type != wire.GoAway {
			f = p.Next()
		}
		if g, err := wire.ParseGoAway(f.Header, f.Payload); err != nil || g.Code != wire.EnhanceYourCalm {
			t.Errorf("the connection ends with %v, %v", g.Code, err)
		}
		if !slices.Contains(counted, "conn_ENHANCE_YOUR_CALM_too_many_early_resets") {
			t.Errorf("CountError was told %.200q", counted)
		}
		p.Close()
		synctest.Wait()
		if n := running.Load(); n != 0 {
			t.Errorf("%d handlers run for a client that is gone", n)
		}
	})
}

// The body of an upgrade request is waited for as long as any other's.
func TestBodyOfAnUpgradeThatDoesNotComeIsNotWaitedForInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, start(t, &http.Server{Handler: ours(echoHandler), ReadTimeout: 5 * time.Second}))
		begin := time.Now()
		c.send(upgrade("POST / HTTP/1.1", "Content-Length: 1000\r\n", "some of it"))
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
			t.Errorf("the connection has %.100q, %v", got, err)
		}
		if d := time.Since(begin); d > 7*time.Second {
			t.Errorf("the client had %v", d)
		}
	})
}

// HTTP2-Settings may hold no more than a SETTINGS frame.
func TestUpgradeWithHundredsOfSettingsIsRefused(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{100: http.StatusSwitchingProtocols, 101: http.StatusBadRequest} {
		synctest.Test(t, func(t *testing.T) {
			c := dial(t, start(t, &http.Server{Handler: ours(echoHandler)}))
			many := field(slices.Repeat([]wire.Setting{{ID: wire.SettingInitialWindowSize, Val: 1}}, n)...)
			c.send(strings.Replace(upgrade("GET / HTTP/1.1", "", ""), "HTTP2-Settings: ", "HTTP2-Settings: "+many, 1))
			if resp, _ := c.response(); resp.StatusCode != want {
				t.Errorf("%d settings: %v, want %d", n, resp.Status, want)
			}
		})
	}
}
