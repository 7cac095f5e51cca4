package http2

import (
	"io"
	"net/http"
	"testing"

	"h2fork.example/net/internal/h2test"
)

// proxies are ways to send on what came to a server of ours.
var proxies = map[string]func(http.RoundTripper) http.HandlerFunc{
	"ReverseProxy": reverseProxy,
	"passes on":    passesOn,
}

// sendingOn is a server whose handler goes on when the script says so, and the client's side of it.
type sendingOn struct {
	*servedConn
	goes *gate
}

// sendOn runs a script with a proxy in front of a Transport of ours.
func sendOn(t *testing.T, handler func(*calling) http.HandlerFunc, script func(c *calling, in *sendingOn)) {
	t.Helper()
	withTransport(t, new(Transport), func(c *calling) {
		in := &sendingOn{goes: newGate()}
		proxy := handler(c)
		in.servedConn = serving{handler: func(w http.ResponseWriter, r *http.Request) {
			in.goes.wait()
			proxy(w, r)
		}}.start(c.t)
		script(c, in)
	})
}

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
				in.goes.open()
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
				in.goes.open()
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
		in.goes.open()
		in.Want("the handler's end", h2test.HeadersWith(1, h2test.EndStream, ":status", "200"))
		p.Headers(1, h2test.EndStream, ":status", "204")
		settled()
		k.response()
	})
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
		if received(body) != nil {
			t.Errorf("%s is taken to be a body that has come", name)
		}
	}
	if received(b) != b {
		t.Error("a body that has come is not recognised")
	}
}
