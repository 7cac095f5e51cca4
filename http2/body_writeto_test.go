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

func TestRequestBodyIsWrittenAsItArrives(t *testing.T) {
	got := new(eventLog)
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		n, err := r.Body.(io.WriterTo).WriteTo(writerFunc(func(p []byte) (int, error) {
			got.add(string(p))
			return len(p), nil
		}))
		if n != 6 || err != nil {
			t.Errorf("WriteTo: %d, %v", n, err)
		}
		if n, err := r.Body.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("Read after the end: %d, %v", n, err)
		}
		if n, err := r.Body.(io.WriterTo).WriteTo(nil); n != 0 || err != nil {
			t.Errorf("WriteTo after the end: %d, %v", n, err)
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, "one")
		settled()
		c.Data(1, h2test.KeepOpen, "two")
		settled()
		got.want(t, "it does not wait for more", "one", "two")
		c.Data(1, h2test.EndStream, "")
		c.Want("the body has ended", noContent(1))
	})
}

func TestRequestBodyThatWasReadIsWrittenFromThereOn(t *testing.T) {
	content := pattern(60000)
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		begin := make([]byte, 10001)
		io.ReadFull(r.Body, begin)
		var rest bytes.Buffer
		n, err := io.Copy(&rest, r.Body)
		if got := append(begin, rest.Bytes()...); !bytes.Equal(got, content) || int(n) != rest.Len() || err != nil {
			t.Errorf("%d bytes, or others: %d, %v", len(got), n, err)
		}
		w.WriteHeader(204)
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		for rest := content; len(rest) > 0; {
			n := min(len(rest), 16384)
			c.Data(1, n == len(rest), string(rest[:n]))
			rest = rest[n:]
		}
		c.Want("the request is answered", noContent(1))
	})
}

// The writer's error may be io.EOF, as a pipe's is: that is not the body's end.
func TestErrorOfTheWriterLeavesTheRestOfTheBody(t *testing.T) {
	for name, write := range map[string]struct {
		f    writerFunc
		want error
	}{
		"io.EOF": {func(p []byte) (int, error) { return 2, io.EOF }, io.EOF},
		"short":  {func(p []byte) (int, error) { return 2, nil }, io.ErrShortWrite},
	} {
		t.Run(name, func(t *testing.T) {
			serving{handler: func(w http.ResponseWriter, r *http.Request) {
				if n, err := io.Copy(write.f, r.Body); n != 2 || err != write.want {
					t.Errorf("Copy: %d, %v", n, err)
				}
				if rest, err := io.ReadAll(r.Body); string(rest) != "two" || err != nil {
					t.Errorf("then comes %q, %v", rest, err)
				}
				w.WriteHeader(204)
			}}.run(t, func(c *servedConn) {
				c.Request(1, h2test.KeepOpen, ":method", "POST")
				c.Data(1, h2test.KeepOpen, "one")
				settled()
				c.Data(1, h2test.EndStream, "two")
				c.Want("the request is answered", noContent(1))
			})
		})
	}
}

func TestBytesThatAreWrittenGoBackToTheWindows(t *testing.T) {
	serving{
		srv:     &Server{MaxUploadBufferPerConnection: 65535, MaxUploadBufferPerStream: 65535},
		handler: func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) },
	}.run(t, func(c *servedConn) {
		p := h2test.NewPeer(t, c.Conn()) // one that looks at WINDOW_UPDATE
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		for range 3 {
			p.Data(1, h2test.KeepOpen, long(16384))
			p.Want("a quarter", h2test.WindowUpdateFrame(0, 16384), h2test.WindowUpdateFrame(1, 16384))
		}
	})
}

func TestResetOfARequestEndsWhatWritesItsBody(t *testing.T) {
	written := make(chan error, 1)
	serving{handler: func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n != 3 {
			t.Errorf("%d bytes were written", n)
		}
		written <- err
	}}.run(t, func(c *servedConn) {
		c.Request(1, h2test.KeepOpen, ":method", "POST")
		c.Data(1, h2test.KeepOpen, "one")
		settled()
		c.RST(1, wire.Cancel)
		var se StreamError
		if err := <-written; !errors.As(err, &se) || se.Code != ErrCodeCancel {
			t.Errorf("Copy: %v", err)
		}
	})
}

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
