package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// refusals say that a server has not processed the request on stream 1 (RFC 9113 §6.8,
// §8.7).
var refusals = map[string]func(p *h2test.Peer){
	"REFUSED_STREAM": func(p *h2test.Peer) { p.RST(1, wire.RefusedStream) },
	"GOAWAY":         func(p *h2test.Peer) { p.GoAway(0, wire.NoError, "") },
}

// secondTry is the server's side of the second attempt: the same connection, or the
// next one.
func (c *calling) secondTry(p *h2test.Peer, how string) (*h2test.Peer, uint32) {
	if how == "GOAWAY" {
		return c.accept(), 1
	}
	return p, 3
}

// P103. A body is kept while it may have to be sent again.
func TestRequestThatWasNotProcessedIsSentAgainWithWhatHasBeenReadOfItsBody(t *testing.T) {
	for how, refuse := range refusals {
		t.Run(how, func(t *testing.T) {
			withTransport(t, new(Transport), func(c *calling) {
				body := newSentBody("the beginning", nil)
				k := c.roundTrip(newRequest("POST", "https://example.com/", body))
				p := c.accept()
				p.Want("what there is of the request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "the beginning", h2test.KeepOpen))
				refuse(p)
				k.stillWaits("it is sent again")
				p, id := c.secondTry(p, how)
				p.Want("the same again", headersOf(id, h2test.KeepOpen), h2test.DataFrame(id, "the beginning", h2test.KeepOpen))
				if body.isClosed() {
					t.Error("the body is closed")
				}
				body.feed(" and the end", io.EOF)
				p.Want("the rest", h2test.DataFrame(id, " and the end", h2test.KeepOpen), h2test.DataFrame(id, "", h2test.EndStream))
				p.Headers(id, h2test.EndStream, ":status", "204")
				k.response()
				body.wantClosed(t, "the request has been sent")
			})
		})
	}
}

func TestRequestThatWasNotProcessedIsSentAgainAfterItsBodyHasEnded(t *testing.T) {
	for how, refuse := range refusals {
		t.Run(how, func(t *testing.T) {
			withTransport(t, new(Transport), func(c *calling) {
				req := newRequest("POST", "https://example.com/", struct{ io.Reader }{strings.NewReader("content")})
				req.ContentLength = 7
				req.Trailer = http.Header{"X-Sum": {"1"}}
				k := c.roundTrip(req)
				p := c.accept()
				want := func(p *h2test.Peer, id uint32) {
					t.Helper()
					p.Want("the request", h2test.HeadersWith(id, h2test.KeepOpen, "content-length", "7", "trailer", "X-Sum"),
						h2test.DataFrame(id, "content", h2test.KeepOpen), h2test.HeadersFrame(id, h2test.EndStream, "x-sum", "1"))
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

// A Read that is under way when the server refuses goes on; what it brings belongs to
// the next attempt, which does not wait for it before it sends what there is.
func TestReadThatIsUnderWayBelongsToTheNextAttempt(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body, writer := io.Pipe()
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		io.WriteString(writer, "one")
		p.Want("what there is", h2test.DataFrame(1, "one", h2test.KeepOpen))
		p.RST(1, wire.RefusedStream)
		p.Want("the same", headersOf(3, h2test.KeepOpen), h2test.DataFrame(3, "one", h2test.KeepOpen))
		io.WriteString(writer, "two")
		p.Want("and what comes", h2test.DataFrame(3, "two", h2test.KeepOpen))
		writer.Close()
		p.Want("and the end", h2test.DataFrame(3, "", h2test.EndStream))
		p.Headers(3, h2test.EndStream, ":status", "204")
		k.response()
	})
}

// An endBody calls atEnd before its Read returns the end, as a server's request does that has trailers.
type endBody struct {
	*sentBody
	atEnd func()
}

func (b endBody) Read(p []byte) (int, error) {
	n, err := b.sentBody.Read(p)
	if err == io.EOF {
		b.atEnd()
	}
	return n, err
}

// The program sets its trailers while the body is read, and so perhaps while the request is sent again. So no attempt but
// the first may look at which there are before the body has ended.
func TestEachAttemptDeclaresTheTrailersThatTheFirstDid(t *testing.T) {
	for how, refuse := range refusals {
		t.Run(how, func(t *testing.T) {
			withTransport(t, new(Transport), func(c *calling) {
				content := newSentBody("content", nil)
				trailer := http.Header{"X-Sum": nil}
				body := endBody{content, func() { trailer["X-Sum"], trailer["Y-Late"] = []string{"1"}, []string{"2"} }}
				req := newRequest("POST", "https://example.com/", body)
				req.Trailer = trailer
				k := c.roundTrip(req)
				p := c.accept()
				begun := func(p *h2test.Peer, id uint32) {
					t.Helper()
					p.Want("the request", h2test.HeadersWith(id, h2test.KeepOpen, "trailer", "X-Sum"), h2test.DataFrame(id, "content", h2test.KeepOpen))
				}
				end := func(id uint32) h2test.Expectation {
					return h2test.HeadersFrame(id, h2test.EndStream, "x-sum", "1", "y-late", "2")
				}
				begun(p, 1)
				content.feed("", io.EOF)
				p.Want("the end", end(1))
				refuse(p)
				p, id := c.secondTry(p, how)
				begun(p, id)
				p.Want("the end", end(id))
				p.Headers(id, h2test.EndStream, ":status", "204")
				k.response()
			})
		})
	}
}

// P103, and where it ends.
func TestRequestIsNotSentAgainIfMoreHasBeenReadThanIsKept(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody(long(maxKept+1), nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1 << 20})
		p.WindowUpdate(0, 1<<20)
		p.Ignore(func(f h2test.Frame) bool { return f.Type == wire.Data })
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.WantNothing("the rest of the body has not come")
		p.RST(1, wire.RefusedStream)
		wantErr(t, "callers match texts", k.failure(), "http2: Transport: cannot retry err [stream error: stream ID 1; REFUSED_STREAM; received from peer] after Request.Body was written; define Request.GetBody to avoid this error")
		body.wantClosed(t, "RoundTrip has failed")
	})
}

// All but 64 KiB may be sent again, whatever the pieces that the body came in.
func TestAllThatIsKeptIsSentAgain(t *testing.T) {
	for _, piece := range []int{1000, firstKept, firstKept + 1, maxKept} {
		withTransport(t, new(Transport), func(c *calling) {
			content := long(maxKept - 1)
			body := newSentBody("", nil)
			k := c.roundTrip(newRequest("POST", "https://example.com/", body))
			p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1 << 20})
			p.WindowUpdate(0, 1<<20)
			settled()
			for rest := content; rest != ""; settled() {
				n := min(piece, len(rest))
				body.feed(rest[:n], nil)
				rest = rest[n:]
			}
			p.Ignore(func(f h2test.Frame) bool { return f.StreamID == 1 })
			p.RST(1, wire.RefusedStream)
			p.Want("the second try", headersOf(3, h2test.KeepOpen))
			got := ""
			for len(got) < len(content) {
				got += string(p.Next().Payload)
			}
			if got != content {
				t.Errorf("%d of %d bytes have arrived, or others", len(got), len(content))
			}
			body.feed("", io.EOF)
			p.Want("and the end", h2test.DataFrame(3, "", h2test.EndStream))
			p.Headers(3, h2test.EndStream, ":status", "204")
			k.response()
		})
	}
}

// rewindingBody is one body over and over: what GetBody makes of it is itself, from the
// beginning. That is no race only if nothing reads it any more.
type rewindingBody struct {
	r       *strings.Reader
	content string
}

func (b *rewindingBody) Read(p []byte) (int, error) { return b.r.Read(p) }
func (b *rewindingBody) Close() error               { return nil }
func (b *rewindingBody) rewind() (io.ReadCloser, error) {
	b.r.Reset(b.content)
	return b, nil
}

func TestBodyThatIsRewoundArrivesWhole(t *testing.T) {
	for _, known := range []bool{true, false} {
		for how, refuse := range refusals {
			withTransport(t, new(Transport), func(c *calling) {
				body := &rewindingBody{r: new(strings.Reader), content: strings.Repeat("x", 512)}
				req := newRequest("POST", "https://example.com/", body)
				req.GetBody = body.rewind
				body.rewind()
				if known {
					req.ContentLength = 512
				}
				k := c.roundTrip(req)
				p := c.accept()
				p.Want("a request", headersOf(1, h2test.KeepOpen))
				p.Ignore(func(f h2test.Frame) bool { return f.StreamID == 1 && f.Type == wire.Data })
				refuse(p)
				p, id := c.secondTry(p, how)
				p.Want("the second try", headersOf(id, h2test.KeepOpen))
				n := 0
				for f := p.Next(); ; f = p.Next() {
					if n += len(f.Payload); f.Flags.Has(wire.FlagEndStream) {
						break
					}
				}
				if n != 512 {
					t.Errorf("%s, known length %t: %d of 512 bytes have arrived", how, known, n)
				}
				p.Headers(id, h2test.EndStream, ":status", "204")
				k.response()
			})
		}
	}
}

// stuckBody blocks in Read, whatever happens, until it is let go; and in Close, if that
// is said.
type stuckBody struct {
	release  *gate
	closeToo bool
}

func (b *stuckBody) Read([]byte) (int, error) { b.release.wait(); return 0, io.EOF }
func (b *stuckBody) Close() error {
	if b.closeToo {
		b.release.wait()
	}
	return nil
}

// A Read that blocks does not hold RoundTrip back, and then the body is not asked for
// again: it is in use.
func TestBodyThatIsInUseIsNotAskedForAgain(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := &stuckBody{release: newGate()}
		defer body.release.open()
		req := newRequest("POST", "https://example.com/", io.NopCloser(io.MultiReader(strings.NewReader(long(2*maxKept)), body)))
		req.GetBody = func() (io.ReadCloser, error) {
			t.Error("GetBody is called")
			return nil, errors.New("no")
		}
		k := c.roundTrip(req)
		p := c.accept(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 1 << 20})
		p.WindowUpdate(0, 1<<20)
		settled()
		p.RST(1, wire.RefusedStream)
		settled()
		time.Sleep(4 * closeGrace)
		if err := k.failure(); !strings.Contains(err.Error(), "while Request.Body is being read") {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// P106. golang/go#43989, #48908.
func TestCancellationDoesNotWaitForABodyThatBlocksInClose(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		ctx, cancel := context.WithCancel(context.Background())
		body := &stuckBody{release: newGate(), closeToo: true}
		defer body.release.open()
		req := newRequest("POST", "https://example.com/", body).WithContext(ctx)
		k := c.roundTrip(req)
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		cancel()
		settled()
		time.Sleep(4 * closeGrace)
		if err := k.failure(); err != context.Canceled {
			t.Errorf("RoundTrip: %v", err)
		}
	})
}

// A request that may have been processed is not sent again: not after an answer, an
// error that says nothing, or a body that has failed.
func TestRequestWithABodyThatMayHaveBeenProcessedIsNotSentAgain(t *testing.T) {
	for name, end := range map[string]func(p *h2test.Peer){
		"CANCEL":                 func(p *h2test.Peer) { p.RST(1, wire.Cancel) },
		"INTERNAL_ERROR":         func(p *h2test.Peer) { p.RST(1, wire.InternalError) },
		"a GOAWAY that names it": func(p *h2test.Peer) { p.GoAway(1, wire.NoError, ""); p.Close() },
		"a lost connection":      func(p *h2test.Peer) { p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			withTransport(t, new(Transport), func(c *calling) {
				body := newSentBody("content", nil)
				k := c.roundTrip(newRequest("POST", "https://example.com/", body))
				p := c.accept()
				p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "content", h2test.KeepOpen))
				end(p)
				k.failure()
				c.noDial()
				body.wantClosed(t, "RoundTrip has failed")
			})
		})
	}
}

func TestRequestWhoseBodyFailsIsNotSentAgain(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		mine := errors.New("the body is broken")
		body := newSentBody("content", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "content", h2test.KeepOpen))
		p.RST(1, wire.RefusedStream)
		p.Want("a second one", headersOf(3, h2test.KeepOpen), h2test.DataFrame(3, "content", h2test.KeepOpen))
		body.feed("", mine)
		if err := k.failure(); err != mine {
			t.Errorf("RoundTrip: %v", err)
		}
		p.Want("it is cancelled", h2test.RSTStreamFrame(3, wire.Cancel))
		c.noDial()
	})
}

// golang/go#79831: a body that is silent takes up little, and so does one that says
// little, once there is an answer.
func TestBodyThatSaysLittleHoldsLittle(t *testing.T) {
	body, writer := io.Pipe()
	u := newUpload(newRequest("POST", "https://example.com/", body))
	s := new(sender)
	go func() {
		for range 10 {
			writer.Write(make([]byte, 300))
		}
		writer.Close()
	}()
	u.begin(s)
	for sent := 0; ; {
		_, err := u.next(s, &sent)
		if len(u.bufLocked()) > firstKept {
			t.Fatalf("%d bytes are taken for %d", len(u.bufLocked()), sent)
		}
		if err == io.EOF {
			return
		}
	}
}
