package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"h2fork.example/net/internal/conn"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// withResponse runs a script on a GET request that has been sent as stream 1.
func withResponse(t *testing.T, tr *Transport, script func(c *calling, k *trip, p *h2test.Peer)) {
	t.Helper()
	withTransport(t, tr, func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		script(c, k, p)
	})
}

func TestResponseOfSeveralFramesArrivesWhole(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "x-a", "1", "x-a", "2", "content-length", "10")
		res := k.response()
		if res.ContentLength != 10 || res.ProtoMajor != 2 || len(res.Header["X-A"]) != 2 || res.Request == nil {
			t.Errorf("the response is %+v", res)
		}
		p.Data(1, h2test.KeepOpen, "01234")
		p.Data(1, h2test.EndStream, "56789")
		wantBody(t, res, "0123456789")
		p.WantNothing("the stream has ended by itself")
	})
}

func TestReadReturnsWhatThereIs(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		for _, piece := range []string{"a", "bc", "def"} {
			p.Data(1, h2test.KeepOpen, piece)
			buf := make([]byte, 100)
			if n, err := res.Body.Read(buf); string(buf[:n]) != piece || err != nil {
				t.Errorf("Read: %q, %v", buf[:n], err)
			}
		}
		res.Body.Close()
	})
}

func TestResponseTrailersAreThereAfterTheBody(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "trailer", "X-Sum, X-Never")
		res := k.response()
		if v, ok := res.Trailer["X-Sum"]; !ok || v != nil {
			t.Errorf("the declared trailers are %v", res.Trailer)
		}
		p.Data(1, h2test.KeepOpen, "content")
		p.Headers(1, h2test.EndStream, "x-sum", "42", "x-surprise", "!")
		wantBody(t, res, "content")
		if res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-Surprise") != "!" || len(res.Trailer) != 3 {
			t.Errorf("the trailers are %v", res.Trailer)
		}
	})
}

func TestReadAfterCloseIsNotTheEnd(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		p.Data(1, h2test.EndStream, "content")
		settled()
		res.Body.Close()
		_, err := res.Body.Read(make([]byte, 10))
		wantErr(t, "what was dropped must not look like an empty body", err, "http2: response body closed")
	})
}

func TestClosingABodyResetsTheStream(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		if err := res.Body.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		p.Want("the rest is not wanted", h2test.RSTStreamFrame(1, wire.Cancel))
		p.Data(1, h2test.EndStream, "late")
		p.WantNothing("it was on its way (RFC 9113 §5.1)")
		if err := res.Body.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	})
}

func TestClosingABodyWakesItsReader(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		done := make(chan error, 1)
		go func() {
			_, err := res.Body.Read(make([]byte, 10))
			done <- err
		}()
		settled()
		res.Body.Close()
		wantErr(t, "nothing more comes", <-done, "http2: response body closed")
	})
}

// P91.
func TestBodyLongerThanContentLengthIsCut(t *testing.T) {
	for _, ended := range []bool{false, true} {
		withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
			p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "3")
			res := k.response()
			p.Data(1, ended, "content")
			got, err := io.ReadAll(res.Body)
			if string(got) != "con" {
				t.Errorf("the body is %q", got)
			}
			wantErr(t, "RFC 9113 §8.1.1", err, "net/http: server replied with more than declared Content-Length; truncated")
			if ended {
				p.WantNothing("the stream is over")
			} else {
				p.Want("the stream is malformed", h2test.RSTStreamFrame(1, wire.ProtocolError))
			}
		})
	}
}

// Frames that are too many are cut off too, wherever they are cut.
func TestBodyThatGoesOnBeyondContentLengthIsCut(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "3")
		res := k.response()
		p.Data(1, h2test.KeepOpen, "con")
		if got, err := io.ReadFull(res.Body, make([]byte, 3)); got != 3 || err != nil {
			t.Errorf("ReadFull: %d, %v", got, err)
		}
		p.Data(1, h2test.EndStream, "tent")
		got, err := io.ReadAll(res.Body)
		wantErr(t, "RFC 9113 §8.1.1", err, "net/http: server replied with more than declared Content-Length; truncated")
		if len(got) > 0 {
			t.Errorf("then comes %q", got)
		}
	})
}

func TestTransportReadsFramesOf16384Bytes(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		content := long(16384)
		p.Data(1, h2test.EndStream, content)
		wantBody(t, k.response(), content)
	})
}

func TestBodyShorterThanContentLengthIsAnError(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200", "content-length", "30")
		res := k.response()
		p.Data(1, h2test.EndStream, "content")
		if got, err := io.ReadAll(res.Body); string(got) != "content" || err != io.ErrUnexpectedEOF {
			t.Errorf("the body is %q, %v", got, err)
		}
	})
}

func TestResetOfAResponseComesAfterItsBytes(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		p.Data(1, h2test.KeepOpen, "content")
		p.RST(1, wire.InternalError)
		settled()
		got, err := io.ReadAll(res.Body)
		var se StreamError
		if string(got) != "content" || !errors.As(err, &se) || se.StreamID != 1 || se.Code != ErrCodeInternal {
			t.Errorf("the body is %q, %v", got, err)
		}
		wantErr(t, "callers match texts", err, "stream error: stream ID 1; INTERNAL_ERROR; received from peer")
	})
}

func TestResetWithoutErrorAfterAResponseIsNoError(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "enough")
		p.RST(1, wire.NoError)
		wantBody(t, k.response(), "enough")
		body.wantClosed(t, "the server does not want the rest (RFC 9113 §8.1)")
	})
}

func TestErrorResponseStopsTheRequestsBody(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("some", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "some", h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "413")
		res := k.response()
		body.wantClosed(t, "the server has answered")
		p.WantNothing("the response is not over")
		p.Data(1, h2test.EndStream, "too large")
		wantBody(t, res, "too large")
		p.Want("now the stream is", h2test.RSTStreamFrame(1, wire.NoError))
	})
}

func TestSuccessLetsTheRequestsBodyGoOn(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("some", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "some", h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		body.feed("more", io.EOF)
		p.Want("full duplex (golang/go#13444)", h2test.DataFrame(1, "more", h2test.KeepOpen), h2test.DataFrame(1, "", h2test.EndStream))
		p.Data(1, h2test.EndStream, "done")
		wantBody(t, res, "done")
	})
}

func TestClosingTheBodyOfACompleteResponseWithholdsTheRestOfTheRequest(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		body := newSentBody("some", nil)
		k := c.roundTrip(newRequest("POST", "https://example.com/", body))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.KeepOpen), h2test.DataFrame(1, "some", h2test.KeepOpen))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		p.Data(1, h2test.EndStream, "enough")
		wantBody(t, k.response(), "enough")
		p.Want("nothing went wrong (RFC 9113 §8.1)", h2test.RSTStreamFrame(1, wire.NoError))
		body.wantClosed(t, "the response is over")
	})
}

func TestHeadHasNoBodyWhateverItsLength(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		k := c.roundTrip(newRequest("HEAD", "https://example.com/", nil))
		p := c.accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.EndStream, ":status", "200", "content-length", "5000")
		res := k.response()
		if res.ContentLength != 5000 {
			t.Errorf("ContentLength is %d", res.ContentLength)
		}
		wantBody(t, res, "")
	})
}

func TestMissingContentIsAnError(t *testing.T) {
	withResponse(t, new(Transport), func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.EndStream, ":status", "200", "content-length", "5")
		if _, err := io.ReadAll(k.response().Body); err != io.ErrUnexpectedEOF {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestMalformedResponsesEndTheirStreamOnly(t *testing.T) {
	for want, script := range map[string]func(p *h2test.Peer){
		"malformed response from server: missing status pseudo header": func(p *h2test.Peer) {
			p.Headers(1, h2test.EndStream, "x", "y")
		},
		"malformed response from server: malformed non-numeric status pseudo header": func(p *h2test.Peer) {
			p.Headers(1, h2test.EndStream, ":status", "fine")
		},
		"1xx informational response with END_STREAM flag": func(p *h2test.Peer) {
			p.Headers(1, h2test.EndStream, ":status", "103")
		},
		"DATA before HEADERS": func(p *h2test.Peer) { p.Data(1, h2test.EndStream, "x") },
		"http2: response header list larger than advertised limit": func(p *h2test.Peer) {
			p.Headers(1, h2test.EndStream, ":status", "200", "x", strings.Repeat("x", 2000))
		},
	} {
		withResponse(t, &Transport{MaxHeaderListSize: 1000}, func(c *calling, k *trip, p *h2test.Peer) {
			script(p)
			err := k.failure()
			var se StreamError
			if !errors.As(err, &se) || se.Code != ErrCodeProtocol {
				t.Errorf("RoundTrip: %v", err)
			}
			wantErr(t, "callers match texts", err, "stream error: stream ID 1; PROTOCOL_ERROR; "+want)
			p.Want("the server is told", h2test.RSTStreamFrame(1, wire.ProtocolError))
			c.roundTrip(get("https://example.com/"))
			p.Want("the connection is good", headersOf(3, h2test.EndStream))
		})
	}
}

func TestFloodOfDataBeyondTheWindowEndsTheConnection(t *testing.T) {
	tr := &Transport{h1: &http.Transport{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 70000, MaxReceiveBufferPerConnection: 70000}}}
	withResponse(t, tr, func(c *calling, k *trip, p *h2test.Peer) {
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		for range 5 {
			p.Data(1, h2test.KeepOpen, strings.Repeat("x", 16000))
		}
		p.Want("RFC 9113 §6.9.1", h2test.GoAwayFrame(0, wire.FlowControlError))
		_, err := io.ReadAll(res.Body)
		var ce ConnectionError
		if !errors.As(err, &ce) || ce != ConnectionError(ErrCodeFlowControl) {
			t.Errorf("Read: %v", err)
		}
		res.Body.Close()
	})
}

func TestWindowsGrowByWhatIsReadAndNoMore(t *testing.T) {
	const window, total = 70000, 2_000_000
	tr := &Transport{h1: &http.Transport{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: window, MaxReceiveBufferPerConnection: window}}}
	withTransport(t, tr, func(c *calling) {
		k := c.roundTrip(get("https://example.com/"))
		p := h2test.NewPeer(t, <-c.dials)
		c.peers = append(c.peers, p)
		p.Accept()
		p.Want("a request", headersOf(1, h2test.EndStream))
		p.Headers(1, h2test.KeepOpen, ":status", "200")
		res := k.response()
		got := make(chan string)
		go func() {
			b, _ := io.ReadAll(res.Body)
			got <- string(b)
		}()
		content, sent := long(total), 0
		stream, conn := window, window
		for sent < total {
			n := min(stream, conn, 16000, total-sent)
			if n == 0 {
				f := p.Next()
				inc, err := wire.ParseWindowUpdate(f.Header, f.Payload)
				switch {
				case err != nil || f.Type != wire.WindowUpdate:
					t.Fatalf("the transfer stalls at %d: %v", sent, f)
				case f.StreamID == 0:
					conn += int(inc)
				default:
					stream += int(inc)
				}
				if stream > window || conn > window {
					t.Fatalf("windows are %d and %d, of %d", stream, conn, window)
				}
				continue
			}
			p.Data(1, sent+n == total, content[sent:sent+n])
			sent, stream, conn = sent+n, stream-n, conn-n
		}
		if <-got != content {
			t.Error("the body differs")
		}
	})
}

func TestUnreadBytesOfAClosedBodyGoBackToTheConnection(t *testing.T) {
	tr := &Transport{h1: &http.Transport{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 70000, MaxReceiveBufferPerConnection: 70000}}}
	withResponse(t, tr, func(c *calling, k *trip, p *h2test.Peer) {
		// Ten responses that fill the connection's window and are not read.
		for id := uint32(1); id <= 20; id += 2 {
			if id > 1 {
				k = c.roundTrip(get("https://example.com/"))
				p.Want("a request", headersOf(id, h2test.EndStream))
			}
			p.Headers(id, h2test.KeepOpen, ":status", "200")
			res := k.response()
			for range 4 {
				p.Data(id, h2test.KeepOpen, strings.Repeat("x", 16000))
			}
			settled()
			res.Body.Close()
			p.Want("flow control holds", h2test.RSTStreamFrame(id, wire.Cancel))
		}
	})
}

func TestResponseThatComesAfterTheEndOfItsStreamChangesNothing(t *testing.T) {
	withTransport(t, new(Transport), func(c *calling) {
		cc, err := c.tr.dial(t.Context(), "example.com:443", true)
		if err != nil {
			t.Fatal(err)
		}
		c.accept()
		cs := &clientStream{cc: cc, req: get("https://example.com/"), answered: make(chan struct{})}
		cs.Init(cc.c, cs, &cs.received)
		cs.err = errResponseTooSlow // as RoundTrip has seen it
		cs.claimAnswerLocked()
		close(cs.answered)
		if err := cs.response(conn.Fields{StreamID: 1}, 200, nil); err != nil || cs.res != nil {
			t.Errorf("a response %v, %v", cs.res, err)
		}
	})
}
