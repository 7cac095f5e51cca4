//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"h2fork.example/net/internal/h2test"
)

// A clientPatchCase is a conversation that our client has in another way than upstream's, as a row of PATCHES.md says.
type clientPatchCase struct {
	id, name       string
	request        func(req *http.Request)
	answer         func(p *h2test.Peer) // the server's, to the request on stream 1
	ours, upstream string
}

// lines are what the client sent, and what it made of the answer.
func (pc clientPatchCase) lines(t *testing.T, dial func(net.Conn) (http.RoundTripper, error)) (lines []string) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		rt, err := dial(client)
		if err != nil {
			t.Fatal(err)
		}
		p := h2test.NewPeer(t, server)
		p.Accept()
		synctest.Wait()
		req := &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "example.com", Path: "/"}, Header: make(http.Header)}
		if pc.request != nil {
			pc.request(req)
		}
		done := make(chan string, 1)
		go func() { done <- patchRoundTrip(rt, req) }()
		synctest.Wait()
		if pc.answer != nil {
			pc.answer(p)
		}
		time.Sleep(time.Second)
		server.CloseWrite()
		lines = append(patchFrames(server), <-done)
		server.Close()
		client.Close()
	})
	return lines
}

func patchRoundTrip(rt http.RoundTripper, req *http.Request) string {
	res, err := rt.RoundTrip(req)
	if err != nil {
		return fmt.Sprintf("RoundTrip: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	return fmt.Sprintf("%d length=%d body=%q %v", res.StatusCode, res.ContentLength, body, err)
}

var patchDialers = map[string]func(net.Conn) (http.RoundTripper, error){
	"ours": func(c net.Conn) (http.RoundTripper, error) {
		return (&Transport{MaxHeaderListSize: 4096}).NewClientConn(c)
	},
	"upstream": func(c net.Conn) (http.RoundTripper, error) {
		return (&xhttp2.Transport{MaxHeaderListSize: 4096}).NewClientConn(c)
	},
}

// TestDifferencesFromUpstreamsClientAreThoseOfPATCHES holds what our client does, and what upstream's does, to the rows
// of PATCHES.md that the cases name.
func TestDifferencesFromUpstreamsClientAreThoseOfPATCHES(t *testing.T) {
	log.SetOutput(io.Discard) // upstream's client has no other log
	defer log.SetOutput(os.Stderr)
	for _, pc := range clientPatchCases {
		t.Run(pc.id+"/"+pc.name, func(t *testing.T) {
			patchWant(t, "ours", pc.lines(t, patchDialers["ours"]), pc.ours, pc.upstream)
			if !onGo127 {
				patchWant(t, "upstream's", pc.lines(t, patchDialers["upstream"]), pc.upstream, pc.ours)
			}
		})
	}
}
