//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// clientDifferences are the differences from golang.org/x/net/http2's Transport
// that the cases below show on purpose, and why.
var clientDifferences = map[string]string{
	"P64":  "a te field other than trailers is left out (RFC 9113 §8.2.2)",
	"P65":  "a :status that is not three digits, or 101, is malformed (RFC 9113 §8.3.2, §8.6)",
	"P67":  "trailers that break the rules end their stream, not the connection (RFC 9113 §8.1.1)",
	"P75":  "the end of a connection begins with GOAWAY, and its error is a ConnectionError",
	"P76":  "stream errors say what the server did wrong",
	"P77":  "frames on streams that were never opened, or have ended, are errors (RFC 9113 §5.1)",
	"P78":  "a body shorter than its declared length is reset, not ended as if it were whole (RFC 9113 §8.1.1)",
	"P80":  "streams above a GOAWAY's are not reset: the server has promised to ignore them (RFC 9113 §6.8)",
	"P81":  "the error of Got1xxResponse is the request's error itself, as httptrace says",
	"P103": "a request that was refused is sent again with its body, without GetBody",
	"P104": "a hook sees 10,000 informational responses to a request at most",

	"goaway-type":   "(Go 1.27) errors.As finds our GoAwayError, but not x/net's",
	"checked-first": "(Go 1.27) net/http looks at requests before x/net does, and has words of its own",
}

// A pairCase is a program that uses a Transport, and a server. Both Transports
// are to show the server the same frames and the program the same results,
// unless patch names a difference.
type pairCase struct {
	name    string
	patch   string
	on127   string // patch on Go 1.27, where upstream's is net/http's; "" for the same, "none" for none
	program func(c *pairClient)
	server  func(p *h2test.Peer)
}

// pairClient is one of the two Transports.
type pairClient struct {
	rt     http.RoundTripper
	log    *eventLog
	traced *eventLog // in any order: hooks run beside one another
}

func (c *pairClient) note(format string, args ...any) { c.log.add(fmt.Sprintf(format, args...)) }

// do makes a request and notes what comes of it.
func (c *pairClient) do(req *http.Request) {
	res, err := c.rt.RoundTrip(req.WithContext(c.trace(req.Context())))
	if err != nil {
		c.note("%s", kindOf(err))
		return
	}
	c.note("response %s length=%d uncompressed=%t %v", res.Status, res.ContentLength, res.Uncompressed, res.Header)
	body, err := io.ReadAll(res.Body)
	c.note("body %d %.60q %s", len(body), body, kindOf(err))
	c.note("trailers %v, close %v", res.Trailer, res.Body.Close())
}

// kindOf is an error's text, and what errors.As finds in it.
func kindOf(err error) string {
	kind := ""
	switch {
	case errors.As(err, new(StreamError)), errors.As(err, new(xhttp2.StreamError)):
		kind = "StreamError: "
	case errors.As(err, new(ConnectionError)), errors.As(err, new(xhttp2.ConnectionError)):
		kind = "ConnectionError: "
	case errors.As(err, new(GoAwayError)), errors.As(err, new(xhttp2.GoAwayError)):
		kind = "GoAwayError: "
	}
	return fmt.Sprintf("%s%v", kind, err)
}

// trace keeps what a httptrace.ClientTrace is told.
func (c *pairClient) trace(ctx context.Context) context.Context {
	l := c.traced
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { l.addf("got conn reused=%t idle=%t", i.Reused, i.WasIdle) },
		GotFirstResponseByte: func() { l.add("first byte") },
		Got100Continue:       func() { l.add("100") },
		WroteHeaders:         func() { l.add("wrote headers") },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { l.addf("wrote request %v", i.Err) },
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			l.addf("1xx %d %v", code, h)
			return nil
		},
	})
}

type pairDial func(ctx context.Context, network, addr string, cfg *tls.Config) (net.Conn, error)

var pairTransports = map[string]func(pairDial) http.RoundTripper{
	"ours":     func(d pairDial) http.RoundTripper { return &Transport{DialTLSContext: d, AllowHTTP: true} },
	"upstream": func(d pairDial) http.RoundTripper { return &xhttp2.Transport{DialTLSContext: d, AllowHTTP: true} },
}

// pingData is random.
var pingData = regexp.MustCompile(`PING ack=false [0-9a-f]+`)

// run runs the case on one of the Transports.
func (pc pairCase) run(t *testing.T, transport func(pairDial) http.RoundTripper) string {
	var all strings.Builder
	synctest.Test(t, func(t *testing.T) {
		var servers []*h2test.Conn
		var views []*twinView
		done := make(chan bool, 20)
		log := new(eventLog)
		dial := func(context.Context, string, string, *tls.Config) (net.Conn, error) {
			client, server := h2test.Pipe()
			v := &twinView{streams: make(map[uint32][]string), last: make(map[uint32]*strings.Builder), handler: new(eventLog)}
			servers, views = append(servers, server), append(views, v)
			go func() {
				io.ReadFull(server, make([]byte, len(wire.Preface)))
				v.read(server)
				done <- true
			}()
			go func() {
				p := h2test.NewPeer(t, quiet{server})
				p.Settings()
				p.SettingsAck()
				twinPause()
				pc.server(p)
				done <- true
			}()
			return client, nil
		}
		c := &pairClient{rt: transport(dial), log: log, traced: new(eventLog)}
		pc.program(c)
		time.Sleep(3 * time.Second)
		c.rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		for _, s := range servers {
			s.Close()
		}
		for range servers {
			<-done
			<-done
		}
		synctest.Wait()
		for i, v := range views {
			fmt.Fprintf(&all, "connection %d\n%s\n", i+1, pingData.ReplaceAllString(v.String(), "PING"))
		}
		fmt.Fprintf(&all, "program:\n    %s\n", strings.Join(log.all(), "\n    "))
		fmt.Fprintf(&all, "trace:\n    %s", strings.Join(slices.Sorted(slices.Values(c.traced.all())), "\n    "))
	})
	return all.String()
}

// quiet is a connection on which writes do not fail: the client may have closed
// it.
type quiet struct{ *h2test.Conn }

func (q quiet) Write(p []byte) (int, error) {
	q.Conn.Write(p)
	return len(p), nil
}

func TestTransportDoesWhatUpstreamDoes(t *testing.T) {
	for _, pc := range pairCases {
		if pc.on127 != "" && onGo127 {
			pc.patch = strings.TrimPrefix(pc.on127, "none")
		}
		t.Run(pc.name, func(t *testing.T) {
			wantSameBut(t, pc.patch, clientDifferences, pc.run(t, pairTransports["ours"]), pc.run(t, pairTransports["upstream"]))
		})
	}
}
