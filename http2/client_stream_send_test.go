package http2

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

func TestBodiesOfAnySizeArriveWholeThroughAnyWindow(t *testing.T) {
	for _, size := range []int{1, 16383, 16384, 16385, 65535, 65536, 65537, 300000} {
		for _, known := range []bool{true, false} {
			for _, window := range []uint32{1000, 16384, 65535, 1 << 20} {
				name := strconv.Itoa(size) + " through " + strconv.Itoa(int(window)) + " known=" + strconv.FormatBool(known)
				t.Run(name, func(t *testing.T) { sendThrough(t, size, known, window) })
			}
		}
	}
}

// sendThrough sends a body, grants what it takes again and again, and checks that
// END_STREAM is not late.
func sendThrough(t *testing.T, size int, known bool, window uint32) {
	withTransport(t, new(Transport), func(c *calling) {
		content := long(size)
		req := newRequest("POST", "https://example.com/", struct{ io.Reader }{strings.NewReader(content)})
		if known {
			req.ContentLength = int64(size)
		}
		c.roundTrip(req)
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: window})
		p.WindowUpdate(0, 1<<20)
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		var got strings.Builder
		for {
			f := p.Next()
			d, err := wire.ParseData(f.Header, f.Payload)
			if f.Type != wire.Data || err != nil {
				t.Fatalf("%d bytes, then %v", got.Len(), f)
			}
			got.Write(d.Data)
			if d.EndStream {
				if known && len(d.Data) == 0 {
					t.Error("an empty frame ends a body of known length")
				}
				break
			}
			p.WindowUpdate(1, uint32(len(d.Data)))
		}
		if got.String() != content {
			t.Error("the body differs")
		}
	})
}

func TestBodyWaitsForTheWindowAndIsCancelledThere(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		cancel := make(chan struct{})
		body := newSentBody("", nil)
		req := newRequest("POST", "https://example.com/", body)
		req.Cancel = cancel //lint:ignore SA1019 programs use it
		k := c.roundTrip(req)
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 0})
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		body.feed(long(100), io.EOF)
		p.WindowUpdate(1, 10)
		p.Want("what is granted", h2test.DataFrame(1, long(100)[:10], h2test.KeepOpen))
		close(cancel)
		wantErr(t, "the old way", k.failure(), "net/http: request canceled")
		body.wantClosed(t, "RoundTrip has failed")
		p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Ping })
		p.Want("the server is told", h2test.RSTStreamFrame(1, wire.Cancel))
		p.WindowUpdate(1, 10)
		p.WantNothing("nothing is sent on a stream that was reset")
	})
}

func TestLoweredWindowHoldsTheBodyUpUntilItIsPositive(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("0123456789", nil)
		c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 20})
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "0123456789", h2test.KeepOpen))
		p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 5})
		p.Want("SETTINGS are acknowledged", h2test.SettingsAckFrame())
		body.feed("abc", io.EOF)
		p.WindowUpdate(1, 5)
		p.WantNothing("the window is 0 (RFC 9113 §6.9.2)")
		p.WindowUpdate(1, 1)
		p.Want("now it is 1", h2test.DataFrame(1, "a", h2test.KeepOpen))
		p.WindowUpdate(1, 10)
		p.Want("the rest", h2test.DataFrame(1, "bc", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
	})
}

func TestWindowBeyondTheMaximumEndsTheStream(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(newRequest("POST", "https://example.com/", newSentBody("", nil)))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.WindowUpdate(1, 1<<31-1)
		k.failure()
		p.Want("RFC 9113 §6.9.1", h2test.RSTStreamFrame(1, wire.FlowControlError))
	})
}

func TestSmallFrameSizeSplitsFieldsAndContent(t *testing.T) {
	withTransport(t, &Transport{MaxEncoderHeaderTableSize: 1}, func(c *calling) {
		req := newRequest("POST", "https://example.com/", strings.NewReader(long(40000)))
		req.Header.Set("X-Long", strings.Repeat("~", 20000))
		c.roundTrip(req)
		p := c.accept()
		f := p.Next()
		if f.Continuations != 1 || f.Length != 16384 {
			t.Errorf("the fields came as %d bytes and %d more frames", f.Length, f.Continuations)
		}
		p.WantContent("in frames that the server takes", 1, long(40000))
	})
}

func TestRequestListLargerThanTheServerTakesIsNotSent(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept(wire.Setting{ID: wire.SettingMaxHeaderListSize, Val: 1000})
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "204")
		k.response()
		req := get("https://example.com/")
		req.Header.Set("X-Long", strings.Repeat("x", 1000))
		wantErr(t, "it would be refused", c.roundTrip(req).failure(), "http2: request header list larger than peer's advertised limit")
		p.WantNothing("nothing was sent")
	})
}

func TestResponseHeaderTimeoutBeginsWhenTheRequestHasBeenWritten(t *testing.T) {
	tr := &Transport{h1: &http.Transport{ResponseHeaderTimeout: 5 * time.Second}}
	withTransport(t, tr, func(c *calling) {
		body := newSentBody("some", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 5})
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "some", h2test.KeepOpen))
		time.Sleep(time.Minute)
		k.stillWaits("the body may take its time")
		body.feed("more", io.EOF)
		time.Sleep(time.Minute)
		k.stillWaits("so may the server's window")
		p.WindowUpdate(1, 100)
		p.Want("the rest", h2test.DataFrame(1, "m", h2test.KeepOpen), h2test.DataFrame(1, "ore", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
		time.Sleep(5*time.Second - 1)
		k.stillWaits("not yet")
		time.Sleep(time.Nanosecond)
		err := k.failure()
		wantErr(t, "the server does not answer", err, "http2: timeout awaiting response headers")
		if te, ok := err.(interface{ Timeout() bool }); !ok || !te.Timeout() {
			t.Errorf("%T is no timeout", err)
		}
	})
}

func TestResponseHeaderTimeoutDoesNotConcernTheBody(t *testing.T) {
	tr := &Transport{h1: &http.Transport{ResponseHeaderTimeout: 5 * time.Second}}
	withTransport(t, tr, func(c *calling) {
		k := c.roundTrip(newRequest("POST", "https://example.com/", newSentBody("some", nil)))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "some", h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response() // though the request has not been written
		time.Sleep(time.Minute)
		p.Data(1, h2test.EndStream, "content")
		wantBody(t, res, "content")
	})
}
