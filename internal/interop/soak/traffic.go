package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"h2fork.example/net/http2"
	"h2fork.example/net/internal/interop/stack"
)

// A traffic is something that so many clients do again and again, half of them through TLS.
type traffic struct {
	name    string
	workers int
	start   func(to target) (do func() error, end func())
}

// allTraffic is all traffic that there are clients for.
func allTraffic() []traffic {
	all := []traffic{
		{"gRPC calls (grpc-go)", 4, grpcCalls},
		{"gRPC streams (grpc-go)", 4, grpcStreams},
		{"gRPC calls that are cancelled (grpc-go)", 2, grpcCancelled},
		{"GET (net/http)", 2, client(stack.NetHTTP(), hello)},
		{"GET (Transport)", 2, client(stack.Ours(), hello)},
		{"downloads (net/http)", 2, client(stack.NetHTTP(), download)},
		{"downloads (Transport)", 2, client(stack.Ours(), download)},
		{"uploads (net/http)", 2, client(stack.NetHTTP(), upload)},
		{"uploads (Transport)", 2, client(stack.Ours(), upload)},
		{"slow readers (net/http)", 4, client(stack.NetHTTP(), slowly)},
		{"slow readers (Transport)", 4, client(stack.Ours(), slowly)},
		{"requests that are cancelled (net/http)", 2, client(stack.NetHTTP(), cancelled)},
		{"requests that are cancelled (Transport)", 2, client(stack.Ours(), cancelled)},
		{"downloads that are given up (net/http)", 2, client(stack.NetHTTP(), givenUp)},
		{"downloads that are given up (Transport)", 2, client(stack.Ours(), givenUp)},
		{"handlers that panic (Transport)", 2, client(stack.Ours(), panics)},
		{"connections that come and go (net/http)", 2, churn(stack.NetHTTP())},
		{"connections that come and go (Transport)", 2, churn(stack.Ours())},
		{"connections that break", 2, breaks},
	}
	if _, err := exec.LookPath("h2load"); err == nil {
		all = append(all, traffic{"h2load", 2, tool("h2load", "-n200", "-c5", "-m10")})
	}
	if _, err := exec.LookPath("curl"); err == nil {
		all = append(all, traffic{"curl", 2, tool("curl", "-sSfk", "--http2-prior-knowledge", "-o", "/dev/null")})
	}
	return all
}

// patience is how long anything may take that is not made to take longer.
const patience = 30 * time.Second

// client has a client of the stack's make requests.
func client(s stack.Stack, request func(ctx context.Context, c *http.Client, url string) error) func(to target) (func() error, func()) {
	return func(to target) (func() error, func()) {
		tr := s.Transport(to.tls)
		c := &http.Client{Transport: tr}
		return func() error {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			return request(ctx, c, to.url)
		}, tr.CloseIdleConnections
	}
}

func send(ctx context.Context, c *http.Client, method, url string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	res, err := c.Do(req)
	if err == nil && res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		return nil, fmt.Errorf("%s: %.200s", res.Status, text)
	}
	return res, err
}

func hello(ctx context.Context, c *http.Client, url string) error {
	res, err := send(ctx, c, "GET", url+"/hello", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && string(text) != "Hello, world!" {
		err = fmt.Errorf("the answer is %q", text)
	}
	return err
}

const bulk = 3_000_000 // bytes of an upload or a download

func download(ctx context.Context, c *http.Client, url string) error {
	return read(ctx, c, url, bulk, func(r io.Reader) io.Reader { return r })
}

// read downloads n bytes through a reader.
func read(ctx context.Context, c *http.Client, url string, n int64, through func(io.Reader) io.Reader) error {
	res, err := send(ctx, c, "GET", fmt.Sprintf("%s/down/%d", url, n), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.Copy(new(checker), through(res.Body))
	if err == nil && got != n {
		err = fmt.Errorf("%d of %d bytes came", got, n)
	}
	return err
}

// slowly reads a download in 25 pieces, for half a second.
func slowly(ctx context.Context, c *http.Client, url string) error {
	return read(ctx, c, url, 400_000, func(r io.Reader) io.Reader { return slow{r} })
}

type slow struct{ io.Reader }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 16_000)])
}

func upload(ctx context.Context, c *http.Client, url string) error {
	res, err := send(ctx, c, "POST", url+"/up", &content{n: bulk})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	want := fmt.Sprint(bulk)
	if err == nil && (string(text) != want || res.Trailer.Get("X-Bytes") != want) {
		err = fmt.Errorf("%q, %q of %s bytes arrived", text, res.Trailer.Get("X-Bytes"), want)
	}
	return err
}

// askedFor is err, or errAsked if it is what the client wanted.
func askedFor(err error, is bool) error {
	if err == nil {
		return errors.New("it did not fail, as it should have")
	}
	if is {
		return fmt.Errorf("%w: %w", errAsked, err)
	}
	return err
}

func cancelled(ctx context.Context, c *http.Client, url string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer time.AfterFunc(5*time.Millisecond, cancel).Stop()
	res, err := send(ctx, c, "POST", url+"/wait", &content{n: bulk})
	if err == nil {
		res.Body.Close()
	}
	return askedFor(err, errors.Is(err, context.Canceled))
}

// givenUp closes a download after its first bytes.
func givenUp(ctx context.Context, c *http.Client, url string) error {
	res, err := send(ctx, c, "GET", fmt.Sprintf("%s/down/%d", url, bulk), nil)
	if err != nil {
		return err
	}
	_, err = io.CopyN(new(checker), res.Body, 10_000)
	res.Body.Close()
	time.Sleep(5 * time.Millisecond) // no server puts up with resets without an end
	if err != nil {
		return err
	}
	return errAsked
}

func panics(ctx context.Context, c *http.Client, url string) error {
	res, err := send(ctx, c, "GET", url+"/panic", nil)
	if err == nil {
		res.Body.Close()
	}
	time.Sleep(5 * time.Millisecond)
	var reset http2.StreamError
	return askedFor(err, errors.As(err, &reset) && reset.Code == http2.ErrCodeInternal)
}

// churn makes a connection for each few requests.
func churn(s stack.Stack) func(to target) (func() error, func()) {
	return func(to target) (func() error, func()) {
		return func() error {
			do, end := client(s, hello)(to)
			defer end()
			for range 3 {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		}, func() {}
	}
}

// breaks breaks a connection while requests are under way on it.
func breaks(to target) (func() error, func()) {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var conns []net.Conn
		tr := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: to.tls}
		defer tr.CloseIdleConnections()
		tr.Protocols.SetHTTP2(to.tls != nil)
		tr.Protocols.SetUnencryptedHTTP2(to.tls == nil)
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if len(conns) > 0 {
				return nil, errBroken // a request may be made anew, and is not to be
			}
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				conns = append(conns, nc)
			}
			return nc, err
		}
		c := &http.Client{Transport: tr}
		const more = 10 * bulk // than the client buffers
		res, err := send(ctx, c, "GET", fmt.Sprintf("%s/down/%d", to.url, more), nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.CopyN(new(checker), res.Body, 10_000); err != nil {
			return err
		}
		conns[0].(*net.TCPConn).SetLinger(0) // so that it ends with a RST
		conns[0].Close()
		_, err = io.Copy(io.Discard, res.Body)
		return askedFor(err, true)
	}, func() {}
}

var errBroken = errors.New("the connection was broken on purpose")

// tool runs a program that makes requests, and fails if one does.
func tool(name string, args ...string) func(to target) (func() error, func()) {
	return func(to target) (func() error, func()) {
		return func() error {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			out, err := exec.CommandContext(ctx, name, append(args, to.url+"/hello")...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %.300s", err, out)
			}
			if name == "h2load" && !strings.Contains(string(out), " 0 failed, 0 errored, 0 timeout") {
				return fmt.Errorf("h2load: %.1000s", out)
			}
			return nil
		}, func() {}
	}
}
