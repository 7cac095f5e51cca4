package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// tlsServer is net/http's own HTTP/2 server, and counts its connections.
func tlsServer(t *testing.T, handler http.HandlerFunc) (srv *httptest.Server, conns *atomic.Int32) {
	srv, conns = httptest.NewUnstartedServer(handler), new(atomic.Int32)
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of dials that were not needed
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, conns
}

// trusting is a TLS configuration that takes srv's certificate.
func trusting(srv *httptest.Server) *tls.Config {
	return &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
}

// echo answers with the request's protocol and body.
func echo(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, r.Proto+" ")
	io.Copy(w, r.Body)
}

// wantEcho sends content and wants it back over HTTP/2.
func wantEcho(t *testing.T, rt http.RoundTripper, url, content string) {
	t.Helper()
	res, err := rt.RoundTrip(newRequest("POST", url, strings.NewReader(content)))
	if err != nil {
		t.Errorf("RoundTrip: %v", err)
		return
	}
	if res.ProtoMajor != 2 {
		t.Errorf("the protocol is %s", res.Proto)
	}
	wantBody(t, res, "HTTP/2.0 "+content)
}

func TestTransportDialsTLSByItself(t *testing.T) {
	srv, conns := tlsServer(t, echo)
	tr := &Transport{TLSClientConfig: trusting(srv)}
	defer tr.CloseIdleConnections()
	for range 3 {
		wantEcho(t, tr, srv.URL, long(100_000))
	}
	res, err := tr.RoundTrip(get(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.TLS == nil || res.TLS.NegotiatedProtocol != "h2" {
		t.Errorf("the response's TLS is %+v", res.TLS)
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("there were %d connections", n)
	}
}

func TestServerWithoutHTTP2IsRefused(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(echo))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer srv.Close()
	tr := &Transport{TLSClientConfig: trusting(srv)}
	_, err := tr.RoundTrip(get(srv.URL))
	if err == nil || !strings.Contains(err.Error(), "http2: unexpected ALPN protocol") && !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("RoundTrip: %v", err)
	}
}

func TestDialTLSIsGivenTheServersName(t *testing.T) {
	for _, tc := range []struct{ url, configured, want string }{
		{"https://example.com/", "", "example.com"},
		{"https://example.com:8443/", "", "example.com"},
		{"https://example.com/", "other.example", "other.example"},
	} {
		var name string
		tr := &Transport{
			TLSClientConfig: &tls.Config{ServerName: tc.configured},
			DialTLSContext: func(_ context.Context, _, _ string, cfg *tls.Config) (net.Conn, error) {
				name = cfg.ServerName
				return nil, errors.New("no network")
			},
		}
		tr.RoundTrip(get(tc.url))
		if name != tc.want {
			t.Errorf("%s: ServerName is %q, want %q (RFC 9113 §9.2)", tc.url, name, tc.want)
		}
	}
}

// P88.
func TestTransportRefusesOldTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS11, tls.VersionTLS12} {
		srv, _ := tlsServer(t, echo)
		srv.TLS.MinVersion, srv.TLS.MaxVersion = tls.VersionTLS10, version
		conf := trusting(srv)
		conf.MinVersion = tls.VersionTLS10
		tr := &Transport{TLSClientConfig: conf}
		res, err := tr.RoundTrip(get(srv.URL))
		switch {
		case version == tls.VersionTLS12 && err != nil:
			t.Errorf("%s: %v", tls.VersionName(version), err)
		case version == tls.VersionTLS12:
			wantBody(t, res, "HTTP/2.0 ")
		default:
			wantErr(t, "RFC 9113 §9.2: TLS 1.2 or higher", err, "http2: TLS 1.1 is too old (RFC 9113 §9.2)")
		}
		tr.CloseIdleConnections()
	}
}

func TestDialTLSIsGivenWhatItNeeds(t *testing.T) {
	srv, _ := tlsServer(t, echo)
	var addr, network string
	var protos []string
	tr := &Transport{TLSClientConfig: trusting(srv), DialTLS: func(n, a string, cfg *tls.Config) (net.Conn, error) {
		network, addr, protos = n, a, cfg.NextProtos
		return tls.Dial(n, a, cfg)
	}}
	defer tr.CloseIdleConnections()
	wantEcho(t, tr, srv.URL, "content")
	if network != "tcp" || addr != srv.Listener.Addr().String() || len(protos) != 1 || protos[0] != "h2" {
		t.Errorf("DialTLS(%q, %q, %q)", network, addr, protos)
	}
	if tr.TLSClientConfig.NextProtos != nil {
		t.Error("the program's configuration was changed")
	}
}

func TestUnencryptedRequestsNeedPermissionAndADialer(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	defer srv.Close()
	tr := &Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	defer tr.CloseIdleConnections()
	wantEcho(t, tr, srv.URL, "content")
}

// configured is a net/http Transport that we have configured.
func configured(t *testing.T, t1 *http.Transport) *Transport {
	t.Helper()
	t2, err := ConfigureTransports(t1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(t1.CloseIdleConnections)
	return t2
}

func TestConfiguredTransportSpeaksHTTP2OverTLS(t *testing.T) {
	srv, conns := tlsServer(t, echo)
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	ours := observed(configured(t, t1))
	for range 3 {
		wantEcho(t, t1, srv.URL, long(100_000))
	}
	if conns.Load() != 1 {
		t.Errorf("there were %d connections", conns.Load())
	}
	if !ours() {
		t.Error("net/http's own HTTP/2 did it")
	}
}

// observed returns a function that reports whether t2 has connections.
func observed(t2 *Transport) func() bool {
	return func() bool {
		p := t2.connPool().(*clientConnPool)
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.hosts) > 0
	}
}

func TestConfiguredTransportSpeaksHTTP2WithoutTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	defer srv.Close()
	t1 := &http.Transport{Protocols: new(http.Protocols)}
	t1.Protocols.SetUnencryptedHTTP2(true)
	ours := observed(configured(t, t1))
	for range 3 {
		wantEcho(t, t1, srv.URL, long(100_000))
	}
	if !ours() {
		t.Error("net/http's own HTTP/2 did it")
	}
}

func TestConfiguredTransportStillSpeaksHTTP1(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer srv.Close()
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	res, err := t1.RoundTrip(newRequest("POST", srv.URL, strings.NewReader("content")))
	if err != nil {
		t.Fatal(err)
	}
	wantBody(t, res, "HTTP/1.1 content")
}

func TestConfiguringTwiceIsAnError(t *testing.T) {
	t1 := new(http.Transport)
	if err := ConfigureTransport(t1); err != nil {
		t.Errorf("ConfigureTransport: %v", err)
	}
	wantErr(t, "callers match texts", ConfigureTransport(t1), "protocol https already registered")
}

func TestConfiguredTransportsCloseIdleConnections(t *testing.T) {
	closed := make(chan bool, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	srv.EnableHTTP2 = true
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- true
		}
	}
	srv.StartTLS()
	defer srv.Close()
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	wantEcho(t, t1, srv.URL, "content")
	t1.CloseIdleConnections()
	<-closed
}

func TestConfiguredTransportUsesOneConnectionForManyRequests(t *testing.T) {
	srv, _ := tlsServer(t, echo)
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { wantEcho(t, t1, srv.URL, long(10_000)) })
	}
	wg.Wait()
}

func TestRedirectsAndCookiesOfAClient(t *testing.T) {
	srv, _ := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		io.WriteString(w, r.Proto+" "+r.Header.Get("Cookie"))
	})
	jar, _ := cookiejar.New(nil)
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	client := &http.Client{Transport: t1, Jar: jar}
	res, err := client.Get(srv.URL + "/start")
	if err != nil {
		t.Fatal(err)
	}
	wantBody(t, res, "HTTP/2.0 a=1; b=2")
}

func TestConnectionsOfNetHTTPAreTracedOnce(t *testing.T) {
	srv, _ := tlsServer(t, echo)
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	l := new(eventLog)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { l.add("get") },
		GotConn: func(i httptrace.GotConnInfo) { l.addf("got reused=%t", i.Reused) },
	})
	for range 2 {
		res, err := t1.RoundTrip(get(srv.URL).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		wantBody(t, res, "HTTP/2.0 ")
	}
	l.want(t, "once for each request", "get", "got reused=false", "get", "got reused=true")
}

// golang.org/x/net hands such connections over to net/http from Go 1.27 on.
func TestAHandshakeThatFailsIsTheErrorOfARequestThatWasDialledFor(t *testing.T) {
	srv, _ := tlsServer(t, echo)
	t1 := new(http.Transport)
	configured(t, t1)
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	untrusted := errors.New("not trusted")
	cfg := trusting(srv)
	cfg.ServerName = "127.0.0.1"
	cfg.VerifyConnection = func(tls.ConnectionState) error { return untrusted }
	rt := t1.TLSNextProto[NextProtoTLS](srv.Listener.Addr().String(), tls.Client(nc, cfg))
	if failed, ok := rt.(failing); !ok || !errors.Is(failed.RoundTripErr(), untrusted) {
		t.Errorf("the RoundTripper is %#v", rt)
	}
}

func TestNetHTTPsOwnClientConn(t *testing.T) {
	srv, _ := tlsServer(t, echo)
	t1 := &http.Transport{TLSClientConfig: trusting(srv)}
	configured(t, t1)
	cc, err := t1.NewClientConn(t.Context(), "https", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	changes := new(atomic.Int32)
	cc.SetStateHook(func(*http.ClientConn) { changes.Add(1) })
	if err := cc.Reserve(); err != nil {
		t.Errorf("Reserve: %v", err)
	}
	if cc.InFlight() != 1 || cc.Available() < 1 || cc.Err() != nil {
		t.Errorf("in flight %d, available %d, %v", cc.InFlight(), cc.Available(), cc.Err())
	}
	cc.Release()
	wantEcho(t, cc, srv.URL, "content")
	if cc.InFlight() != 0 || changes.Load() == 0 {
		t.Errorf("in flight %d, %d changes", cc.InFlight(), changes.Load())
	}
	cc.Close()
	if cc.Err() == nil {
		t.Error("the connection is closed, and has no error")
	}
	if _, err := cc.RoundTrip(get(srv.URL)); err == nil {
		t.Error("RoundTrip on a closed connection")
	}
}

func TestUnencryptedConnWithoutAConnFails(t *testing.T) {
	t1 := new(http.Transport)
	configured(t, t1)
	client, server := h2test.Pipe()
	rt := t1.TLSNextProto[nextProtoUnencrypted]("example.com", tls.Client(client, nil))
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection is not closed: %v", err)
	}
	if _, err := rt.RoundTrip(get("http://example.com/")); err == nil {
		t.Error("RoundTrip succeeded")
	}
}

// poolOfOne is a ClientConnPool of a program's own.
type poolOfOne struct {
	mu   sync.Mutex
	cc   *ClientConn
	dead int
}

func (p *poolOfOne) GetClientConn(req *http.Request, addr string) (*ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if addr != "example.com:443" || req == nil {
		return nil, errors.New("what is this?")
	}
	return p.cc, nil
}

func (p *poolOfOne) MarkDead(*ClientConn) {
	p.mu.Lock()
	p.dead++
	p.mu.Unlock()
}

// breaking is a connection that breaks when TLS has been agreed on.
type breaking struct {
	net.Conn
	broken atomic.Bool
}

var errBroken = errors.New("the connection broke")

func (c *breaking) Write(p []byte) (int, error) {
	if c.broken.Load() {
		return 0, errBroken
	}
	return c.Conn.Write(p)
}

// Whoever counts GotConn counts connections that could be used.
func TestGotConnIsNotTracedForAConnectionThatBrokeAfterItsHandshake(t *testing.T) {
	srv, _ := tlsServer(t, answerOK)
	var breaks atomic.Bool
	breaks.Store(true)
	tr := &http.Transport{TLSClientConfig: trusting(srv)}
	tr.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		conf := tr.TLSClientConfig.Clone()
		conf.ServerName, _, _ = net.SplitHostPort(addr)
		b := &breaking{Conn: c}
		client := tls.Client(b, conf)
		err = client.HandshakeContext(ctx)
		b.broken.Store(breaks.Load())
		return client, err
	}
	if err := ConfigureTransport(tr); err != nil {
		t.Fatal(err)
	}
	defer tr.CloseIdleConnections()
	events := new(eventLog)
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { events.add("GotConn") },
	})
	trip := func() error {
		req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		res, err := tr.RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	for range 4 {
		if err := trip(); !errors.Is(err, errBroken) {
			t.Errorf("RoundTrip: %v, want %v", err, errBroken)
		}
	}
	events.want(t, "none of them worked")
	breaks.Store(false)
	if err := trip(); err != nil {
		t.Errorf("RoundTrip: %v", err)
	}
	events.want(t, "the last one did", "GotConn")
}
