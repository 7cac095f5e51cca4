package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// FuzzTransportConnection answers requests with whatever a server may send. Nothing may panic, every request and the
// body of every response must end when the server is gone, no more than was sent may be read, and what the client sends
// must be what RFC 9113 lets it send.
func FuzzTransportConnection(f *testing.F) {
	for setup, stream := range transportSeeds() {
		f.Add(byte(setup), stream)
		f.Add(byte(setup|fuzzSplit|fuzzSlow), stream)
	}
	f.Fuzz(func(t *testing.T, setup byte, stream []byte) {
		if len(stream) > 1<<14 {
			return
		}
		synctest.Test(t, func(t *testing.T) { fuzzTransport(t, setup, stream) })
	})
}

// More bits of a setup.
const (
	fuzzPlain = 1 << iota // the client does not ask for gzip
	fuzzLong              // a request's body is more than the connection's window
)

func fuzzTransport(t *testing.T, setup byte, stream []byte) {
	client, server := h2test.Pipe()
	fuzzTransmission(server, client, setup)
	dialled := false
	tr := &Transport{
		DisableCompression: setup&fuzzPlain != 0,
		// There is one connection: what is to be tried again on another one fails.
		DialTLSContext: func(context.Context, string, string, *tls.Config) (net.Conn, error) {
			if dialled {
				return nil, errors.New("once is enough")
			}
			dialled = true
			return client, nil
		},
	}
	body := fuzzBody[:5_000]
	if setup&fuzzLong != 0 {
		body = fuzzBody
	}
	peer := newFuzzPeer(server, len(wire.Preface))
	var trips sync.WaitGroup
	for _, req := range []*http.Request{
		get("https://example.com/1"),
		newRequest("POST", "https://example.com/3", strings.NewReader(body)),
		newRequest("HEAD", "https://example.com/5", nil),
		newRequest("PUT", "https://example.com/7", struct{ io.Reader }{strings.NewReader("of unknown length")}),
	} {
		if req.Method == "PUT" {
			req.Trailer = http.Header{"A": {"b"}}
		}
		trips.Go(func() { fuzzTrip(t, tr, req, len(stream)+maxFilled) })
		synctest.Wait() // the order of streams is known
	}
	peer.play(stream)
	hangUp(server, setup)
	trips.Wait()
	tr.CloseIdleConnections()
	sent := peer.all()
	server.Close()
	if err := peer.check(int64(clientWindows.conn), len(wire.Preface)); err != nil {
		t.Error(err)
	}
	if setup&fuzzReset != 0 {
		return
	}
	frames, ok := bytes.CutPrefix(sent, []byte(wire.Preface))
	if !ok {
		t.Fatalf("a client begins with %.30q (RFC 9113 §3.4)", sent)
	}
	if err := checkOutput(frames, stream, true); err != nil {
		t.Error(err)
	}
}

var fuzzBody = strings.Repeat("x", wire.DefaultWindow+100)

// fuzzTrip makes a request and reads the response, as far as there is one.
func fuzzTrip(t *testing.T, tr *Transport, req *http.Request, most int) {
	res, err := tr.RoundTrip(req)
	if (res == nil) == (err == nil) {
		t.Errorf("RoundTrip returned %v, %v", res, err)
	}
	if err != nil {
		return
	}
	if res.StatusCode < 100 || res.StatusCode > 999 || res.Body == nil || res.Header == nil {
		t.Errorf("%+v", res)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(res.Body, 2*maxFilled))
	switch {
	case req.Method == "HEAD" && n > 0:
		t.Errorf("the body of a response to HEAD is %d bytes long", n)
	case !res.Uncompressed && n > int64(most):
		t.Errorf("%d bytes of %d were read", n, most)
	case !res.Uncompressed && err == nil && req.Method != "HEAD" && res.ContentLength >= 0 && n != res.ContentLength:
		t.Errorf("%d bytes, and no error, with Content-Length %d", n, res.ContentLength)
	}
	res.Body.Close()
}

// transportSeeds are answers to start from.
func transportSeeds() [][]byte {
	seed := func(add func(c *fuzzFrames)) []byte {
		c := newFuzzFrames()
		c.b = wire.AppendSettings(c.b, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 3})
		c.b = wire.AppendSettingsAck(c.b)
		add(c)
		return c.b
	}
	return [][]byte{
		seed(func(c *fuzzFrames) {
			c.fields(1, false, ":status", "200", "content-length", "5")
			c.b = wire.AppendData(c.b, 1, true, []byte("hello"))
			c.fields(5, true, ":status", "200", "content-length", "9")
			c.pause(0)
			c.fields(7, true, ":status", "204")
		}),
		seed(func(c *fuzzFrames) {
			c.b = wire.AppendSettings(c.b, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1000})
			c.pause(0)
			c.b = wire.AppendWindowUpdate(c.b, 0, 5000)
			c.b = wire.AppendWindowUpdate(c.b, 3, 3000)
			c.pause(0)
			c.fields(3, true, ":status", "103", "link", "a")
			c.fields(3, false, ":status", "200", "trailer", "a")
			c.b = wire.AppendData(c.b, 3, false, []byte("hello"))
			c.pause(3)
			c.fields(3, true, "a", "trailer")
		}),
		seed(func(c *fuzzFrames) {
			c.b = wire.AppendSettings(c.b, wire.Setting{ID: wire.SettingInitialWindowSize, Val: 10}, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 10})
			c.fields(1, false, ":status", "100")
			c.pause(0)
			c.fields(1, false, ":status", "200", "content-encoding", "gzip")
			c.b = wire.AppendDataPadded(c.b, 1, true, []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00"), make([]byte, 9))
			c.b = wire.AppendRSTStream(c.b, 3, wire.NoError)
			c.b = wire.AppendRSTStream(c.b, 5, wire.RefusedStream)
		}),
		seed(func(c *fuzzFrames) {
			c.b = wire.AppendPing(c.b, false, [8]byte{1})
			c.b = wire.AppendGoAway(c.b, 3, wire.NoError, []byte("bye"))
			c.pause(0)
			c.fields(1, true, ":status", "404")
			c.fields(3, true, ":status", "200")
			c.b = wire.AppendGoAway(c.b, 1, wire.EnhanceYourCalm, nil)
		}),
		seed(func(c *fuzzFrames) {
			c.b = wire.AppendPushPromise(c.b, wire.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, Fragment: []byte{0x82}})
		}),
		seed(func(c *fuzzFrames) {
			c.fields(1, false, ":status", "200", "content-length", "2")
			c.b = wire.AppendData(c.b, 1, false, []byte("hello"))
			c.b = wire.AppendPriority(c.b, 9, wire.PriorityParam{StreamDep: 1})
			c.b = wire.AppendWindowUpdate(c.b, 3, wire.MaxWindow)
			c.b = wire.AppendData(c.b, 5, true, []byte("of HEAD"))
		}),
		seed(func(c *fuzzFrames) {
			c.fields(1, false, ":status", "200", "content-length", "5")
			c.pause(0)
			c.b = wire.AppendData(c.b, 1, true, []byte("four"))
			c.fields(3, false, ":status", "200", "content-length", "3")
			c.b = wire.AppendData(c.b, 3, true, []byte("four"))
		}),
	}
}
