package http2

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// wireBytes is what handler's response is on the wire, after HPACK, on a fresh
// connection: frame headers and payloads.
func wireBytes(t *testing.T, handler http.HandlerFunc) []string {
	var frames []string
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Patience = 10 * time.Hour
		p.Request(1, h2test.EndStream)
		for {
			f := p.Next()
			if f.StreamID == 0 {
				continue
			}
			frames = append(frames, f.String()+" "+string(f.Payload))
			if f.Flags.Has(wire.FlagEndStream) {
				return
			}
		}
	})
	return frames
}

func TestAFlushThatRacesWithTheReturnChangesNotAByte(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		fields []string
		wait   time.Duration // from the Flush to the return
		rest   func(http.ResponseWriter)
	}{
		{"Trailers-Only", 200, trailersOnly, 0, andReturn},
		{"Trailers-Only, hours later", 200, trailersOnly, 2 * time.Hour, andReturn},
		{"Trailers-Only, with fields", 404, []string{"Grpc-Status", "5", "X-A", "b", "Set-Cookie", "a=b", "Content-Type", "text/plain"}, 0, andReturn},
		{"Trailers-Only, with a date", 200, []string{"Grpc-Status", "5", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"}, 0, andReturn},
		{"Trailers-Only, with a content-length", 200, []string{"Grpc-Status", "5", "Content-Length", "0"}, 0, andReturn},
		{"open, then trailers", 200, nil, 0, func(w http.ResponseWriter) { setFields(w, http.TrailerPrefix+"X-T", "v") }},
		{"Trailers-Only, then trailers", 200, trailersOnly, 2 * time.Hour, func(w http.ResponseWriter) {
			setFields(w, http.TrailerPrefix+"Grpc-Status", "13")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := func(flushed bool) []string {
				return wireBytes(t, func(w http.ResponseWriter, _ *http.Request) {
					setFields(w, c.fields...)
					w.WriteHeader(c.status)
					if flushed {
						flushNow(w)
					}
					time.Sleep(c.wait)
					c.rest(w)
				})
			}
			if got, want := run(true), run(false); !slices.Equal(got, want) {
				t.Errorf("with a Flush:    %q\nwithout a Flush: %q", got, want)
			}
		})
	}
}

// What golang/go#56317 is about: a proxy passes a gRPC error on.
func TestAProxyThatFlushesATrailersOnlyResponseSendsOneFrame(t *testing.T) {
	framingRows(t, []framingRow{{
		sentence: "the handler takes its time to return",
		handler:  respond(200, trailersOnly, andSleep(3*time.Millisecond)),
		want:     []framingAt{at(3*time.Millisecond, headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))},
	}, {
		sentence: "the Flush comes from a goroutine, after the handler has returned",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, trailersOnly...)
			w.WriteHeader(http.StatusOK)
			go func() {
				time.Sleep(time.Millisecond)
				flushNow(w)
			}()
		},
		want: atOnce(headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...)),
	}})
}

// backend answers a proxy's requests with a Trailers-Only response.
type backend struct{ body io.Reader }

func (b backend) RoundTrip(r *http.Request) (*http.Response, error) {
	h := http.Header{}
	for _, f := range h2test.Fields(trailersOnly...) {
		h.Set(f.Name, f.Value)
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 2, Header: h, Request: r,
		Body: io.NopCloser(b.body), ContentLength: -1,
	}, nil
}

// slow is an empty body whose end takes its time, while the proxy's timer flushes.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	time.Sleep(3 * time.Millisecond)
	return 0, io.EOF
}

func TestReverseProxyPassesTrailersOnlyOn(t *testing.T) {
	for _, body := range []io.Reader{strings.NewReader(""), slow{}} {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "backend.example"})
		proxy.FlushInterval = -1
		proxy.Transport = backend{body}
		framingServe(t, new(Server), proxy.ServeHTTP, func(p *h2test.Peer, _ *h2test.Conn) {
			p.Request(1, h2test.EndStream)
			p.Want("Trailers-Only stays Trailers-Only", headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))
			p.WantNothing("the stream is closed")
		})
	}
}

// stalledRow is a handler that runs while nothing is sent, and what is sent then.
func stalledRow(t *testing.T, sentence string, handler http.HandlerFunc, want ...h2test.Expectation) {
	t.Run(sentence, func(t *testing.T) {
		var stalled *h2test.Conn
		framingServe(t, new(Server), func(w http.ResponseWriter, r *http.Request) {
			stalled.StallWrites()
			w.WriteHeader(http.StatusEarlyHints) // occupies the writer
			synctest.Wait()
			handler(w, r)
		}, func(p *h2test.Peer, server *h2test.Conn) {
			stalled = server
			p.Request(1, h2test.EndStream)
			time.Sleep(time.Hour)
			server.ReleaseWrites()
			p.WantNow(sentence, append([]h2test.Expectation{headersOpen(":status", "103")}, want...)...)
			p.WantNothing(sentence)
		})
	})
}

// P2.
func TestEndStreamGoesOnTheLastFrameThatHasNotBeenSent(t *testing.T) {
	stalledRow(t, "a header that was not flushed ends the stream",
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		headersES(":status", "200", "content-length", "0"))
	stalledRow(t, "a header that is held ends the stream",
		respond(200, trailersOnly, andReturn),
		headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))
	stalledRow(t, "DATA that is still here ends the stream",
		respond(200, nil, func(w http.ResponseWriter) {
			io.WriteString(w, "hello")
			flushNow(w)
		}),
		headersOpen(":status", "200"), dataES("hello"))
	stalledRow(t, "trailers end the stream",
		respond(200, nil, func(w http.ResponseWriter) {
			io.WriteString(w, "hello")
			flushNow(w)
			setFields(w, http.TrailerPrefix+"X-T", "v")
		}),
		headersOpen(":status", "200"), h2test.DataFrame(1, "hello", h2test.KeepOpen), headersES("x-t", "v"))
}

// P2, P18.
func TestAReleasedHeaderDoesNotEndTheStreamAlthoughItHasNotBeenSent(t *testing.T) {
	stalledRow(t, "an open response",
		respond(200, nil, andSleep(time.Minute)),
		headersOpen(":status", "200"), dataES(""))
	stalledRow(t, "an announced response",
		respond(200, []string{"Content-Length", "5"}, andReturn),
		headersOpen(":status", "200", "content-length", "5"), dataES(""))
	stalledRow(t, "one with grpc-status",
		respond(200, append([]string{"Trailer", "X-T"}, trailersOnly...), andReturn),
		headersOpen(append([]string{"trailer", "X-T"}, trailersOnlySent...)...), headersES("grpc-status", "12", "grpc-message", "no"))
}

func TestDataThatWaitsForAWindowEndsTheStream(t *testing.T) {
	handler := respond(200, nil, func(w http.ResponseWriter) {
		io.WriteString(w, "hello")
		flushNow(w)
	})
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Settings(wire.Setting{ID: wire.SettingInitialWindowSize, Val: 0})
		p.Request(1, h2test.EndStream)
		p.WantNow("the header needs no window", h2test.SettingsAckFrame(), headersOpen(":status", "200"))
		p.WantNothing("DATA does")
		p.WindowUpdate(1, 2)
		p.WantNow("as much as fits", h2test.DataFrame(1, "he", h2test.KeepOpen))
		p.WindowUpdate(1, 2)
		p.WantNow("as much as fits", h2test.DataFrame(1, "ll", h2test.KeepOpen))
		p.WindowUpdate(1, 2)
		p.WantNow("the last of it ends the stream", dataES("o"))
		p.WantNothing("the stream is closed")
	})
}
