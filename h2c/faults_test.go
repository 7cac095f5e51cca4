package h2c_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/h2c"
	"h2fork.example/net/http2"
)

// upgraded is what a client says that upgrades with a body, and makes another request.
func upgraded() string {
	return upgrade("POST /first HTTP/1.1", "Content-Length: 5\r\n", "hello") + request("/second")
}

// breaking has a server hear an upgrade up to a byte, where end ends it. Within an hour every handler is to have
// returned, with its context over; what handlers read is to be what was sent.
func breaking(t *testing.T, at int, end func(c *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var running int                // handlers; guarded by mu
		var contexts []<-chan struct{} // of all handlers; guarded by mu
		handler := func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			running++
			contexts = append(contexts, r.Context().Done())
			mu.Unlock()
			defer func() {
				mu.Lock()
				running--
				mu.Unlock()
			}()
			body, err := io.ReadAll(r.Body)
			if r.URL.Path == "/first" && string(body) != "hello" && (err == nil || !strings.HasPrefix("hello", string(body))) {
				t.Errorf("cut at %d: the body is %q, %v", at, body, err)
			}
			w.Write(body)
		}
		hs := &http.Server{
			ReadHeaderTimeout: time.Minute,
			ReadTimeout:       time.Minute,
			Handler:           h2c.NewHandler(http.HandlerFunc(handler), &http2.Server{ReadIdleTimeout: time.Minute, IdleTimeout: time.Minute}),
		}
		c := dial(t, start(t, hs))
		c.send(upgraded()[:at])
		synctest.Wait()
		end(c)
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if at == len(upgraded()) && len(contexts) != 2 {
			t.Errorf("%d of 2 requests were served", len(contexts))
		}
		if running != 0 {
			t.Errorf("cut at %d: %d handlers have not returned", at, running)
		}
		for _, done := range contexts {
			select {
			case <-done:
			default:
				t.Errorf("cut at %d: a context goes on", at)
			}
		}
	})
}

// breakingEverywhere does so after every byte.
func breakingEverywhere(t *testing.T, end func(c *client)) {
	t.Parallel()
	for at := range len(upgraded()) + 1 {
		breaking(t, at, end)
	}
}

func TestUpgradeWhoseClientVanishesAtAnyByte(t *testing.T) {
	breakingEverywhere(t, func(c *client) { c.Close() })
}

func TestUpgradeWhoseConnectionBreaksAtAnyByte(t *testing.T) {
	breakingEverywhere(t, func(c *client) { c.Reset() })
}

func TestUpgradeWhoseClientHalfClosesAtAnyByte(t *testing.T) {
	breakingEverywhere(t, func(c *client) { c.CloseWrite() })
}

func TestUpgradeWhoseClientFallsSilentAtAnyByte(t *testing.T) {
	breakingEverywhere(t, func(*client) {})
}

// Of what the server writes, that is: the 101 response and what follows it.
func TestUpgradeWhoseWritesFailAtAnyByte(t *testing.T) {
	t.Parallel()
	for n := range 300 {
		breaking(t, 0, func(c *client) {
			c.server.FailWrites(n, io.ErrShortWrite)
			c.send(upgraded())
			time.Sleep(time.Second)
			c.Close()
		})
	}
}
