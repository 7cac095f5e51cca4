package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"h2fork.example/net/hpack"
	"h2fork.example/net/internal/h2test"
	"h2fork.example/net/internal/wire"
)

// recorded is what a server says in a conversation with three requests: an upload
// that it answers with trailers, a download, and a redirect.
func recorded() (bytes []byte, frameEnds []int) {
	var enc strings.Builder
	henc := hpack.NewEncoder(&enc)
	headers := func(id uint32, end bool, fields ...string) []byte {
		enc.Reset()
		for _, f := range h2test.Fields(fields...) {
			henc.WriteField(f)
		}
		return wire.AppendHeaders(nil, wire.HeadersParam{StreamID: id, EndStream: end, EndHeaders: true, Fragment: []byte(enc.String())})
	}
	for _, f := range [][]byte{
		wire.AppendSettings(nil, wire.Setting{ID: wire.SettingMaxConcurrentStreams, Val: 100}),
		wire.AppendSettingsAck(nil),
		wire.AppendWindowUpdate(nil, 0, 100000),
		headers(1, false, ":status", "103", "link", "</style.css>"),
		headers(1, false, ":status", "200", "content-type", "text/plain", "trailer", "x-sum"),
		wire.AppendPing(nil, false, [8]byte{1}),
		wire.AppendWindowUpdate(nil, 1, 100000),
		headers(3, false, ":status", "200", "content-length", "10"),
		wire.AppendData(nil, 1, false, []byte("first")),
		wire.AppendData(nil, 3, false, []byte("01234")),
		wire.AppendData(nil, 3, true, []byte("56789")),
		headers(1, true, "x-sum", "42"),
		headers(5, true, ":status", "302", "location", "/"),
		wire.AppendGoAway(nil, 5, wire.NoError, nil),
	} {
		bytes = append(bytes, f...)
		frameEnds = append(frameEnds, len(bytes))
	}
	return bytes, frameEnds
}

// converse makes the requests of the recorded conversation, while fault plays the
// server on its end. It returns what came of each request. That it returns, and
// that the bubble ends, is what matters.
func converse(t *testing.T, fault func(server *h2test.Conn)) (outcomes [3]string) {
	t.Helper()
	return converseGivingUp(t, outcome, func(server *h2test.Conn, _ [3]context.CancelFunc) { fault(server) })
}

// converseGivingUp is converse for a fault that may cancel requests, and what
// comes of a request is what the caller makes of its response.
func converseGivingUp(t *testing.T, outcome func(*http.Response, error) string, fault func(server *h2test.Conn, cancel [3]context.CancelFunc)) (outcomes [3]string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var ctxs [3]context.Context
		var cancel [3]context.CancelFunc
		for i := range ctxs {
			ctxs[i], cancel[i] = context.WithCancel(context.Background())
			defer cancel[i]()
		}
		tr := &Transport{ReadIdleTimeout: time.Minute, WriteByteTimeout: time.Minute}
		dialled := 0
		tr.DialTLSContext = func(context.Context, string, string, *tls.Config) (net.Conn, error) {
			if dialled++; dialled > 1 {
				return nil, errors.New("one connection is enough")
			}
			client, server := h2test.Pipe()
			go io.Copy(io.Discard, server)
			go func() {
				time.Sleep(time.Millisecond) // the requests are under way
				fault(server, cancel)
			}()
			return client, nil
		}
		body := newSentBody(strings.Repeat("x", 70_000), io.EOF) // more than the windows, at first
		done := make(chan int, 3)
		for i, req := range []*http.Request{
			newRequest("POST", "https://example.com/", body),
			get("https://example.com/"),
			get("https://example.com/"),
		} {
			go func() {
				outcomes[i] = outcome(tr.RoundTrip(req.WithContext(ctxs[i])))
				done <- i
			}()
			synctest.Wait() // streams are opened in order
		}
		for range 3 {
			<-done
		}
		if !body.isClosed() {
			t.Error("the request's body is open")
		}
		tr.CloseIdleConnections()
		time.Sleep(time.Hour)
	})
	return outcomes
}

// outcome is a response with all that follows it.
func outcome(res *http.Response, err error) string {
	if err != nil {
		return "error"
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return fmt.Sprintf("%d, then an error", res.StatusCode)
	}
	return fmt.Sprintf("%d %q %v", res.StatusCode, body, res.Trailer)
}

// whole is what the requests get of the whole conversation.
var whole = [3]string{`200 "first" map[X-Sum:[42]]`, `200 "0123456789" map[]`, `302 "" map[]`}

// wantWholeOrErrors checks that no response looks complete and is not.
func wantWholeOrErrors(t *testing.T, at int, got [3]string) {
	t.Helper()
	for i, o := range got {
		if o != whole[i] && !strings.HasSuffix(o, "error") {
			t.Errorf("cut at %d, request %d got %s", at, i+1, o)
		}
	}
}

func TestWholeConversation(t *testing.T) {
	bytes, _ := recorded()
	got := converse(t, func(server *h2test.Conn) {
		server.Write(bytes)
		time.Sleep(time.Second)
		server.Close()
	})
	if got != whole {
		t.Errorf("got %q", got)
	}
}

func TestServerThatClosesAtAnyByte(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		got := converse(t, func(server *h2test.Conn) {
			server.Write(bytes[:at])
			server.Close()
		})
		wantWholeOrErrors(t, at, got)
	}
}

// A server that ends its side of the connection, and goes on reading, says no
// more than one that is gone.
func TestServerThatHalfClosesAtAnyByte(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		got := converse(t, func(server *h2test.Conn) {
			server.Write(bytes[:at])
			server.CloseWrite()
		})
		wantWholeOrErrors(t, at, got)
	}
}

func TestServerThatBreaksTheConnectionAtAnyByte(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		got := converse(t, func(server *h2test.Conn) {
			server.Write(bytes[:at])
			time.Sleep(time.Millisecond)
			server.Reset()
		})
		wantWholeOrErrors(t, at, got)
	}
}

func TestServerThatStallsAtAnyByteIsGivenUp(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		got := converse(t, func(server *h2test.Conn) { server.Write(bytes[:at]) })
		wantWholeOrErrors(t, at, got)
	}
}

func TestServerThatResetsAfterAnyFrame(t *testing.T) {
	bytes, ends := recorded()
	for _, at := range ends {
		for id := uint32(1); id <= 5; id += 2 {
			got := converse(t, func(server *h2test.Conn) {
				server.Write(bytes[:at])
				server.Write(wire.AppendRSTStream(nil, id, wire.InternalError))
				server.Write(bytes[at:])
				time.Sleep(time.Second)
				server.Close()
			})
			wantWholeOrErrors(t, at, got)
		}
	}
}

// A request that is given up takes no other with it.
func TestRequestThatIsCancelledAfterAnyFrame(t *testing.T) {
	bytes, ends := recorded()
	for _, at := range ends {
		for given := range whole {
			got := converseGivingUp(t, outcome, func(server *h2test.Conn, cancel [3]context.CancelFunc) {
				server.Write(bytes[:at])
				synctest.Wait()
				cancel[given]()
				synctest.Wait()
				server.Write(bytes[at:])
				time.Sleep(time.Second)
				server.Close()
			})
			wantWholeOrErrors(t, at, got)
			if at == ends[2] && got[given] != "error" { // before any response
				t.Errorf("request %d was cancelled, and got %s", given+1, got[given])
			}
			for i, o := range got {
				if i != given && o != whole[i] {
					t.Errorf("request %d cancelled at %d, request %d got %s", given+1, at, i+1, o)
				}
			}
		}
	}
}

// Responses that nobody reads, or not to their end, hold nothing up.
func TestResponsesThatAreAbandonedAtAnyByte(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		for _, n := range []int64{0, 3} {
			wantNothingLeft := func(res *http.Response, err error) string {
				if err != nil {
					return "error"
				}
				io.CopyN(io.Discard, res.Body, n)
				res.Body.Close()
				if n, err := res.Body.Read(make([]byte, 1)); n > 0 || err == nil {
					t.Errorf("abandoned at %d, a closed body reads %d, %v", at, n, err)
				}
				return "abandoned"
			}
			converseGivingUp(t, wantNothingLeft, func(server *h2test.Conn, _ [3]context.CancelFunc) {
				server.Write(bytes[:at])
				synctest.Wait()
				server.Write(bytes[at:])
				time.Sleep(time.Second)
				server.Close()
			})
		}
	}
}

func TestConversationInSingleBytes(t *testing.T) {
	bytes, _ := recorded()
	got := converse(t, func(server *h2test.Conn) {
		for i := range bytes {
			server.Write(bytes[i : i+1])
			synctest.Wait()
		}
		time.Sleep(time.Second)
		server.Close()
	})
	if got != whole {
		t.Errorf("got %q", got)
	}
}

func TestAnyByteOfAConversationMayBeWrong(t *testing.T) {
	bytes, _ := recorded()
	for at := range bytes {
		broken := append([]byte(nil), bytes...)
		broken[at] ^= 0xff
		converse(t, func(server *h2test.Conn) {
			server.Write(broken)
			time.Sleep(time.Second)
			server.Close()
		})
	}
}

func TestWriteThatFailsAtAnyByteFailsTheRequests(t *testing.T) {
	for at := 0; at < 400; at += 7 {
		synctest.Test(t, func(t *testing.T) {
			client, server := h2test.Pipe()
			client.FailWrites(at, errors.New("cable cut"))
			go io.Copy(io.Discard, server)
			cc, err := new(Transport).NewClientConn(client)
			if err != nil {
				t.Fatal(err)
			}
			body := newSentBody(long(100_000), io.EOF)
			if _, err := cc.RoundTrip(newRequest("POST", "https://example.com/", body)); err == nil {
				t.Error("RoundTrip succeeded")
			}
			body.wantClosed(t, "RoundTrip has failed")
			server.Close()
		})
	}
}
