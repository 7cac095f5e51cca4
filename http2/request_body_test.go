package http2

import (
	"bytes"
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
