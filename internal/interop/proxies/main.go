// Proxies shows what becomes of gRPC errors that pass through well-known reverse proxies: it builds Caddy and Traefik as
// they are published, and with this project's HTTP/2, and makes failing calls through each, with an immediate flush.
//
//	go run -C internal/interop ./proxies [-n calls] [-only caddy|traefik] [-md]
//
// They are modules of their own below this folder, so that nobody has their dependencies who does not build them. Nearly
// all of the time goes into the compiler: see the project's README. It takes a Go release that is installed: replacestd makes no overlay
// for one that the go command has downloaded.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"h2fork.example/net/internal/interop/progress"
	"h2fork.example/net/internal/toolkit"
)

// inFlight are numbers of calls at a time.
var inFlight = []int{1, 16}

func main() {
	n := flag.Int("n", 20000, "failing `calls` through each proxy, with each number in flight, with and without TLS")
	only := flag.String("only", "", "the `name` of a proxy: caddy or traefik (default: both)")
	markdown := flag.Bool("md", false, "print the table as Markdown")
	flag.Parse()
	chosen := slices.DeleteFunc(slices.Clone(proxies), func(p proxy) bool { return *only != "" && p.name != *only })
	if *n < 1 || len(chosen) == 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	// Packages are then compiled once for all runs, wherever the folders are.
	os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	results, err := compare(ctx, chosen, *n)
	stop()
	if len(results) > 0 { // also of a run that was interrupted
		fmt.Println(tableOf(results, *markdown))
	}
	if err == nil {
		err = verdict(results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxies:", err)
		os.Exit(1)
	}
}

// compare builds the proxies in each way, and makes n calls for each result. It also returns what it has if it fails.
func compare(ctx context.Context, chosen []proxy, n int) ([]*result, error) {
	dir, err := os.MkdirTemp("", "proxies-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var results []*result
	for _, p := range chosen {
		module, version, err := p.fetch(ctx, dir)
		if err != nil {
			return results, fmt.Errorf("%s: %w", p.title, err)
		}
		for _, with := range []string{asItIs, p.tool} {
			b := program{proxy: p, version: version, with: with, path: filepath.Join(dir, p.name+"-"+with)}
			err := toolkit.Steps{W: os.Stdout}.Do(b.String(), func() error { return b.make(ctx, module) })
			if err != nil {
				return results, err
			}
			more, err := measure(ctx, dir, b, n)
			results = append(results, more...)
			if err != nil {
				return results, err
			}
		}
	}
	return results, nil
}

// measure makes the calls through one program.
func measure(ctx context.Context, dir string, b program, n int) (finished []*result, err error) {
	results := plan(b, n)
	show := progress.New(os.Stdout, len(results)*n, "calls")
	defer show.Finish()
	for i, r := range results {
		show.Begin(r.String())
		if err := r.run(ctx, dir, show.Step); err != nil {
			return results[:i], fmt.Errorf("%v: %w", r, err)
		}
		show.End(fmt.Sprintf("%v: %d of %d broken", r, r.broken, r.calls))
	}
	return results, nil
}

// verdict is an error if a call broke on this project's HTTP/2.
func verdict(results []*result) error {
	for _, r := range results {
		if r.with != asItIs && r.broken > 0 {
			return fmt.Errorf("%v: %d of %d calls are broken: %s", r, r.broken, r.calls, r.text)
		}
	}
	return nil
}
