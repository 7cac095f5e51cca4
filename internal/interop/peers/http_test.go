package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

// withHTTP runs test in each mode against site, with an HTTP/2 client of its own, and sees that nothing is left.
func withHTTP(t *testing.T, o stack.Options, h http.Handler, test func(t *testing.T, client *http.Client, url string)) {
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		client, closeIdle := stack.Client(m)
		goroutinesReturn(t, closeIdle)
		srv := start(t, m, h, o)
		test(t, client, srv.URL)
	})
}

// do sends a request and returns the response with its body closed at the test's end.
func do(t *testing.T, client *http.Client, method, url string, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		t.Fatalf("the response is %s", resp.Proto)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestLargeDownloadsArriveWhole(t *testing.T) {
	const size = 20_000_000
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		resp := do(t, client, "GET", url+fmt.Sprint("/bytes?n=", size), nil)
		sum := sha256.New()
		n, err := io.Copy(sum, resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := digestLine(n, sum.Sum(nil)), noiseDigest(size); got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	})
}

func TestLargeUploadsArriveWhole(t *testing.T) {
	const size = 20_000_000
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		got := readAll(t, do(t, client, "POST", url+"/digest", noise(size)))
		if want := noiseDigest(size); got != want {
			t.Errorf("the server received %q, want %q", got, want)
		}
	})
}

func TestUploadsAndDownloadsShareAConnection(t *testing.T) {
	const size = 1_000_000
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				resp, err := client.Post(url+"/digest", "application/octet-stream", noise(size))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, _ := io.ReadAll(resp.Body); string(got) != noiseDigest(size) {
					t.Errorf("the server received %q", got)
				}
			})
			wg.Go(func() {
				resp, err := client.Get(url + fmt.Sprint("/bytes?n=", size))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				sum := sha256.New()
				n, err := io.Copy(sum, resp.Body)
				if got := digestLine(n, sum.Sum(nil)); err != nil || got != noiseDigest(size) {
					t.Errorf("received %q, %v", got, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestTrailersTravelBothWays(t *testing.T) {
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		req, err := http.NewRequest("POST", url+"/trailers", io.NopCloser(strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		req.Trailer = http.Header{"Checksum": {"42"}}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := readAll(t, resp); got != "body" {
			t.Errorf("body %q", got)
		}
		if got := resp.Trailer.Get("Checksum"); got != "42" {
			t.Errorf("declared trailer %q, want 42", got)
		}
		if got := resp.Trailer.Get("Undeclared"); got != "came along" {
			t.Errorf("undeclared trailer %q", got)
		}
	})
}

// A client that does not read one response must still get others on the same connection.
func TestASlowReaderHoldsUpOnlyItself(t *testing.T) {
	const size = 10_000_000
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		slow := do(t, client, "GET", url+fmt.Sprint("/bytes?n=", size), nil)
		first := make([]byte, 1)
		if _, err := io.ReadFull(slow.Body, first); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if got := readAll(t, do(t, client, "GET", url+"/hello", nil)); got != "hello, world\n" {
				t.Fatalf("got %q", got)
			}
		}
		sum := sha256.New()
		n, err := io.Copy(sum, io.MultiReader(bytes.NewReader(first), slow.Body))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := digestLine(n, sum.Sum(nil)), noiseDigest(size); got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	})
}

func TestACancelledRequestEndsItsHandlersContext(t *testing.T) {
	ended := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		ended <- r.Context().Err()
	})
	withHTTP(t, stack.Options{}, handler, func(t *testing.T, client *http.Client, url string) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("the handler's context ended with %v", err)
		}
	})
}

func TestCancelledDownloadsLeaveTheConnectionInOrder(t *testing.T) {
	withHTTP(t, stack.Options{}, site(), func(t *testing.T, client *http.Client, url string) {
		for range 50 {
			resp := do(t, client, "GET", url+"/bytes?n=1000000", nil)
			io.CopyN(io.Discard, resp.Body, 1000)
			resp.Body.Close()
		}
		const size = 3_000_000 // more than the connection's window: what was not read must have been given back
		got := readAll(t, do(t, client, "POST", url+"/digest", noise(size)))
		if want := noiseDigest(size); got != want {
			t.Errorf("the server received %q, want %q", got, want)
		}
	})
}

func TestAThousandStreamsAreOpenAtOnceOnOneConnection(t *testing.T) {
	const streams = 1000
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		client, closeIdle := stack.Client(m)
		goroutinesReturn(t, closeIdle)
		var arrived sync.WaitGroup
		arrived.Add(streams)
		srv := start(t, m, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Client", r.RemoteAddr)
			if r.Method == "POST" {
				arrived.Done()
				arrived.Wait() // for the other 999
			}
			io.Copy(w, r.Body)
		}), stack.Options{MaxConcurrentStreams: streams})

		// After one response, the client knows how many streams it may open.
		addr := do(t, client, "GET", srv.URL, nil).Header.Get("Client")
		var wg sync.WaitGroup
		for i := range streams {
			wg.Go(func() {
				want := fmt.Sprint("stream ", i)
				resp, err := client.Post(srv.URL, "text/plain", strings.NewReader(want))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
				if got := resp.Header.Get("Client"); got != addr {
					t.Errorf("a second connection: %s beside %s", got, addr)
				}
			})
		}
		wg.Wait()
	})
}

func TestAPanickingHandlerEndsOnlyItsStream(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, r.RemoteAddr)
	})
	withHTTP(t, stack.Options{}, handler, func(t *testing.T, client *http.Client, url string) {
		before := readAll(t, do(t, client, "GET", url, nil))
		if resp, err := client.Get(url + "/panic"); err == nil {
			resp.Body.Close()
			t.Errorf("the panicking handler's response is %s", resp.Status)
		}
		if after := readAll(t, do(t, client, "GET", url, nil)); after != before {
			t.Errorf("the connection is %s, was %s", after, before)
		}
	})
}
