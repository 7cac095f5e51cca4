package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

const (
	nghttpdFile = 5_000_000 // bytes of its file "noise"
	nghttpdHole = 1 << 34   // bytes of its file "hole", which has no end for practical purposes, and takes no space
)

// onNghttpd runs test against nghttpd, without TLS and with it. It sends back what it is sent, with a trailer, and
// has files.
func onNghttpd(t *testing.T, test func(t *testing.T, client *http.Client, url string), args ...string) {
	t.Helper()
	for _, m := range []stack.Mode{stack.Protocols, stack.TLS} {
		t.Run(m.Scheme(), func(t *testing.T) {
			client := newClient(t, m)
			path := serverTool(t, "nghttpd", nghttpdPackage)
			all, _ := io.ReadAll(noise(nghttpdFile))
			files := map[string]string{"hello": "hello, world\n", "noise": string(all)}
			maps.Copy(files, certificateFiles(t))
			dir, addr := writeFiles(t, files), freeAddr(t)
			if err := makeHole(filepath.Join(dir, "hole")); err != nil {
				t.Fatal(err)
			}
			host, port, _ := strings.Cut(addr, ":")
			args := append([]string{"-a", host, "-d", dir, "--echo-upload", "--trailer", "checksum: 42"}, args...)
			if m == stack.TLS {
				args = append(args, port, dir+"/key.pem", dir+"/cert.pem")
			} else {
				args = append(args, "--no-tls", port)
			}
			test(t, client, startDaemon(t, m, addr, path, args...).url)
		})
	}
}

func makeHole(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(nghttpdHole), f.Close())
}

func TestClientGetsFilesWithTrailersFromNghttpd(t *testing.T) {
	onNghttpd(t, func(t *testing.T, client *http.Client, url string) {
		resp := do(t, client, "GET", url+"/noise", nil)
		want, _ := io.ReadAll(noise(nghttpdFile))
		if got := readAll(t, resp); got != string(want) {
			t.Errorf("%d bytes that are not the %d of the file", len(got), len(want))
		}
		if got := resp.Trailer.Get("Checksum"); got != "42" {
			t.Errorf("trailers %v", resp.Trailer)
		}
	})
}

func TestClientGetsBackWhatItUploadsToNghttpd(t *testing.T) {
	onNghttpd(t, func(t *testing.T, client *http.Client, url string) {
		for _, n := range []int64{1, 65535, 65536, 4_000_000} {
			want, _ := io.ReadAll(noise(n))
			for _, body := range []io.Reader{bytes.NewReader(want), noise(n)} { // announced and not
				resp := do(t, client, "POST", url+"/", body)
				if got := readAll(t, resp); got != string(want) {
					t.Errorf("%s: %d bytes came back of %d", resp.Status, len(got), n)
				}
			}
		}
	})
}

// With padding, of which each byte has to be given back to flow control like those of content.
func TestClientGetsFilesFromNghttpdThatPads(t *testing.T) {
	onNghttpd(t, func(t *testing.T, client *http.Client, url string) {
		want, _ := io.ReadAll(noise(nghttpdFile))
		for range 5 {
			if got := readAll(t, do(t, client, "GET", url+"/noise", nil)); got != string(want) {
				t.Fatalf("%d bytes that are not the %d of the file", len(got), len(want))
			}
		}
	}, "-b", "255")
}

func TestClientKeepsToTheFewStreamsOfNghttpd(t *testing.T) {
	const requests = 500
	onNghttpd(t, func(t *testing.T, client *http.Client, url string) {
		var wg sync.WaitGroup
		for i := range requests {
			wg.Go(func() {
				want := fmt.Sprint("request ", i)
				resp, err := client.Post(url+"/", "text/plain", strings.NewReader(want))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want {
					t.Errorf("%q came back as %q, %v", want, got, err)
				}
			})
		}
		wg.Wait()
	}, "-m", "20")
}

func TestClientCancellationsLeaveTheConnectionToNghttpdInOrder(t *testing.T) {
	onNghttpd(t, func(t *testing.T, client *http.Client, url string) {
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, "GET", url+"/hole", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			io.CopyN(io.Discard, resp.Body, 1000)
			cancel()
			if n, err := io.Copy(io.Discard, resp.Body); !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled download ended with %v after %d bytes", err, n)
			}
			resp.Body.Close()
		}
		want, _ := io.ReadAll(noise(nghttpdFile))
		if got := readAll(t, do(t, client, "GET", url+"/noise", nil)); got != string(want) {
			t.Errorf("%d bytes that are not the %d of the file", len(got), len(want))
		}
	})
}
