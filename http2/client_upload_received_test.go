package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// proxies are ways to send on what came to a server of ours.
var proxies = map[string]func(http.RoundTripper) http.HandlerFunc{
	"ReverseProxy": reverseProxy,
	"passes on":    passesOn,
}

// sendingOn is a server whose handler sends on each request when the script says so, and the client's side of it.
type sendingOn struct {
	*servedConn
	goes chan struct{} // one for each request
}

func (in *sendingOn) goOn() { in.goes <- struct{}{} }

// sendOn runs a script with a proxy in front of a Transport of ours.
func sendOn(t *testing.T, handler func(*calling) http.HandlerFunc, script func(c *calling, in *sendingOn)) {
	t.Helper()
	withTransport(t, new(Transport), func(c *calling) {
		in := &sendingOn{goes: make(chan struct{})}
		proxy := handler(c)
		in.servedConn = serving{handler: func(w http.ResponseWriter, r *http.Request) {
			<-in.goes
			proxy(w, r)
		}}.start(c.t)
		script(c, in)
	})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (in *sendingOn) post(id uint32, content string, ended bool) {
	in.Request(id, h2test.KeepOpen, ":method", "POST")
	in.Data(id, ended, content)
	settled()
}

// P125. A proxied gRPC call is one: a packet, a TLS record and a goroutine are saved.
func TestShortRequestThatHasComeWholeIsSentOnInOneWrite(t *testing.T) {
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			sendOn(t, func(c *calling) http.HandlerFunc { return proxy(c.tr) }, func(c *calling, in *sendingOn) {
				in.post(1, readyContent, h2test.EndStream)
				in.goOn()
				p := c.accept()
				answer := func(id uint32) {
					p.Want("the request", headersOf(id, h2test.KeepOpen), h2test.DataFrame(id, readyContent, h2test.EndStream))
					p.Headers(id, h2test.EndStream, ":status", "204")
					in.Want("the response", noContent(id))
				}
				answer(1)
				settled()
				before, _ := c.ours[0].Writes()
				in.post(3, readyContent, h2test.EndStream)
				in.goOn()
				answer(3)
				if after, _ := c.ours[0].Writes(); after != before+1 {
					t.Errorf("the second request took %d writes", after-before)
				}
			})
		})
	}
}

func TestRequestOfWhichMoreIsToComeIsSentOnAsItComes(t *testing.T) {
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			sendOn(t, func(c *calling) http.HandlerFunc { return proxy(c.tr) }, func(c *calling, in *sendingOn) {
				in.post(1, "first ", h2test.KeepOpen)
				in.goOn()
				p := c.accept()
				p.Want("what has come", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "first ", h2test.KeepOpen))
				in.Data(1, h2test.EndStream, "and last")
				p.Want("the rest", h2test.DataFrame(1, "and last", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
				p.Headers(1, h2test.EndStream, ":status", "204")
				in.Want("the response", noContent(1))
			})
		})
	}
}

// Whoever closes a body before RoundTrip wants no request to be sent with it. ReverseProxy's wrapper keeps that to itself.
func TestRequestWhoseBodyHasBeenClosedIsNotSentOnWhole(t *testing.T) {
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			handler := func(c *calling) http.HandlerFunc {
				return proxy(roundTripFunc(func(r *http.Request) (*http.Response, error) {
					r.Body.Close()
					return c.tr.RoundTrip(r)
				}))
			}
			sendOn(t, handler, func(c *calling, in *sendingOn) {
				in.post(1, readyContent, h2test.EndStream)
				in.goOn()
				p := c.accept()
				p.Want("a request that has no end", headersOf(1, h2test.KeepOpen), h2test.RSTStreamFrame(1, wire.Cancel))
				in.Want("the proxy's answer", h2test.HeadersWith(1, h2test.EndStream, ":status", "502"))
			})
		})
	}
}

// The pool sends the request elsewhere, and has to find all of its body.
func TestRequestThatHasComeIsNotReadForAConnectionThatDeclinesIt(t *testing.T) {
	handler := func(c *calling) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			cc, err := c.tr.connPool().GetClientConn(get("https://example.com/"), "example.com:443")
			if err != nil {
				t.Error(err)
				return
			}
			cc.SetDoNotReuse()
			out := r.Clone(r.Context())
			out.URL, out.RequestURI = proxiedTo, ""
			if _, err := cc.RoundTrip(out); err != errClientConnUnusable {
				t.Errorf("RoundTrip: %v", err)
			}
			if r.Body.(*requestBody).sawEOF {
				t.Error("the body has been read")
			}
		}
	}
	sendOn(t, handler, func(c *calling, in *sendingOn) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		in.post(1, readyContent, h2test.EndStream)
		in.goOn()
		in.Want("the handler's end", h2test.HeadersWith(1, h2test.EndStream, ":status", "200"))
		p.Headers(1, h2test.EndStream, ":status", "204")
		settled()
		k.response()
	})
}

// What has been sent cannot be taken back, so the request fails.
func TestRequestFailsIfItsBodyIsNotWhatWasPeekedAt(t *testing.T) {
	mine := errors.New("it fails")
	for name, test := range map[string]struct {
		body io.Reader
		want error
	}{
		"it is":            {strings.NewReader(readyContent), nil},
		"others have read": {strings.NewReader(readyContent[1:]), errBodyChanged},
		"it has grown":     {strings.NewReader(readyContent + "!"), errBodyChanged},
		"it fails":         {iotest.ErrReader(mine), mine},
	} {
		req := newRequest("POST", "https://example.com/", struct{ io.Reader }{test.body})
		if err := newUpload(req).readPeeked(new(sender), len(readyContent)); err != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A body that only looks like one that has come may be anything.
func TestOnlyTheBodyItselfIsTakenToHaveCome(t *testing.T) {
	type wrapper struct{ io.ReadCloser }
	b := new(requestBody)
	for name, body := range map[string]io.Reader{
		"a type of the program's":     wrapper{b},
		"a pointer to it":             &wrapper{b},
		"one inside of NopCloser":     io.NopCloser(b),
		"what http.MaxBytesReader is": http.MaxBytesReader(nil, b, 10),
		"nothing":                     (*wrapper)(nil),
	} {
		if received(body).requestBody != nil {
			t.Errorf("%s is taken to be a body that has come", name)
		}
	}
	if received(b).requestBody != b {
		t.Error("a body that has come is not recognised")
	}
}
