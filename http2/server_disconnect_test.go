package http2

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// disconnects are ways in which a client leaves a request before its content has ended, on stream 1.
var disconnects = map[string]func(p *h2test.Peer, client *h2test.Conn){
	"RST_STREAM":                         func(p *h2test.Peer, _ *h2test.Conn) { p.RST(1, wire.Cancel) },
	"end of the connection":              func(_ *h2test.Peer, client *h2test.Conn) { client.Close() },
	"end of the client's side":           func(_ *h2test.Peer, client *h2test.Conn) { client.CloseWrite() },
	"reset of the connection":            func(_ *h2test.Peer, client *h2test.Conn) { client.Reset() },
	"GOAWAY, then the end":               func(p *h2test.Peer, client *h2test.Conn) { p.GoAway(0, wire.NoError, ""); client.Close() },
	"GOAWAY with an error, then the end": func(p *h2test.Peer, client *h2test.Conn) { p.GoAway(0, wire.InternalError, ""); client.Close() },
	"an error of the connection":         func(p *h2test.Peer, _ *h2test.Conn) { p.Data(0, h2test.KeepOpen, "x") },
	"too much content":                   func(p *h2test.Peer, _ *h2test.Conn) { p.Data(1, h2test.KeepOpen, "more than was declared") },
}

// bodyReaders are ways of reading content until that fails.
var bodyReaders = map[string]func(io.Reader) error{
	"Read": func(r io.Reader) error {
		for b := make([]byte, 10); ; {
			if _, err := r.Read(b); err != nil {
				return err
			}
		}
	},
	"io.Copy": func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	},
}

// contextsAlive runs a request that is left in the given way, and returns how many of the contexts that its handler has
// derived from the request's had not ended when reading the content failed. There are many of them: it takes a while to
// end them all, so one that ends after the content is found.
func contextsAlive(t *testing.T, serve twinServer, leave func(*h2test.Peer, *h2test.Conn), read func(io.Reader) error) (alive int) {
	synctest.Test(t, func(t *testing.T) {
		const derived = 2000
		client, server := h2test.Pipe()
		handler := func(_ http.ResponseWriter, r *http.Request) {
			var all [derived]context.Context
			for i := range all {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				all[i] = ctx
			}
			if err := read(r.Body); err == nil || err == io.EOF {
				t.Errorf("reading ended with %v", err)
			}
			for _, ctx := range all {
				if ctx.Err() == nil {
					alive++
				}
			}
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			serve(server, quietServer(new(eventLog)), http.HandlerFunc(handler))
		}()
		p := h2test.NewPeer(t, client)
		p.Greet()
		p.Request(1, h2test.KeepOpen, ":method", "POST", "content-length", "10")
		p.Data(1, h2test.KeepOpen, "four")
		synctest.Wait()
		leave(p, client)
		synctest.Wait()
		client.Close()
		<-served
		synctest.Wait()
	})
	return alive
}

// TestContextHasEndedWhenReadSaysThatTheClientIsGone: P122, golang/go#52183. Handlers tell by the context whether it was the
// client that left.
func TestContextHasEndedWhenReadSaysThatTheClientIsGone(t *testing.T) {
	var upstreams int
	for how, leave := range disconnects {
		for reader, read := range bodyReaders {
			if alive := contextsAlive(t, twinServers["ours"], leave, read); alive > 0 {
				t.Errorf("%s: after %s had failed, %d contexts had not ended", how, reader, alive)
			}
			if !onGo127 {
				upstreams += contextsAlive(t, twinServers["upstream"], leave, read)
			}
		}
	}
	t.Logf("upstream's: %d contexts had not ended", upstreams)
}
