//lint:file-ignore SA1019 The deprecated package is what this one is compared with.

package http2

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// A patchCase is a conversation that our server has in another way than upstream's, as a row of PATCHES.md says. ours is
// a line that only ours gives rise to, upstream one that only upstream's does; "" if there is none.
type patchCase struct {
	id, name       string
	handler        func(l *eventLog) http.HandlerFunc
	server         func(hs *http.Server)
	script         func(p *h2test.Peer, server *h2test.Conn)
	ours, upstream string
}

// lines are what the handler noted, and every frame that the server sent.
func (pc patchCase) lines(t *testing.T, serve twinServer) (lines []string) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		noted := new(eventLog)
		hs := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
		if pc.server != nil {
			pc.server(hs)
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			serve(server, hs, pc.handler(noted))
		}()
		p := h2test.NewPeer(t, client)
		p.Raw([]byte(wire.Preface))
		p.Settings()
		p.SettingsAck()
		twinPause()
		pc.script(p, server)
		time.Sleep(3 * time.Second)
		client.CloseWrite()
		sent := patchFrames(client)
		client.Close()
		<-done
		synctest.Wait()
		lines = append(noted.all(), sent...)
	})
	return lines
}

// patchFrames reads r to its end, and returns a line for each frame.
func patchFrames(r io.Reader) (lines []string) {
	fr := xhttp2.NewFramer(io.Discard, r)
	fr.SetMaxReadFrameSize(1 << 20)
	fr.ReadMetaHeaders = xhpack.NewDecoder(4096, nil)
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return lines
		}
		line := fmt.Sprintf("%v %d", f.Header().Type, f.Header().StreamID)
		switch f := f.(type) {
		case *xhttp2.MetaHeadersFrame:
			for _, hf := range f.Fields {
				line += fmt.Sprintf(" %s=%q", hf.Name, hf.Value)
			}
		case *xhttp2.DataFrame:
			line += fmt.Sprintf(" %d bytes", len(f.Data()))
		case *xhttp2.RSTStreamFrame:
			line += fmt.Sprint(" ", f.ErrCode)
		case *xhttp2.GoAwayFrame:
			line += fmt.Sprintf(" %v %q", f.ErrCode, f.DebugData())
		case *xhttp2.WindowUpdateFrame:
			line += fmt.Sprint(" ", f.Increment)
		case *xhttp2.PingFrame:
			line += fmt.Sprintf(" ack=%v", f.IsAck())
		}
		if e, ok := f.(interface{ StreamEnded() bool }); ok && e.StreamEnded() {
			line += " END_STREAM"
		}
		lines = append(lines, line)
	}
}

// patchScript is a script that needs no more than the client's side.
func patchScript(script func(p *h2test.Peer)) func(*h2test.Peer, *h2test.Conn) {
	return func(p *h2test.Peer, _ *h2test.Conn) { script(p) }
}

// patchStalled is a script during which the network takes nothing for a second, from when the server has begun to answer a
// first request, on stream 1.
func patchStalled(script func(p *h2test.Peer)) func(*h2test.Peer, *h2test.Conn) {
	return func(p *h2test.Peer, server *h2test.Conn) {
		server.StallWrites()
		p.Request(1, h2test.EndStream, ":path", "/served")
		twinPause()
		script(p)
		time.Sleep(time.Second)
		server.ReleaseWrites()
	}
}

// patchWaits is a handler that waits for the end of its stream.
func patchWaits(*eventLog) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
}

// patchServed is a script of a stream that has been served, and of what follows on it.
func patchServed(follow func(p *h2test.Peer)) func(*h2test.Peer, *h2test.Conn) {
	return patchScript(func(p *h2test.Peer) {
		p.Request(1, h2test.EndStream)
		twinPause()
		follow(p)
	})
}

// TestDifferencesFromUpstreamsServerAreThoseOfPATCHES holds what our server does, and what upstream's does, to the rows of
// PATCHES.md that the cases name.
func TestDifferencesFromUpstreamsServerAreThoseOfPATCHES(t *testing.T) {
	for _, pc := range patchCases {
		t.Run(pc.id+"/"+pc.name, func(t *testing.T) {
			patchWant(t, "ours", pc.lines(t, twinServers["ours"]), pc.ours, pc.upstream)
			if !onGo127 { // where upstream is a shell of net/http's
				patchWant(t, "upstream's", pc.lines(t, twinServers["upstream"]), pc.upstream, pc.ours)
			}
		})
	}
}

// patchWant wants a line that has want, and none that has the others' text. Either may be "".
func patchWant(t *testing.T, whose string, lines []string, want, others string) {
	t.Helper()
	has := want == ""
	for _, line := range lines {
		if others != "" && strings.Contains(line, others) {
			t.Errorf("%s has %.200q", whose, line)
			break
		}
		has = has || strings.Contains(line, want)
	}
	if !has {
		t.Errorf("%s has no %q:\n%.2000s", whose, want, strings.Join(lines, "\n"))
	}
}

// P100. What is pending leaves in an order that no rule gives.
func TestAcknowledgementOfSettingsAndTheFirstWindowUpdateComeInEitherOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := h2test.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			new(Server).ServeConn(server, &ServeConnOpts{Handler: http.HandlerFunc(answerOK)})
		}()
		p := h2test.NewPeer(t, client)
		p.Raw([]byte(wire.Preface))
		p.Settings()
		seen := make(map[wire.FrameType]int)
		for range 3 {
			seen[p.Next().Type]++
		}
		if seen[wire.Settings] != 2 || seen[wire.WindowUpdate] != 1 {
			t.Errorf("the first frames are %v", seen)
		}
		p.Close()
		<-done
	})
}
