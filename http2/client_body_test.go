package http2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// Bodies are io.WriterTo, P94: io.Copy needs no buffer for them.

// copied is what io.Copy makes of a response to a GET, which answer sends.
func copied(t *testing.T, answer func(p *h2test.Peer), more func(res *http.Response, p *h2test.Peer)) (got string, err error) {
	t.Helper()
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		answer(p)
		res := k.response()
		if more != nil {
			more(res, p)
		}
		var b bytes.Buffer
		if _, ok := res.Body.(io.WriterTo); !ok {
			t.Errorf("%T is no WriterTo", res.Body)
		}
		_, err = io.Copy(&b, res.Body)
		got = b.String()
		if _, again := io.Copy(&b, res.Body); again != err {
			t.Errorf("once more: %v, want %v", again, err)
		}
	})
	return got, err
}

func TestResponseBodyIsWrittenToItsEnd(t *testing.T) {
	got, err := copied(t, func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "20000")
		p.Data(1, h2test.KeepOpen, long(16384))
		p.Data(1, h2test.EndStream, long(20000)[16384:])
	}, nil)
	if got != long(20000) || err != nil {
		t.Errorf("%d bytes, or others, and %v", len(got), err)
	}
}

func TestResponseBodyThatIsWrittenIsHeldAgainstContentLength(t *testing.T) {
	for length, want := range map[string]struct {
		content string
		err     error
	}{"3": {"con", errTooMuchContent}, "30": {"content", io.ErrUnexpectedEOF}} {
		got, err := copied(t, func(p *h2test.Peer) {
			p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", length)
			p.Data(1, h2test.EndStream, "content")
		}, nil)
		if got != want.content || err != want.err {
			t.Errorf("content-length %s: %q, %v", length, got, err)
		}
	}
}

func TestResponseBodyThatIsClosedIsNotWritten(t *testing.T) {
	got, err := copied(t, func(p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "content")
	}, func(res *http.Response, p *h2test.Peer) {
		settled()
		res.Body.Close()
	})
	if got != "" || err != errResponseBodyClosed {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCancelOfARequestEndsWhatWritesItsResponse(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(context.Background())
		k := c.roundTrip(get("https://example.com/").WithContext(ctx))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.KeepOpen, "content")
		res := k.response()
		var b bytes.Buffer
		copied := make(chan error, 1)
		go func() {
			_, err := io.Copy(&b, res.Body)
			copied <- err
		}()
		settled()
		cancel()
		if err := <-copied; b.String() != "content" || !errors.Is(err, context.Canceled) {
			t.Errorf("%q, %v", &b, err)
		}
		p.Want("nobody wants the rest", h2test.RSTStreamFrame(1, wire.Cancel))
	})
}
