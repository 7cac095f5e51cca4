package http2

import (
	"strings"

	"h2fork.example/net/internal/h2test"
)

// malformed is a case of a request that RFC 9113 §8.1.1 calls malformed, and one
// that is not, afterwards. A slash divides what is different on Go 1.26 and 1.27.
func malformed(name, patches string, namesAndValues ...string) twinCase {
	patch, on127, _ := strings.Cut(patches, "/")
	return twinCase{name: name, patch: patch, on127: on127, handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream, namesAndValues...)
		twinPause()
		p.Request(3, h2test.EndStream)
	}}
}

var twinMalformed = []twinCase{
	malformed("no method", "", ":method", "-"),
	malformed("no scheme", "", ":scheme", "-"),
	malformed("no path", "", ":path", "-"),
	malformed("an empty path", "", ":path", ""),
	malformed("a relative path", "", ":path", "x"),
	malformed("a method that is no token", "P10", ":method", "G T"),
	malformed("another scheme", "", ":scheme", "ftp"),
	malformed("an unknown pseudo-header field", "", ":nonsense", "x"),
	malformed("a response's pseudo-header field", "", ":status", "200"),
	malformed("upper case in a name", "", "X-Upper", "1"),
	malformed("a space in a name", "", "x y", "1"),
	malformed("a line break in a value", "", "x", "a\nb"),
	malformed("userinfo in the authority", "", ":authority", "user@example.com"),
	malformed("CONNECT with a path", "", ":method", "CONNECT"),
	malformed("CONNECT without an authority", "", ":method", "CONNECT", ":authority", "-", ":scheme", "-", ":path", "-"),
	malformed("extended CONNECT, which was not offered", "", ":method", "CONNECT", ":protocol", "websocket"),
	malformed("a content-length that is no number", "P11", "content-length", "x"),
	malformed("a content-length without a body", "P11/none", "content-length", "5"),
	malformed("two Host fields", "/P12", "host", "a", "host", "b"),
	malformed("Host is not the authority", "/P12", "host", "other.example"),
	{name: "a pseudo-header field after another", handler: answers(answerOK), script: func(p *h2test.Peer) {
		p.Headers(1, h2test.EndStream, ":method", "GET", "x", "y", ":scheme", "https", ":path", "/")
	}},
	{name: "more content than was declared", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "content-length", "3")
		twinPause()
		p.Data(1, h2test.EndStream, "12345")
	}},
	{name: "less content than was declared", patch: "P11", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "content-length", "8")
		twinPause()
		p.Data(1, h2test.EndStream, "12345")
	}},
	{name: "trailers with a pseudo-header field", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		twinPause()
		p.Headers(1, h2test.EndStream, ":path", "/x")
	}},
	{name: "trailers that do not end the stream", handler: describeRequest, script: func(p *h2test.Peer) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		twinPause()
		p.Headers(1, h2test.KeepOpen, "x", "y")
	}},
}
