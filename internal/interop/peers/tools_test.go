package peers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"h2fork.example/net/internal/interop/stack"
)

const (
	curlPackage  = "curl"
	nghttpClient = "nghttp2-client"
)

// command runs a program to its end and returns what it printed.
func command(t *testing.T, name string, stdin io.Reader, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// curl runs curl with HTTP/2, with prior knowledge where the server does not speak TLS.
func curl(t *testing.T, m stack.Mode, stdin io.Reader, args ...string) string {
	t.Helper()
	path := tool(t, "curl", curlPackage)
	if !strings.Contains(command(t, path, nil, "--version"), "HTTP2") {
		t.Skip("this curl was built without HTTP/2")
	}
	version := "--http2-prior-knowledge"
	if m == stack.TLS {
		version = "--http2"
	}
	return command(t, path, stdin, append([]string{"-sS", "-k", version}, args...)...)
}

func TestCurlGetsAPage(t *testing.T) {
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := curl(t, m, nil, "-w", "%{http_version} %{http_code}", srv.URL+"/hello")
		if want := "hello, world\n2 200"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCurlUpgradesToH2C(t *testing.T) {
	if !underTest(t).HasH2CHandler() {
		t.Skip("the stack has no h2c.NewHandler")
	}
	path := tool(t, "curl", curlPackage)
	srv := start(t, stack.Handler, site(), stack.Options{})
	got := command(t, path, nil, "-sS", "--http2", "-w", "%{http_version} %{http_code}", srv.URL+"/hello")
	if want := "hello, world\n2 200"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCurlUploads(t *testing.T) {
	const size = 5_000_000
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := curl(t, m, noise(size), "-H", "Expect:", "-T", "-", srv.URL+"/digest")
		if want := noiseDigest(size); got != want {
			t.Errorf("the server received %q, want %q", got, want)
		}
	})
}

func TestCurlUploadsAfter100Continue(t *testing.T) {
	const size = 5_000_000
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := curl(t, m, noise(size), "-H", "Expect: 100-continue", "--data-binary", "@-", srv.URL+"/digest")
		if want := noiseDigest(size); got != want {
			t.Errorf("the server received %q, want %q", got, want)
		}
	})
}

func TestCurlSeesTheFieldsOfAHeadResponse(t *testing.T) {
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := curl(t, m, nil, "-I", srv.URL+"/hello")
		for _, want := range []string{"HTTP/2 200", "content-length: 13"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
	})
}

func TestNghttpSeesEndStreamOnTheLastDataFrame(t *testing.T) {
	path := tool(t, "nghttp", nghttpClient)
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := command(t, path, nil, "-nvy", srv.URL+"/hello")
		if !regexp.MustCompile(`recv DATA frame <length=13, flags=0x01, stream_id=13>`).MatchString(got) {
			t.Errorf("no DATA frame with 13 bytes and END_STREAM in\n%s", got)
		}
	})
}

func TestNghttpSeesABodilessResponseAsOneFrame(t *testing.T) {
	path := tool(t, "nghttp", nghttpClient)
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		got := command(t, path, nil, "-nvy", srv.URL+"/status?n=204")
		if !regexp.MustCompile(`recv HEADERS frame <length=\d+, flags=0x05, stream_id=13>`).MatchString(got) {
			t.Errorf("no HEADERS frame with END_STREAM in\n%s", got)
		}
		if strings.Contains(got, "recv DATA") {
			t.Errorf("a response with status 204 came with DATA:\n%s", got)
		}
	})
}

func TestNghttpUpgradesToH2C(t *testing.T) {
	path := tool(t, "nghttp", nghttpClient)
	if !underTest(t).HasH2CHandler() {
		t.Skip("the stack has no h2c.NewHandler")
	}
	srv := start(t, stack.Handler, site(), stack.Options{})
	got := command(t, path, nil, "-uv", srv.URL+"/hello")
	if !strings.Contains(got, "hello, world") || !strings.Contains(got, "101") {
		t.Errorf("no upgrade and greeting in\n%s", got)
	}
}

var h2loadRequests = regexp.MustCompile(`requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded`)

func TestH2loadGetsAnAnswerToEveryRequest(t *testing.T) {
	path := tool(t, "h2load", nghttpClient)
	inEachMode(t, func(t *testing.T, m stack.Mode) {
		srv := start(t, m, site(), stack.Options{})
		for _, load := range []struct {
			requests, clients, streams int
			path                       string
		}{
			{20_000, 8, 32, "/hello"},
			{2_000, 32, 1, "/hello"},
			{100, 4, 8, "/bytes?n=1000000"},
		} {
			t.Run(fmt.Sprintf("%d×%d%s", load.clients, load.streams, load.path[:6]), func(t *testing.T) {
				got := command(t, path, nil, "-n", strconv.Itoa(load.requests), "-c", strconv.Itoa(load.clients),
					"-m", strconv.Itoa(load.streams), srv.URL+load.path)
				found := h2loadRequests.FindStringSubmatch(got)
				if found == nil || found[1] != strconv.Itoa(load.requests) || found[1] != found[2] {
					t.Errorf("not every request was answered with success:\n%s", got)
				}
			})
		}
	})
}

func TestMoreRequestsThanStreamsAreAllowedNeverRunTogether(t *testing.T) {
	const requests, allowed, wanted = 5000, 10, 100
	path := tool(t, "h2load", nghttpClient)
	var inside, most peak
	srv := start(t, stack.Protocols, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		most.raise(inside.add(1))
		io.WriteString(w, "hello, world\n")
		inside.add(-1)
	}), stack.Options{MaxConcurrentStreams: allowed})
	got := command(t, path, nil, "-n", strconv.Itoa(requests), "-c", "1", "-m", strconv.Itoa(wanted), srv.URL)

	// h2load sends its first batch before it has seen the limit: what is over it may be refused.
	found := h2loadRequests.FindStringSubmatch(got)
	if found == nil {
		t.Fatalf("no summary in\n%s", got)
	}
	if n, _ := strconv.Atoi(found[2]); n < requests-(wanted-allowed) {
		t.Errorf("%d requests succeeded, want at least %d:\n%s", n, requests-(wanted-allowed), got)
	}
	if n := most.get(); n > allowed {
		t.Errorf("%d handlers ran at a time, want at most %d", n, allowed)
	}
}
