package http2

import (
	"errors"
	"io"
	"net/http/httptrace"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestPoolOfTheProgramsOwnIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := new(poolOfOne)
		tr := &Transport{ConnPool: pool}
		client, server := h2test.Pipe()
		cc, err := tr.NewClientConn(client)
		if err != nil {
			t.Fatal(err)
		}
		pool.cc = cc
		p := h2test.NewPeer(t, server)
		p.Ignore(h2test.WindowUpdates)
		p.Accept()
		k := startTrip(t, tr, get("https://example.com/"))
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		wantErr(t, "its error is the request's", startTrip(t, tr, get("https://other.example/")).failure(), "what is this?")
		tr.CloseIdleConnections() // of which this pool knows nothing
		p.Close()
		settled()
		if pool.dead != 1 {
			t.Errorf("MarkDead was called %d times", pool.dead)
		}
	})
}

func TestRequestsToOneAddressShareAConnection(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		for range 5 {
			c.roundTrip(get("https://example.com/"))
		}
		p := c.accept()
		for id := uint32(1); id < 10; id += 2 {
			p.Want("they share it", headersOf(id, h2test.EndStream))
		}
		c.noDial()
	})
}

func TestAddressesAreComparedInFull(t *testing.T) {
	withTransport(t, &Transport{AllowHTTP: true}, func(c *calling) {
		for url, addr := range map[string]string{
			"https://example.com/":        "example.com:443",
			"http://example.com/":         "example.com:80",
			"https://example.com:8443/":   "example.com:8443",
			"https://[2001:db8::1]/":      "[2001:db8::1]:443",
			"https://[2001:db8::1]:8080/": "[2001:db8::1]:8080",
			"https://bücher.example/":     "xn--bcher-kva.example:443",
		} {
			c.addrs = nil
			c.roundTrip(get(url))
			c.accept()
			if len(c.addrs) != 1 || c.addrs[0] != addr {
				t.Errorf("%s led to %q, want %q", url, c.addrs, addr)
			}
		}
	})
}

func TestRequestBeyondTheServersLimitGoesOverAnotherConnection(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.roundTrip(get("https://example.com/1"))
		p := c.accept(wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 1})
		p.Want("the first", headersOf(1, h2test.EndStream))
		c.roundTrip(get("https://example.com/2"))
		c.accept().Want("the second", headersOf(1, h2test.EndStream))
		p.WantNothing("its server takes no more")
	})
}

func TestHundredRequestsAreSentBeforeSettings(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		for i := range 101 {
			c.roundTrip(get("https://example.com/" + strconv.Itoa(i))).returned()
		}
		first, second := c.peer(), c.peer()
		first.Accept()
		second.Accept()
		for id := uint32(1); id < 200; id += 2 {
			first.Want("the server's limit is not known", headersOf(id, h2test.EndStream))
		}
		first.WantNothing("guessing too high gets requests refused")
		second.Want("so this one goes elsewhere", headersOf(1, h2test.EndStream))
	})
}

func TestCloseIdleConnectionsLeavesBusyOnes(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		c.tr.CloseIdleConnections()
		p.WantNothing("it is busy")
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		c.tr.CloseIdleConnections()
		p.WantClosed("now it is idle")
		c.roundTrip(get("https://example.com/"))
		c.accept().Want("the next request has a new one", headersOf(1, h2test.EndStream))
	})
}

func TestRequestOnAnIdleConnectionIsTracedAsSuch(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		var got []httptrace.GotConnInfo
		ctx := httptrace.WithClientTrace(c.t.Context(), &httptrace.ClientTrace{
			GotConn: func(i httptrace.GotConnInfo) { got = append(got, i) },
		})
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		time.Sleep(time.Minute)
		k = c.roundTrip(get("https://example.com/").WithContext(ctx))
		settled()
		p.Headers(3, h2test.EndStream, ":status", "204")
		k.response()
		switch {
		case len(got) != 2:
			t.Errorf("GotConn was told %d times", len(got))
		case got[0].Reused || got[0].WasIdle || !got[1].Reused || !got[1].WasIdle || got[1].IdleTime != time.Minute:
			t.Errorf("GotConn was told %+v", got)
		}
	})
}

func TestRequestThatWantsToCloseHasAConnectionOfItsOwn(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		req := get("https://example.com/")
		req.Header.Set("Connection", "close")
		k = c.roundTrip(req)
		once := c.accept()
		once.Want("the field itself is not HTTP/2's", h2test.HeadersFrame(1, h2test.EndStream,
			":authority", "example.com", ":method", "GET", ":path", "/", ":scheme", "https"))
		once.Headers(1, h2test.KeepOpen, ":status", "200")
		once.Data(1, h2test.EndStream, "content")
		wantBody(t, k.response(), "content")
		once.WantClosed("it was for this request")
	})
}

// poolSize is how many addresses the Transport's pool knows.
func (c *calling) poolSize() int {
	p := c.tr.connPool().(*clientConnPool)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.hosts)
}

func TestPoolForgetsAddressesThatFail(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		c.tr.DialTLSContext = failingDial(errors.New("no route"))
		for i := range 10 {
			c.roundTrip(get("https://example" + strconv.Itoa(i) + ".com/")).failure()
		}
		if n := c.poolSize(); n != 0 {
			t.Errorf("the pool holds %d addresses", n)
		}
	})
}

func TestPoolForgetsConnectionsThatEnd(t *testing.T) {
	withTransport(t, &Transport{IdleConnTimeout: time.Minute}, func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		time.Sleep(time.Hour)
		if n := c.poolSize(); n != 0 {
			t.Errorf("the pool holds %d addresses", n)
		}
	})
}

func TestPoolWithoutDialerLeavesTheBodyForNetHTTP(t *testing.T) {
	pool := newClientConnPool(nil)
	pool.noDial = true
	body := newSentBody("content", io.EOF)
	_, err := (&Transport{ConnPool: pool}).RoundTrip(newRequest("POST", "https://example.com/", body))
	if err != ErrNoCachedConn || body.isClosed() {
		t.Errorf("RoundTrip: %v; the body is closed: %t", err, body.isClosed())
	}
}

func TestTheAddressToDialIsTheAuthorityInASCIIWithAPort(t *testing.T) {
	for _, c := range []struct{ scheme, authority, want string }{
		{"https", "example.com", "example.com:443"},
		{"http", "example.com", "example.com:80"},
		{"https", "example.com:8443", "example.com:8443"},
		{"https", "example.com:", "example.com:443"},
		{"https", "[::1]", "[::1]:443"},
		{"https", "[::1]:8443", "[::1]:8443"},
		{"https", "[localhost]:8443", "localhost:8443"},
		{"https", "bücher.example", "xn--bcher-kva.example:443"},
		{"https", "bücher.example:8443", "xn--bcher-kva.example:8443"},
	} {
		if got := authorityAddr(c.scheme, c.authority); got != c.want {
			t.Errorf("%s://%s: %q, want %q", c.scheme, c.authority, got, c.want)
		}
	}
}
