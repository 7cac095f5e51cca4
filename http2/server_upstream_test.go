//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"context"
	"fmt"
	"go/build"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// serverDifferences are the differences from golang.org/x/net/http2 that the
// cases below show on purpose, and why.
var serverDifferences = map[string]string{
	"P1":  "a flushed response with grpc-status that turns out to have no body is one frame",
	"P2":  "END_STREAM rides on the last frame: no empty DATA frame follows it",
	"P3":  "a write beyond the declared content-length fails, also if the response is still buffered",
	"P4":  "fields that are specific to a connection are left out of responses (RFC 9113 §8.2.2)",
	"P5":  "white space around a field's value is left out (RFC 9113 §8.2.1)",
	"P6":  "a response that has trailers and no body gets no automatic content-length",
	"P7":  "a malformed request that is answered with 400 is then reset (RFC 9113 §8.1.1)",
	"P8":  "what arrives after our RST_STREAM is ignored (RFC 9113 §5.1), not answered with another",
	"P9":  "a field that is too long for us gets 431, not the end of the connection",
	"P10": "a method that is no token makes a request malformed (RFC 9110 §9.1)",
	"P11": "a content-length that the body does not have makes a request malformed (RFC 9113 §8.1.1)",
	"P12": "Host is part of Request.Host only, and neither repeated nor at odds with :authority (RFC 9113 §8.3.1)",
	"P13": "a frame too short for what it promises ends the connection with FRAME_SIZE_ERROR (RFC 9113 §4.2), as padding that is too long does with PROTOCOL_ERROR (§6.1)",
	"P14": "CountError is told of every error that ends a connection",
	"P15": "GOAWAY names the last stream that was opened, not one that the client merely named (RFC 9113 §6.8)",
	"P16": "SETTINGS that make a stream's window overflow end the connection (RFC 9113 §6.9.2)",
	"P17": "RFC 9218 priorities are followed on Go 1.26 too",
	"P96": "advice that cannot be parsed, for a stream that is idle, is ignored, not answered with RST_STREAM",
}

// onGo127 is whether upstream's server is net/http's.
var onGo127 = slices.Contains(build.Default.ReleaseTags, "go1.27")

// A twinCase is something that a client does and a handler does. Both servers
// are to show the client the same frames and the handler the same request,
// unless patch names a difference.
type twinCase struct {
	name     string
	patch    string
	on127    string         // patch on Go 1.27, where upstream is net/http's; "" for the same, "none" for none
	settings []wire.Setting // the client's
	handler  func(l *eventLog) http.HandlerFunc
	script   func(p *h2test.Peer)
	server   func(hs *http.Server)
}

// twinServer serves a connection with one of the two implementations.
type twinServer func(c net.Conn, hs *http.Server, h http.Handler)

var twinServers = map[string]twinServer{
	"ours": func(c net.Conn, hs *http.Server, h http.Handler) {
		srv := new(Server)
		ConfigureServer(hs, srv)
		srv.ServeConn(c, &ServeConnOpts{Context: context.Background(), BaseConfig: hs, Handler: h})
	},
	"upstream": func(c net.Conn, hs *http.Server, h http.Handler) {
		srv := new(xhttp2.Server)
		xhttp2.ConfigureServer(hs, srv) // or its channels are shared between bubbles
		srv.ServeConn(c, &xhttp2.ServeConnOpts{Context: context.Background(), BaseConfig: hs, Handler: h})
	},
}

// twinView is what one of the servers did: a line for what happened on each
// stream, and lines that the handlers wrote.
type twinView struct {
	streams map[uint32][]string
	last    map[uint32]*strings.Builder // DATA of which the end has not come
	handler *eventLog
}

func (v *twinView) add(id uint32, format string, args ...any) {
	if v.last[id] != nil {
		v.streams[id] = append(v.streams[id], fmt.Sprintf("DATA %d bytes %.60q", v.last[id].Len(), v.last[id].String()))
		delete(v.last, id)
	}
	if format != "" {
		v.streams[id] = append(v.streams[id], fmt.Sprintf(format, args...))
	}
}

func (v *twinView) data(id uint32, p []byte, end bool) {
	if v.last[id] == nil {
		v.last[id] = new(strings.Builder)
	}
	v.last[id].Write(p)
	if end {
		v.add(id, "END_STREAM")
	}
}

func (v *twinView) String() string {
	var lines []string
	for id := range v.streams {
		v.add(id, "")
	}
	for id, events := range v.streams {
		lines = append(lines, fmt.Sprintf("  stream %d:\n    %s", id, strings.Join(events, "\n    ")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n  handler:\n    " + strings.Join(v.handler.all(), "\n    ")
}

func twinFields(fields []xhpack.HeaderField) string {
	var all []string
	for _, f := range fields {
		if f.Name != "date" {
			all = append(all, fmt.Sprintf("%s=%q", f.Name, f.Value))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// read reads what the server sends until the connection ends.
func (v *twinView) read(c net.Conn) {
	fr := xhttp2.NewFramer(io.Discard, c)
	fr.SetMaxReadFrameSize(1 << 20)
	fr.ReadMetaHeaders = xhpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = 1 << 20
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			v.add(0, "closed")
			return
		}
		id := f.Header().StreamID
		switch f := f.(type) {
		case *xhttp2.MetaHeadersFrame:
			v.add(id, "HEADERS %s", twinFields(f.Fields))
			if f.StreamEnded() {
				v.add(id, "END_STREAM")
			}
		case *xhttp2.DataFrame:
			v.data(id, f.Data(), f.StreamEnded())
		case *xhttp2.RSTStreamFrame:
			v.add(id, "RST_STREAM %v", f.ErrCode)
		case *xhttp2.GoAwayFrame:
			v.add(id, "GOAWAY last=%d %v", f.LastStreamID, f.ErrCode)
		case *xhttp2.PingFrame:
			v.add(id, "PING ack=%t %x", f.IsAck(), f.Data)
		case *xhttp2.PushPromiseFrame:
			v.add(id, "PUSH_PROMISE %d", f.PromiseID)
		}
	}
}

// run runs the case on one of the servers.
func (tc twinCase) run(t *testing.T, serve twinServer) (view string) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		v := &twinView{streams: make(map[uint32][]string), last: make(map[uint32]*strings.Builder), handler: new(eventLog)}
		hs := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
		if tc.server != nil {
			tc.server(hs)
		}
		done := make(chan bool, 2)
		go func() {
			serve(server, hs, tc.handler(v.handler))
			done <- true
		}()
		go func() {
			v.read(client)
			done <- true
		}()
		p := h2test.NewPeer(t, client)
		p.Raw([]byte(wire.Preface))
		p.Settings(tc.settings...)
		p.SettingsAck()
		twinPause()
		tc.script(p)
		time.Sleep(3 * time.Second)
		client.Close()
		<-done
		<-done
		synctest.Wait()
		view = v.String()
	})
	return view
}

// twinPause lets the server do what it does, also what it does a moment later.
func twinPause() { time.Sleep(10 * time.Millisecond) }

func TestServerDoesWhatUpstreamDoes(t *testing.T) {
	for _, tc := range twinCases {
		if tc.on127 != "" && onGo127 {
			tc.patch = strings.TrimPrefix(tc.on127, "none")
		}
		t.Run(tc.name, func(t *testing.T) {
			wantSameBut(t, tc.patch, serverDifferences, tc.run(t, twinServers["ours"]), tc.run(t, twinServers["upstream"]))
		})
	}
}
