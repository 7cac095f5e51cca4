package http2

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// testCertificate is a certificate for nobody in particular. Its key is ECDSA,
// which every TLS 1.2 suite that HTTP/2 wants can use.
var testCertificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// serveTLS serves a TLS connection of a client that is configured with conf.
func serveTLS(t *testing.T, srv *Server, conf *tls.Config, handler http.HandlerFunc, script func(p *h2test.Peer)) {
	t.Helper()
	certificate := testCertificate()
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		done := make(chan bool)
		go func() {
			defer close(done)
			tc := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, CipherSuites: allCipherSuites()})
			if err := tc.Handshake(); err != nil {
				t.Error(err)
			}
			srv.ServeConn(tc, &ServeConnOpts{Handler: handler})
		}()
		conf.InsecureSkipVerify = true
		p := h2test.NewPeer(t, tls.Client(client, conf))
		p.Ignore(h2test.WindowUpdates)
		p.IgnoreFields("date")
		script(p)
		p.Close()
		<-done
	})
}

func allCipherSuites() (ids []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}

const prohibitedSuite = tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA

func TestServerRequestsShowTheirTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			serveTLS(t, new(Server), &tls.Config{MaxVersion: version}, func(w http.ResponseWriter, r *http.Request) {
				if r.TLS == nil || r.TLS.Version != version {
					t.Errorf("Request.TLS is %v", r.TLS)
				}
				w.WriteHeader(204)
			}, func(p *h2test.Peer) {
				p.Greet()
				p.Request(1, h2test.EndStream)
				p.Want("the request is answered", noContent(1))
			})
		})
	}
}

func TestServerRefusesOldTLS(t *testing.T) {
	serveTLS(t, new(Server), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, nil, func(p *h2test.Peer) {
		p.Want("RFC 9113 §9.2: TLS 1.2 or higher", h2test.GoAwayFrame(0, wire.InadequateSecurity))
		p.WantClosed("there is no connection")
	})
}

func TestServerRefusesProhibitedCipherSuites(t *testing.T) {
	conf := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{prohibitedSuite}}
	serveTLS(t, new(Server), conf, nil, func(p *h2test.Peer) {
		p.Want("RFC 9113 §9.2.2", h2test.GoAwayFrame(0, wire.InadequateSecurity))
		p.WantClosed("there is no connection")
	})
}

func TestServerPermitsProhibitedCipherSuitesIfAsked(t *testing.T) {
	conf := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{prohibitedSuite}}
	serveTLS(t, &Server{PermitProhibitedCipherSuites: true}, conf, answerOK, func(p *h2test.Peer) {
		p.Greet()
		p.Request(1, h2test.EndStream)
		p.Want("the request is answered", bodyOK(1)...)
	})
}

func TestConfigureServerOffersHTTP2InALPN(t *testing.T) {
	tests := []struct{ before, after []string }{
		{nil, []string{"h2", "http/1.1"}},
		{[]string{"http/1.1"}, []string{"http/1.1", "h2"}},
		{[]string{"x", "h2"}, []string{"x", "h2", "http/1.1"}},
	}
	for _, test := range tests {
		hs := &http.Server{TLSConfig: &tls.Config{NextProtos: test.before}}
		if err := ConfigureServer(hs, nil); err != nil {
			t.Fatal(err)
		}
		if got := hs.TLSConfig.NextProtos; !slices.Equal(got, test.after) {
			t.Errorf("NextProtos %q become %q, want %q", test.before, got, test.after)
		}
		if hs.TLSNextProto["h2"] == nil {
			t.Error("TLSNextProto has no h2")
		}
	}
}

func TestConfigureServerWantsARequiredCipherSuite(t *testing.T) {
	const missing = "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)"
	tests := []struct {
		name string
		conf *tls.Config
		want string
	}{
		{"no list", &tls.Config{}, ""},
		{"an empty list", &tls.Config{CipherSuites: []uint16{}}, missing},
		{"others", &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}, missing},
		{"others, which TLS 1.3 does not use", &tls.Config{MinVersion: tls.VersionTLS13, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}, ""},
		{"the required one", &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}, ""},
		{"its sibling", &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := ConfigureServer(&http.Server{TLSConfig: test.conf}, nil); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("the error is %q, want %q", got, test.want)
			}
		})
	}
}

func TestConfigureServerTakesOverTheIdleTimeout(t *testing.T) {
	tests := []struct {
		hs       http.Server
		own, got time.Duration
	}{
		{http.Server{}, 0, 0},
		{http.Server{IdleTimeout: 1}, 0, 1},
		{http.Server{ReadTimeout: 2}, 0, 2},
		{http.Server{IdleTimeout: 1, ReadTimeout: 2}, 0, 1},
		{http.Server{IdleTimeout: 1, ReadTimeout: 2}, 3, 3},
	}
	for i := range tests {
		test := &tests[i]
		srv := &Server{IdleTimeout: test.own}
		if err := ConfigureServer(&test.hs, srv); err != nil {
			t.Fatal(err)
		}
		if srv.IdleTimeout != test.got {
			t.Errorf("IdleTimeout is %v, want %v", srv.IdleTimeout, test.got)
		}
	}
}

func TestConfigureServerPanicsWithoutAServer(t *testing.T) {
	defer func() {
		if v := recover(); v != "nil *http.Server" {
			t.Errorf("it panicked with %v", v)
		}
	}()
	ConfigureServer(nil, nil)
}

// nethttp is an http.Server that ConfigureServer was called for.
type nethttp struct {
	*http.Server
	states *eventLog
	listen *h2test.Listener
}

// runServer runs hs, and the script against it.
func runServer(t *testing.T, hs *http.Server, encrypted bool, script func(s nethttp)) {
	t.Helper()
	certificate := testCertificate()
	synctest.Test(t, func(t *testing.T) {
		s := nethttp{Server: hs, states: new(eventLog), listen: h2test.Listen()}
		hs.ErrorLog = log.New(io.Discard, "", 0)
		hs.ConnState = func(_ net.Conn, state http.ConnState) { s.states.add(state.String()) }
		hs.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		if err := ConfigureServer(hs, &Server{}); err != nil {
			t.Fatal(err)
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			if encrypted {
				hs.ServeTLS(s.listen, "", "")
			} else {
				hs.Serve(s.listen)
			}
		}()
		script(s)
		hs.Close()
		<-done
	})
}

// dial opens a connection, and greets.
func (s nethttp) dial(t *testing.T, encrypted bool) *h2test.Peer {
	t.Helper()
	client, _, err := s.listen.Dial()
	if err != nil {
		t.Fatal(err)
	}
	var c net.Conn = client
	if encrypted {
		tc := tls.Client(client, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err := tc.Handshake(); err != nil {
			t.Fatal(err)
		}
		if got := tc.ConnectionState().NegotiatedProtocol; got != "h2" {
			t.Fatalf("ALPN chose %q", got)
		}
		c = tc
	}
	p := h2test.NewPeer(t, c)
	p.Ignore(h2test.WindowUpdates)
	p.IgnoreFields("date")
	p.Greet()
	return p
}

func TestHTTPServerServesHTTP2(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		name := map[bool]string{true: "over TLS", false: "without TLS"}[encrypted]
		t.Run(name, func(t *testing.T) {
			type (
				key     struct{}
				connKey struct{}
			)
			hs := &http.Server{
				BaseContext: func(net.Listener) context.Context { return context.WithValue(context.Background(), key{}, "base") },
				Protocols:   new(http.Protocols),
			}
			hs.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
				return context.WithValue(ctx, connKey{}, ctx.Value(key{}).(string)+"+conn")
			}
			hs.Protocols.SetHTTP2(true)
			hs.Protocols.SetUnencryptedHTTP2(true)
			hs.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				if ctx.Value(connKey{}) != "base+conn" || ctx.Value(http.ServerContextKey) != hs || ctx.Value(http.LocalAddrContextKey) == nil {
					t.Errorf("the context is %v", ctx)
				}
				if (r.TLS != nil) != encrypted || r.Proto != "HTTP/2.0" {
					t.Errorf("TLS %v, %s", r.TLS, r.Proto)
				}
				w.WriteHeader(204)
			})
			runServer(t, hs, encrypted, func(s nethttp) {
				p := s.dial(t, encrypted)
				settled()
				s.states.want(t, "the greeting is over", "new", "active", "idle")
				p.Request(1, h2test.EndStream, ":scheme", map[bool]string{true: "https", false: "http"}[encrypted])
				p.Want("the request is answered", noContent(1))
				p.Close()
				settled()
				s.states.want(t, "the connection is over", "new", "active", "idle", "active", "idle", "closed")
			})
		})
	}
}

func TestHTTPServerShutdownWaitsForStreams(t *testing.T) {
	release := newGate()
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		release.wait()
		w.WriteHeader(204)
	})}
	runServer(t, hs, true, func(s nethttp) {
		p := s.dial(t, true)
		p.Request(1, h2test.EndStream)
		settled()
		shut := make(chan error, 1)
		go func() { shut <- hs.Shutdown(context.Background()) }()
		p.WantDrain("the client is told", 1)
		time.Sleep(time.Hour)
		select {
		case err := <-shut:
			t.Errorf("Shutdown returned %v, and a stream is open", err)
		default:
		}
		release.open()
		p.Want("the stream is finished", noContent(1))
		if err := <-shut; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestHTTPServerCloseEndsConnectionsAtOnce(t *testing.T) {
	hs := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}
	runServer(t, hs, true, func(s nethttp) {
		p := s.dial(t, true)
		p.Request(1, h2test.EndStream)
		settled()
		hs.Close()
		p.WantClosed("there is no goodbye")
	})
}

func TestHTTPServerTimeoutsOfTheHandshakeDoNotConcernStreams(t *testing.T) {
	hs := &http.Server{
		ReadTimeout:       5 * time.Second,
		ReadHeaderTimeout: 2 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       time.Hour,
		Handler:           http.HandlerFunc(answers204),
	}
	runServer(t, hs, true, func(s nethttp) {
		p := s.dial(t, true)
		for id := uint32(1); id < 10; id += 2 {
			time.Sleep(10 * time.Minute)
			p.Request(id, h2test.EndStream)
			p.Want("the connection is as young as ever", noContent(id))
		}
	})
}

// P108. golang/go#80876: net/http sets a deadline for the first request's header, and
// takes it for the preface.
func TestDeadlineThatNetHTTPLeftDoesNotEndAConnection(t *testing.T) {
	hs := &http.Server{
		ReadHeaderTimeout: 2 * time.Second,
		Handler:           http.HandlerFunc(answers204),
		Protocols:         new(http.Protocols),
	}
	hs.Protocols.SetUnencryptedHTTP2(true)
	runServer(t, hs, false, func(s nethttp) {
		p := s.dial(t, false)
		time.Sleep(time.Hour)
		p.Request(1, h2test.EndStream)
		p.Want("the connection is as young as ever", noContent(1))
	})
}

func TestDeadlineOfServeConnsCallerEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		server.SetReadDeadline(time.Now().Add(time.Second))
		c := serving{hs: &http.Server{ReadHeaderTimeout: time.Minute}}.startOn(t, client, server)
		time.Sleep(time.Second)
		if !c.hasReturned() {
			t.Error("the connection goes on after its deadline")
		}
	})
}

func TestCiphersAreThoseTheRFCLeaves(t *testing.T) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		tls12 := slices.Contains(s.SupportedVersions, tls.VersionTLS12)
		// RFC 9113 §9.2.2: ephemeral key exchange and AEAD.
		fit := strings.HasPrefix(s.Name, "TLS_ECDHE_") && (strings.Contains(s.Name, "_GCM_") || strings.Contains(s.Name, "CHACHA20"))
		if tls12 && prohibitedCipher(tls.VersionTLS12, s.ID) == fit {
			t.Errorf("%s: prohibited is %t", s.Name, !fit)
		}
		if prohibitedCipher(tls.VersionTLS13, s.ID) {
			t.Errorf("%s is prohibited with TLS 1.3", s.Name)
		}
	}
}
