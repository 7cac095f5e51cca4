package http2

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// trailersOnly are the fields of a response that is held, and how they look on the wire.
var (
	trailersOnly     = []string{"Content-Type", "application/grpc", "Grpc-Status", "12", "Grpc-Message", "no"}
	trailersOnlySent = []string{":status", "200", "content-type", "application/grpc", "grpc-status", "12", "grpc-message", "no"}
)

func TestTrailersEndAHold(t *testing.T) {
	framingRows(t, []framingRow{{
		sentence: "a Trailers-Only response that turns out to have trailers is not Trailers-Only",
		handler: respond(200, trailersOnly, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			setFields(w, http.TrailerPrefix+"Grpc-Status", "13")
		}),
		want: []framingAt{at(time.Hour, headersOpen(trailersOnlySent...), headersES("grpc-status", "13"))},
	}})
}

func TestABodyByteEndsAHold(t *testing.T) {
	framingRows(t, []framingRow{{
		sentence: "a Trailers-Only response is released",
		handler: respond(200, trailersOnly, func(w http.ResponseWriter) {
			time.Sleep(time.Minute)
			w.Write(nil) // is none
			io.WriteString(w, "x")
			time.Sleep(time.Hour)
		}),
		want: []framingAt{at(time.Minute, headersOpen(trailersOnlySent...)), at(time.Minute+time.Hour, dataES("x"))},
	}, {
		sentence: "a byte and a Flush are a header and DATA",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			io.WriteString(w, "x")
			flushNow(w)
			time.Sleep(time.Hour)
			io.WriteString(w, "y")
		}),
		want: []framingAt{
			at(0, headersOpen(":status", "200"), h2test.DataFrame(1, "x", h2test.KeepOpen)),
			at(time.Hour, dataES("y")),
		},
	}, {
		sentence: "a large Write is a header and DATA",
		handler: respond(200, nil, func(w http.ResponseWriter) {
			io.WriteString(w, strings.Repeat("x", 5000))
			time.Sleep(time.Hour)
		}),
		want: []framingAt{
			at(0, headersOpen(":status", "200"), h2test.DataFrame(1, strings.Repeat("x", 5000), h2test.KeepOpen)),
			at(time.Hour, dataES("")),
		},
	}, {
		sentence: "no bytes are no body, and it is too late for 1xx",
		handler: respond(200, trailersOnly, func(w http.ResponseWriter) {
			time.Sleep(time.Hour)
			io.WriteString(w, "")
			w.Write(make([]byte, 0, 10))
			w.WriteHeader(http.StatusEarlyHints)
			time.Sleep(time.Hour)
		}),
		want: []framingAt{at(2*time.Hour, headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))},
	}})
}

func TestABodyReadThatWouldBlockEndsAHold(t *testing.T) {
	for _, class := range []struct {
		name         string
		fields, sent []string
		end          h2test.Expectation
	}{
		{"open", nil, []string{":status", "200"}, dataES("")},
		{"Trailers-Only", trailersOnly, trailersOnlySent, headersES("grpc-status", "12", "grpc-message", "no")},
	} {
		t.Run(class.name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, r *http.Request) {
				setFields(w, class.fields...)
				flushNow(w)
				io.Copy(io.Discard, r.Body)
			}
			framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
				p.Request(1, h2test.KeepOpen, ":method", "POST")
				p.WantNow("the client may be waiting for the header", headersOpen(class.sent...))
				time.Sleep(time.Hour)
				p.Data(1, h2test.EndStream, "request")
				p.WantNow("the end comes after the header", class.end)
				p.WantNothing("the stream is closed")
			})
		})
	}
}

func TestABodyReadThatDoesNotBlockEndsNoHold(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		setFields(w, trailersOnly...)
		time.Sleep(time.Minute) // the request has arrived by then
		flushNow(w)
		io.Copy(io.Discard, r.Body)
		io.Copy(io.Discard, r.Body)
		time.Sleep(time.Minute)
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.KeepOpen, ":method", "POST")
		p.Data(1, h2test.EndStream, "request")
		time.Sleep(2*time.Minute - tick)
		p.WantNothing("it is held")
		p.Want("one frame", headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))
	})
	framingRows(t, []framingRow{{
		sentence: "a request without a body has none to wait for",
		handler: func(w http.ResponseWriter, r *http.Request) {
			setFields(w, trailersOnly...)
			flushNow(w)
			io.Copy(io.Discard, r.Body)
			time.Sleep(time.Minute)
		},
		want: []framingAt{at(time.Minute, headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...))},
	}})
}

func TestAHeldResponseFollows100Continue(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		setFields(w, trailersOnly...)
		flushNow(w)
		io.Copy(io.Discard, r.Body)
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.KeepOpen, ":method", "POST", "expect", "100-continue")
		p.WantNow("the read of the body asks for it", headersOpen(":status", "100"), headersOpen(trailersOnlySent...))
		p.Data(1, h2test.EndStream, "request")
		p.WantNow("the header has been released", headersES("grpc-status", "12", "grpc-message", "no"))
	})
}

func TestAnAbortReleasesWhatWasFlushedAndResets(t *testing.T) {
	reset := h2test.RSTStreamFrame(1, wire.InternalError)
	for _, class := range []struct {
		name         string
		fields, sent []string
	}{
		{"open", nil, []string{":status", "200"}},
		{"Trailers-Only", trailersOnly, trailersOnlySent},
	} {
		framingRows(t, []framingRow{{
			sentence: class.name + ": a handler that panics does not take its Flush back",
			handler: respond(200, class.fields, func(w http.ResponseWriter) {
				panic(http.ErrAbortHandler)
			}),
			want: atOnce(headersOpen(class.sent...), reset),
		}, {
			sentence: class.name + ": nor does one that ends its goroutine",
			handler: respond(200, class.fields, func(w http.ResponseWriter) {
				runtime.Goexit()
			}),
			want: atOnce(headersOpen(class.sent...), reset),
		}, {
			sentence: class.name + ": a write deadline that is over ends the stream",
			handler: respond(200, class.fields, func(w http.ResponseWriter) {
				http.NewResponseController(w).SetWriteDeadline(time.Now())
				time.Sleep(time.Hour)
			}),
			want: atOnce(headersOpen(class.sent...), reset),
		}})
	}
	framingRows(t, []framingRow{{
		sentence: "a write deadline ends a hold",
		handler: respond(200, trailersOnly, func(w http.ResponseWriter) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
			time.Sleep(time.Hour)
		}),
		want: []framingAt{at(time.Minute, headersOpen(trailersOnlySent...), reset)},
	}})
}

// P1.
func TestTheServersWriteTimeoutEndsAHold(t *testing.T) {
	hs := &http.Server{WriteTimeout: time.Minute, Handler: respond(200, trailersOnly, andSleep(time.Hour))}
	framingServeHTTP(t, new(Server), hs, func(p *h2test.Peer, _ *h2test.Conn) {
		p.Request(1, h2test.EndStream)
		wantTimeline(p, time.Now(), "the stream ran into its deadline", []framingAt{
			at(time.Minute, headersOpen(trailersOnlySent...), h2test.RSTStreamFrame(1, wire.InternalError)),
		})
	})
}

func TestFlushReturnsWhileAResponseIsHeldAndFailsOnADeadStream(t *testing.T) {
	for _, death := range []struct {
		name string
		kill func(*h2test.Peer)
	}{
		{"the stream was reset", func(p *h2test.Peer) { p.RST(1, wire.Cancel) }},
		{"the connection was closed", func(p *h2test.Peer) { p.Close() }},
	} {
		for _, class := range []struct {
			name, method string
			fields       []string
		}{
			{"open", "GET", nil},
			{"Trailers-Only", "GET", trailersOnly},
			{"announced", "GET", []string{"Trailer", "X-T"}},
		} {
			t.Run(class.name+", "+death.name, func(t *testing.T) {
				handler := func(w http.ResponseWriter, _ *http.Request) {
					setFields(w, class.fields...)
					for range 3 {
						if err := w.(interface{ FlushError() error }).FlushError(); err != nil {
							t.Errorf("FlushError = %v while the stream lives", err)
						}
					}
					time.Sleep(2 * time.Minute)
					for range 3 {
						if err := w.(interface{ FlushError() error }).FlushError(); err == nil {
							t.Errorf("FlushError = nil although %s", death.name)
						}
						flushNow(w)
					}
				}
				framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
					p.Request(1, h2test.EndStream, ":method", class.method)
					time.Sleep(time.Minute)
					death.kill(p)
					time.Sleep(time.Hour)
				})
			})
		}
	}
}

// A response that has been flushed and finished may still be waiting for the
// writer when its stream dies.
func TestFlushFailsOnAFinishedResponseThatWasNeverSent(t *testing.T) {
	var stalled *h2test.Conn
	handler := func(w http.ResponseWriter, _ *http.Request) {
		stalled.StallWrites()
		w.WriteHeader(http.StatusEarlyHints) // occupies the writer
		synctest.Wait()
		flushNow(w)
		time.Sleep(2 * time.Minute)
		if err := w.(interface{ FlushError() error }).FlushError(); err == nil {
			t.Error("FlushError = nil although the stream was reset")
		}
		stalled.ReleaseWrites()
	}
	framingServe(t, new(Server), handler, func(p *h2test.Peer, server *h2test.Conn) {
		stalled = server
		p.Request(1, h2test.EndStream, ":method", "HEAD")
		time.Sleep(time.Minute)
		p.RST(1, wire.Cancel)
		time.Sleep(time.Hour)
		p.WantNow("the hint was on its way", headersOpen(":status", "103"))
		p.WantNothing("the stream is closed")
	})
}

func TestAFlushAfterTheHandlerIsHarmless(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		handler := func(w http.ResponseWriter, _ *http.Request) {
			setFields(w, trailersOnly...)
			if flushed {
				flushNow(w)
			}
			go func() {
				time.Sleep(time.Minute)
				flushNow(w)
				if err := w.(interface{ FlushError() error }).FlushError(); err == nil {
					t.Error("FlushError = nil although the handler has returned")
				}
			}()
		}
		framingServe(t, new(Server), handler, func(p *h2test.Peer, _ *h2test.Conn) {
			p.Request(1, h2test.EndStream)
			wantTimeline(p, time.Now(), "nothing changes", atOnce(headersES(append([]string{"content-length", "0"}, trailersOnlySent...)...)))
		})
	}
}
