package http2

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"testing"
	"testing/synctest"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// The same promise for requests: a body is read as fast as it is sent.

// uploadEnds are ends of a stall: what lets the goroutine go that sends the body.
var uploadEnds = []struct {
	name   string
	do     func(c *uploading)
	drains bool // the request arrives whole
}{
	{name: "the server reads after all", drains: true, do: func(c *uploading) {
		c.client.ReleaseWrites()
		c.WindowUpdate(0, 2*talkBytes)
		c.WindowUpdate(c.id, 2*talkBytes)
	}},
	{name: "the server resets the stream", do: func(c *uploading) { c.RST(c.id, wire.Cancel) }},
	{name: "the server answers", do: func(c *uploading) { c.Headers(c.id, h2test.EndStream, ":status", "413") }},
	{name: "the request is cancelled", do: func(c *uploading) { c.cancel() }},
	{name: "the server goes away", do: func(c *uploading) { c.Close() }},
	{name: "the connection is shut down, and then closed", do: func(c *uploading) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		c.cc.Shutdown(ctx)
		c.cc.Close()
	}},
}

// uploadCase is a case of the property, made of choices.
type uploadCase struct {
	*talker
	stall    stall
	end      int // of uploadEnds
	connect  bool
	trailers bool
}

func newUploadCase(c *choices) *uploadCase {
	k := &uploadCase{stall: stalls[c.next(len(stalls))], end: c.next(len(uploadEnds))}
	k.connect = c.next(8) == 0
	k.trailers = c.next(4) == 0
	k.talker = newTalker(c)
	return k
}

// uploading is a case at work: a connection of its own, and the server.
type uploading struct {
	*connected
	id     uint32
	cancel context.CancelFunc
}

func (k *uploadCase) request(ctx context.Context, on *talking) *http.Request {
	method := "POST"
	if k.connect {
		method = "CONNECT"
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://example.com/", k.body(on))
	if err != nil {
		panic(err)
	}
	if k.trailers {
		req.Trailer = http.Header{"X-Sum": {"1"}}
	}
	return req
}

// check checks the property in a bubble.
func (k *uploadCase) check(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, server := h2test.Pipe()
	cc, err := new(Transport).NewClientConn(client)
	if err != nil {
		t.Fatal(err)
	}
	p := h2test.NewPeer(t, server)
	p.Ignore(h2test.WindowUpdates)
	defer p.Close()
	window := uint32(0)
	if k.stall.window {
		window = 1 << 30
	}
	p.Accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: window})
	settled()
	c := &uploading{&connected{p, t, cc, client, server}, 1, cancel}
	before := heldMemory()
	on := new(talking)
	c.begin(k)
	trip := startTrip(t, cc, k.request(ctx, on))
	settled()
	if k.stall.byBytes {
		byteByByte(p, c.id)
	}
	if held := heldSince(before); held > talkBound {
		t.Errorf("after %d pieces and %d bytes %d KiB are held, want at most %d", on.steps.Load(), on.bytes.Load(), held/kib, talkBound/kib)
	}
	end := uploadEnds[k.end]
	end.do(c)
	if end.drains {
		if got, wrote := c.upload(), on.bytes.Load(); got != wrote {
			t.Errorf("%d of %d bytes have arrived", got, wrote)
		}
		c.Headers(c.id, h2test.EndStream, ":status", "204")
	}
	if !trip.returned() {
		t.Error("RoundTrip still waits")
	}
	cc.c.Lock()
	defer cc.c.Unlock()
	if n := cc.c.OpenStreamsLocked(); n != 0 && !on.stopped.Load() { // or END_STREAM is in the queue
		t.Errorf("%d streams are open", n)
	}
}

// begin uses up what the stall wants used up.
func (c *uploading) begin(k *uploadCase) {
	if k.stall.conn {
		req := newRequest("POST", "https://example.com/fill", io.LimitReader(zeros{}, wire.DefaultWindow))
		trip := startTrip(c.t, c.cc, req)
		c.upload()
		c.Headers(c.id, h2test.EndStream, ":status", "204")
		trip.response()
		c.id += 2
	}
	if k.stall.unread {
		c.WindowUpdate(0, 1<<30)
		settled()
		c.client.StallWrites()
	}
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// upload reads the request on c.id to its end, and returns how much content it had.
func (c *uploading) upload() (n int64) {
	c.t.Helper()
	for {
		f := c.Next()
		if f.StreamID != c.id {
			continue
		}
		if f.Type == wire.Data {
			n += int64(len(f.Payload))
		}
		if f.Type == wire.RSTStream {
			c.t.Errorf("the request is reset after %d bytes", n)
			return n
		}
		if f.Flags.Has(wire.FlagEndStream) {
			return n
		}
	}
}

func TestMemoryOfARequestIsBoundedWhateverItsBodyDoes(t *testing.T) {
	cases := 96
	if short() {
		cases = 48
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range cases {
		c := make(choices, 40)
		for j := range c {
			c[j] = byte(r.Uint32())
		}
		c[0] = byte(i) // each stall, with each end
		c[1] = byte(i / len(stalls))
		k := newUploadCase(&c)
		synctest.Test(t, k.check)
		if t.Failed() {
			t.Fatalf("%s; %s; CONNECT %t, trailers %t; again and again: %v", k.stall.name, uploadEnds[k.end].name, k.connect, k.trailers, k.talker)
		}
	}
}

// P104.
func TestInformationalResponsesThatAHookSeesAreBoundedInNumber(t *testing.T) {
	withConn(t, new(Transport), func(c *connected) {
		seen := 0
		req := get("https://example.com/")
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(int, textproto.MIMEHeader) error { seen++; return nil },
		}))
		k := startTrip(t, c.cc, req)
		c.Want("a request", headersOf(1, h2test.EndStream))
		for range maxInformationalSeen {
			c.Headers(1, h2test.KeepOpen, ":status", "103")
		}
		k.stillWaits("a final response may follow")
		c.Headers(1, h2test.KeepOpen, ":status", "103")
		var se StreamError
		if err := k.failure(); !errors.As(err, &se) || se.Code != ErrCodeEnhanceYourCalm {
			t.Errorf("RoundTrip: %v", err)
		}
		if seen != maxInformationalSeen {
			t.Errorf("the hook saw %d responses", seen)
		}
		c.Want("the stream is over", h2test.RSTStreamFrame(1, wire.EnhanceYourCalm))
	})
}
