package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

const readyContent = "content that is there"

// readyBodies are request bodies that are in memory.
var readyBodies = map[string]func() io.Reader{
	"bytes.Reader":   func() io.Reader { return bytes.NewReader([]byte(readyContent)) },
	"bytes.Buffer":   func() io.Reader { return bytes.NewBufferString(readyContent) },
	"strings.Reader": func() io.Reader { return strings.NewReader(readyContent) },
	"NopCloser":      func() io.Reader { return io.NopCloser(strings.NewReader(readyContent)) },
}

// readyPost is a POST that cannot be sent again but with what has been read of it.
func readyPost(body io.Reader, length int64) *http.Request {
	req := newRequest("POST", "http://example.com/", body)
	req.GetBody, req.ContentLength = nil, length
	return req
}

// smallPostsWrites returns how many writes so many small POSTs take on a connection that has had a request, through
// the stack's own Transport or net/http's.
func smallPostsWrites(t *testing.T, s twinStack, throughNetHTTP bool, posts int, body func() io.Reader) int {
	client, server := h2test.Pipe()
	rt := s.transport(func(context.Context, string, string, *tls.Config) (net.Conn, error) { return client, nil })
	url := "https://example.com/"
	if throughNetHTTP {
		t1 := &http.Transport{Protocols: new(http.Protocols)}
		t1.DialContext = func(context.Context, string, string) (net.Conn, error) { return client, nil }
		t1.Protocols.SetUnencryptedHTTP2(true)
		if err := s.configure(t1); err != nil {
			t.Fatal(err)
		}
		rt, url = t1, "http://example.com/"
	}
	p := h2test.NewPeer(t, server)
	p.Ignore(h2test.WindowUpdates)
	k := startTrip(t, rt, get(url))
	p.Accept()
	p.Want("a request", headersOf(1, h2test.EndStream))
	p.Headers(1, h2test.EndStream, ":status", "204")
	synctest.Wait()
	k.response().Body.Close()

	before, _ := client.Writes()
	for i := range posts {
		id := uint32(3 + 2*i)
		req := newRequest("POST", url, body())
		req.ContentLength = int64(len(readyContent))
		k = startTrip(t, rt, req)
		synctest.Wait()
		p.Want("the POST", headersOf(id, h2test.KeepOpen), h2test.FrameOfType(wire.Data, id))
		p.Headers(id, h2test.EndStream, ":status", "204")
		synctest.Wait()
		k.response().Body.Close()
	}
	after, _ := client.Writes()
	endIdle(rt)
	server.Close()
	return after - before
}

// TestSmallPostLeavesInOneWrite: golang/go#38432, P125. Two writes are two packets, and two TLS records.
func TestSmallPostLeavesInOneWrite(t *testing.T) {
	const posts = 50
	for _, body := range readyBodies {
		for _, throughNetHTTP := range []bool{false, true} {
			forBoth(t, true, func(t *testing.T, s twinStack) bool {
				return smallPostsWrites(t, s, throughNetHTTP, posts, body) == posts
			})
		}
	}
}

func TestBodyThatIsThereIsSentAgainIfTheServerHasNotProcessedIt(t *testing.T) {
	for how, refuse := range refusals {
		for name, body := range readyBodies {
			t.Run(how+"/"+name, func(t *testing.T) {
				withTransport(t, &Transport{AllowHTTP: true}, func(c *calling) {
					k := c.roundTrip(readyPost(body(), int64(len(readyContent))))
					p := c.accept()
					want := func(p *h2test.Peer, id uint32) {
						t.Helper()
						p.Want("the request", headersOf(id, h2test.KeepOpen), h2test.DataFrame(id, readyContent, h2test.EndStream))
					}
					want(p, 1)
					refuse(p)
					p, id := c.secondTry(p, how)
					want(p, id)
					p.Headers(id, h2test.EndStream, ":status", "204")
					k.response()
				})
			})
		}
	}
}

// The pool, or net/http, sends such a request elsewhere, and has to find all of its body.
func TestBodyIsNotReadForAConnectionThatDeclinesTheRequest(t *testing.T) {
	withTransport(t, &Transport{AllowHTTP: true}, func(c *calling) {
		k := c.roundTrip(get("http://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		cc, err := c.tr.connPool().GetClientConn(get("http://example.com/"), "example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		cc.SetDoNotReuse()
		body := strings.NewReader(readyContent)
		if _, err := cc.RoundTrip(readyPost(body, int64(len(readyContent)))); err != errClientConnUnusable {
			t.Errorf("RoundTrip: %v", err)
		}
		if body.Len() != len(readyContent) {
			t.Errorf("%d of %d bytes are left", body.Len(), len(readyContent))
		}
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
	})
}

func TestBodyThatIsThereWithAnotherLengthThanWasSaidFails(t *testing.T) {
	for off, want := range map[int64]error{1: io.ErrUnexpectedEOF, -1: errRequestBodyTooLong} {
		for name, body := range readyBodies {
			t.Run(name, func(t *testing.T) {
				withTransport(t, &Transport{AllowHTTP: true}, func(c *calling) {
					k := c.roundTrip(readyPost(body(), int64(len(readyContent))+off))
					p := c.accept()
					p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Data })
					p.Want("the request is reset", headersOf(1, h2test.KeepOpen), h2test.RSTStreamFrame(1, wire.Cancel))
					wantErr(t, "the body's fault", k.failure(), want.Error())
				})
			})
		}
	}
}

// A body that waits for a window holds nothing up: RoundTrip returns with the response, or when its context ends.
func TestBodyThatIsThereWaitsForItsWindow(t *testing.T) {
	withTransport(t, &Transport{AllowHTTP: true}, func(c *calling) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		body := strings.NewReader(readyContent)
		warm := c.roundTrip(get("http://example.com/"))
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 0})
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		synctest.Wait()
		warm.response()
		k := c.roundTrip(readyPost(body, int64(len(readyContent))).WithContext(ctx))
		p.Want("the field section", headersOf(3, h2test.KeepOpen))
		p.WantNothing("there is no window")
		p.WindowUpdate(3, 7)
		p.Want("as much as the window takes", h2test.DataFrame(3, readyContent[:7], h2test.KeepOpen))
		time.Sleep(time.Second)
		p.Want("the request is cancelled", h2test.RSTStreamFrame(3, wire.Cancel))
		if err := k.failure(); err != context.DeadlineExceeded {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// Wrappers of the program's are its code: they may block.
func TestOnlyTheStandardLibrarysReadersAreTakenToBeThere(t *testing.T) {
	type wrapper struct{ io.ReadCloser }
	for name, body := range map[string]io.Reader{
		"a type of the program's": wrapper{io.NopCloser(strings.NewReader("x"))},
		"one inside of NopCloser": io.NopCloser(wrapper{io.NopCloser(strings.NewReader("x"))}),
		"a pipe":                  io.NopCloser(io.MultiReader(strings.NewReader("x"))),
	} {
		if inMemory(body) {
			t.Errorf("%s is taken to be in memory", name)
		}
	}
}
