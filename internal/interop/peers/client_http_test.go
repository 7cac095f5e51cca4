package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"
)

// download gets n bytes of noise and says what is wrong with them.
func download(ctx context.Context, client *http.Client, url string, n int64) error {
	req, err := http.NewRequestWithContext(ctx, "GET", url+fmt.Sprint("/bytes?n=", n), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	sum := sha256.New()
	got, err := io.Copy(sum, resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("after %d of %d bytes: %w", got, n, err)
	case resp.ProtoMajor != 2:
		return fmt.Errorf("the response is %s", resp.Proto)
	case digestLine(got, sum.Sum(nil)) != noiseDigest(n):
		return fmt.Errorf("received %d bytes that are not the %d sent", got, n)
	}
	return nil
}

// upload sends body, which is noise, and says what is wrong with what the server received.
func upload(ctx context.Context, client *http.Client, url string, body io.Reader, n int64) error {
	req, err := http.NewRequestWithContext(ctx, "POST", url+"/digest", body)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && string(got) != noiseDigest(n) {
		err = fmt.Errorf("%s: the server received %q", resp.Status, got)
	}
	return err
}

// noiseBytes is noise with a length that http.NewRequest sees, and which can be sent twice.
func noiseBytes(n int64) *bytes.Reader {
	all, err := io.ReadAll(noise(n))
	if err != nil {
		panic(err) // the reader cannot fail
	}
	return bytes.NewReader(all)
}

// largeField is a field value of n bytes that does not compress well.
func largeField(n int) string {
	all, _ := io.ReadAll(noise(int64(n)))
	for i, b := range all {
		all[i] = '!' + b%('~'-'!')
	}
	return string(all)
}

func TestClientDownloadsArriveWhole(t *testing.T) {
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		if err := download(t.Context(), client, url, 12_000_000); err != nil {
			t.Error(err)
		}
	})
}

func TestClientUploadsOfAnyLengthArriveWhole(t *testing.T) {
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		for _, n := range []int64{1, 16384, 65535, 65536, 100_000, 6_000_000} {
			if err := upload(t.Context(), client, url, noiseBytes(n), n); err != nil {
				t.Errorf("%d bytes, announced: %v", n, err)
			}
			if err := upload(t.Context(), client, url, noise(n), n); err != nil {
				t.Errorf("%d bytes, not announced: %v", n, err)
			}
		}
	})
}

func TestClientUploadsAndDownloadsShareAConnection(t *testing.T) {
	const size = 1_000_000
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if err := upload(t.Context(), client, url, noise(size), size); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := download(t.Context(), client, url, size); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestClientTrailersTravelBothWays(t *testing.T) {
	onEachTarget(t, func(t *testing.T, tg target, client *http.Client, url string) {
		req, err := http.NewRequest("POST", url+"/trailers", io.NopCloser(strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		if tg.takesTrailers {
			req.Trailer = http.Header{"Checksum": {"42"}}
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := readAll(t, resp); got != "body" {
			t.Errorf("body %q", got)
		}
		if got := resp.Trailer.Get("Checksum"); got != "42" && tg.takesTrailers {
			t.Errorf("declared trailer %q, want 42", got)
		}
		if got := resp.Trailer.Get("Undeclared"); got != "came along" {
			t.Errorf("undeclared trailer %q", got)
		}
	})
}

// More requests at a time than a server allows, and more in all than nginx answers on one connection.
func TestClientGetsAnAnswerToEveryOneOfManyRequests(t *testing.T) {
	const atATime, each = 500, 5
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		var wg sync.WaitGroup
		for i := range atATime {
			wg.Go(func() {
				for n := range int64(each) {
					var err error
					if (int64(i)+n)%4 == 0 {
						err = upload(t.Context(), client, url, noiseBytes(n*1000), n*1000)
					} else {
						err = download(t.Context(), client, url, n*1000)
					}
					if err != nil {
						t.Errorf("request %d of %d: %v", n, i, err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestClientCancellationsLeaveTheConnectionInOrder(t *testing.T) {
	const size = 3_000_000
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch i % 3 {
				case 0: // a download, when something of it has come
					cancelDownload(t, ctx, cancel, client, url)
				case 1: // an upload, when something of it has gone
					body := io.MultiReader(noise(100_000), readerFunc(func() { cancel() }), noise(size))
					if err := upload(ctx, client, url, body, size); !errors.Is(err, context.Canceled) {
						t.Errorf("the cancelled upload ended with %v", err)
					}
				case 2: // a download by its reader
					resp, err := client.Get(url + fmt.Sprint("/bytes?n=", size))
					if err != nil {
						t.Error(err)
						return
					}
					io.CopyN(io.Discard, resp.Body, 1000)
					resp.Body.Close()
				}
			})
		}
		wg.Wait()
		// What was not read must have been given back to flow control.
		if err := download(t.Context(), client, url, size); err != nil {
			t.Error(err)
		}
		if err := upload(t.Context(), client, url, noise(size), size); err != nil {
			t.Error(err)
		}
	})
}

func cancelDownload(t *testing.T, ctx context.Context, cancel context.CancelFunc, client *http.Client, url string) {
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/bytes?n=50000000", nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 1000)
	cancel()
	if _, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled download ended with %v", err)
	}
}

// readerFunc calls itself when it is read, and is empty.
type readerFunc func()

func (f readerFunc) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestClientDeadlineEndsARequestThatIsNotAnswered(t *testing.T) {
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", url+"/wait", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil { // the header may come: it is flushed
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestClientReusesAnIdleConnection(t *testing.T) {
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		dialled := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
			if !info.Reused {
				dialled++
			}
		}})
		for range 100 {
			if err := download(ctx, client, url, 100); err != nil {
				t.Fatal(err)
			}
		}
		if dialled != 1 {
			t.Errorf("%d connections for 100 requests, one after the other", dialled)
		}
		client.CloseIdleConnections()
		eventually(t, "a closed connection is not used again", func() bool {
			if err := download(ctx, client, url, 100); err != nil {
				t.Error(err)
				return true
			}
			client.CloseIdleConnections()
			return dialled > 1
		})
	})
}

func TestClientLargeFieldsTravelBothWays(t *testing.T) {
	const size = 40_000 // more than two frames, and less than any server's limit
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		for range 3 { // so that what does not fit into the dynamic table has been there
			req, err := http.NewRequest("GET", url+fmt.Sprint("/field?n=", size), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Large", largeField(size))
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := readAll(t, resp); got != largeField(size) {
				t.Errorf("the server received a field of %d bytes, %s", len(got), resp.Status)
			}
			if got := resp.Header.Get("Large"); got != largeField(size) {
				t.Errorf("the client received a field of %d bytes", len(got))
			}
		}
	})
}

func TestClientHEADAndBodilessResponsesEndAtOnce(t *testing.T) {
	onEachTarget(t, func(t *testing.T, _ target, client *http.Client, url string) {
		resp := do(t, client, "HEAD", url+"/hello", nil)
		if got := readAll(t, resp); got != "" || resp.ContentLength != 13 {
			t.Errorf("HEAD has body %q and content-length %d", got, resp.ContentLength)
		}
		for _, status := range []int{204, 304} {
			resp := do(t, client, "GET", url+fmt.Sprint("/status?n=", status), nil)
			if got := readAll(t, resp); got != "" || resp.StatusCode != status {
				t.Errorf("%d came as %s with body %q", status, resp.Status, got)
			}
		}
	})
}
