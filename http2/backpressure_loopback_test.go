package http2

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"h2fork.example/net/internal/wire"
)

// The property over TCP, where the socket takes what it takes, and with goroutines
// beside the handler. A bubble has no use for these: they wait for each other's
// mutexes. So memory is looked at while they are at it.

// loopbackBound is what a stream may hold there: what it is bounded by, and the garbage
// that goroutines at work may make before the collector comes, 4 MiB.
const loopbackBound = 4*mib + 2*talkBound

// loopbackStalls are the settings of clients that do not take what there is.
var loopbackStalls = map[string][]wire.Setting{
	"a window of 0":             noWindow,
	"a socket that is not read": {{ID: wire.SettingInitialWindowSize, Val: wire.MaxWindow}},
}

// wantHeldBack has clients that stall, and wants little to be held for each.
func wantHeldBack(t *testing.T, handler http.HandlerFunc) {
	t.Helper()
	for name, settings := range loopbackStalls {
		t.Run(name, func(t *testing.T) {
			f := startVictim(t, new(Server), new(http.Server), handler)
			s := f.dial(settings...)
			s.write(wire.AppendWindowUpdate(nil, 0, wire.MaxWindow-wire.DefaultWindow))
			s.awaitRead()
			s.write(openWhole(1))
			for range 15 { // time for what is not held back to grow
				f.reading()
			}
			f.wantHeldThroughout(5, loopbackBound, 20)
			s.nc.Close()
			f.wantNothingLeft()
		})
	}
}

// ReverseProxy's timer flushes while the handler writes.
func TestSeveralGoroutinesOfOneHandlerAreHeldBack(t *testing.T) {
	for _, size := range talkSizes {
		t.Run((&talker{steps: []talk{{talkWrite, size}}}).String(), func(t *testing.T) {
			wantHeldBack(t, func(w http.ResponseWriter, r *http.Request) {
				var all sync.WaitGroup
				for range 2 {
					all.Go(func() {
						for r.Context().Err() == nil {
							http.NewResponseController(w).Flush()
						}
					})
				}
				talkForEver(w, r, size)
				all.Wait()
			})
		})
	}
}

// talkForEver writes until its request is over.
func talkForEver(w http.ResponseWriter, r *http.Request, size int) {
	for r.Context().Err() == nil {
		w.Write(talkContent[:size])
		w.WriteHeader(http.StatusEarlyHints)
		http.NewResponseController(w).Flush()
	}
}

// A proxy hands the pace of its client on to the backend: what it holds is the window
// that it gave that, and what a stream may have waiting.
func TestAProxyIsAsSlowAsItsClient(t *testing.T) {
	for _, size := range talkSizes {
		t.Run((&talker{steps: []talk{{talkWrite, size}}}).String(), func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go serveAll(ln, func(w http.ResponseWriter, r *http.Request) { talkForEver(w, r, size) })
			wantHeldBack(t, proxyTo(ln.Addr().String(), 64*kib))
		})
	}
}

// proxyTo is a proxy whose streams to the backend have the window.
func proxyTo(addr string, window int) http.HandlerFunc {
	tr := &Transport{
		AllowHTTP: true,
		h1:        &http.Transport{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: window}},
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: addr}) },
		Transport:     tr,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	return func(w http.ResponseWriter, r *http.Request) {
		defer tr.CloseIdleConnections()
		proxy.ServeHTTP(w, r)
	}
}

// serveAll serves a listener's connections.
func serveAll(ln net.Listener, handler http.HandlerFunc) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		go new(Server).ServeConn(nc, &ServeConnOpts{Handler: handler})
	}
}
