// Trailersonly shows what becomes of gRPC errors that pass through httputil.ReverseProxy: a real grpc-go
// backend and real grpc-go clients, with a proxy between them that is served once by golang.org/x/net/http2
// and once by this repository's http2.
//
// A gRPC call that fails at once is answered with Trailers-Only: one HEADERS frame that ends the stream.
// A proxy with FlushInterval -1 flushes from a timer. Where a flush commits the HEADERS frame by itself,
// the race between that timer and the handler's return decides whether the client sees the error or
// "server closed the stream without sending trailers".
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/progress"
	"h2fork.example/net/internal/interop/stack"
)

const usage = `Usage:

  trailersonly [-n calls] [-c concurrencies]
      Send gRPC calls through a reverse proxy on golang.org/x/net/http2 and on this package; tell how many
      calls failed on each, and why. Exits with status 1 if one failed on this package.

  trailersonly -listen addr -backend URL [-tls cert.pem,key.pem] [-access file] [-stack ours|xnet|nethttp]
      Be that proxy, in front of a backend of your own. Clients speak HTTP/2 with prior knowledge, or HTTP/1,
      without -tls; with it, whatever ALPN selects. An http:// backend is spoken to in HTTP/2 with prior
      knowledge, as gRPC is, an https:// one in HTTP/2 over TLS. While the backend cannot be reached, gRPC calls
      are answered with UNAVAILABLE and other requests with 502; both and the log say what failed and since when.
      An interrupt or SIGTERM lets calls in flight finish; a second one does not.

Flags:
`

func main() {
	var g gateway
	n := flag.Int("n", 20000, "failing `calls` for each server and concurrency; a fifth as many of the other kinds")
	c := flag.String("c", "1,16,128", "`numbers` of calls at a time")
	flag.StringVar(&g.listen, "listen", "", "serve a proxy on this `address` instead of comparing")
	flag.StringVar(&g.backend, "backend", "", "`URL` of the backend of the proxy")
	flag.StringVar(&g.tls, "tls", "", "`cert,key`: PEM files for the proxy to speak TLS with; or self-signed, for a certificate made at the start")
	flag.StringVar(&g.access, "access", "", "append a line for each request of the proxy to this `file`; - for standard output")
	flag.DurationVar(&g.drain, "drain", defaultDrain, "`time` that calls in flight have after an interrupt")
	flag.StringVar(&g.stack, "stack", "ours", "HTTP/2 `implementation` of the proxy: ours, xnet or nethttp")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if !progress.IsTerminal(os.Stdout) || os.Getenv("NO_COLOR") != "" {
		text.DisableColors()
	}

	var err error
	if flag.NArg() > 0 {
		err = fmt.Errorf("what is %q?", flag.Arg(0))
	} else if g.listen != "" || g.backend != "" {
		err = g.serve()
	} else {
		err = compare(*n, *c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "trailersonly:", err)
		os.Exit(1)
	}
}

// compare runs the comparison and prints it. It returns an error if a call failed on our stack.
func compare(n int, concurrencies string) error {
	numbers, err := parseNumbers(concurrencies)
	if err != nil {
		return fmt.Errorf("-c: %w", err)
	}
	if n < 1 {
		return errors.New("-n: there must be at least one call")
	}
	cmp := comparison{
		stacks:      []stack.Stack{stack.XNet(), stack.Ours()},
		mode:        stack.Protocols,
		concurrency: numbers,
		n:           n,
	}
	results, err := cmp.run(os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("\nCalls through a reverse proxy\n%s\n", resultTable(results))
	if texts := textTable(results); texts != "" {
		fmt.Printf("\nErrors that the backend never sent\n%s\n", texts)
	}
	var pictures []picture
	for _, s := range cmp.stacks {
		pictures = append(pictures, pick(results, s.Path))
	}
	fmt.Printf("\nA call that the backend fails, as it reaches the client\n%s\n\n", draw(pictures))
	return verdict(results, stack.Ours().Path)
}

// verdict returns an error if a call failed on server.
func verdict(results []*result, server string) error {
	failed, calls := 0, 0
	for _, r := range results {
		if r.server == server {
			failed += r.failed
			calls += r.calls
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d calls failed on %s", failed, calls, server)
	}
	fmt.Printf("None of %d calls failed on %s.\n", calls, server)
	return nil
}

func parseNumbers(list string) ([]int, error) {
	var numbers []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number of calls", field)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
