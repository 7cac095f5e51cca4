// Upstreamcl shows what the change of h2fork.example/net/internal/upstreamcl does for programs that know nothing but
// net/http: it builds one, a reverse proxy between a grpc-go backend and grpc-go clients, as it is, with the change's overlay
// and with this project's HTTP/2 in the place of net/http's, and counts the calls that each breaks.
//
//	go run ./upstreamcl [-n calls] [-go releases]
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// childVariable makes this program the one that is built twice. Its value is the number of calls.
const childVariable = "UPSTREAMCL_CALLS"

func main() {
	if calls := os.Getenv(childVariable); calls != "" {
		exit(runChild(calls))
	}
	n := flag.Int("n", 20000, "failing `calls` in each row where the timer and the handler race; a tenth of it in the others")
	releases := flag.String("go", "", "Go `releases`, comma-separated, that GOTOOLCHAIN knows (default: the one in use)")
	flag.Parse()
	if *n < 10 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := compare(ctx, strings.Split(*releases, ","), *n)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "upstreamcl:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runChild(calls string) error {
	var n int
	if err := json.Unmarshal([]byte(calls), &n); err != nil {
		return fmt.Errorf("%s: %w", childVariable, err)
	}
	rows, err := allRows(n)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(rows)
}

// compare builds and runs the program with each release in each way, and prints what came of it.
func compare(ctx context.Context, releases []string, n int) error {
	dir, err := os.MkdirTemp("", "upstreamcl-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var results []result
	for _, name := range releases {
		release, err := findToolchain(ctx, name)
		if err != nil {
			return err
		}
		for _, b := range builds {
			if !release.fits(b) {
				continue
			}
			fmt.Fprintf(os.Stderr, "net/http of %s, %s\n", release.version, b.with)
			p, err := b.make(ctx, dir, release)
			if err != nil {
				return err
			}
			rows, err := p.run(ctx, n)
			if err != nil {
				return err
			}
			results = append(results, result{p, rows})
		}
	}
	fmt.Println(tableOf(results))
	return verdict(results)
}

// verdict is an error if a call broke although the header waits.
func verdict(results []result) error {
	for _, r := range results {
		for _, row := range r.rows {
			if r.holds && row.Broken > 0 {
				return fmt.Errorf("%d of %d calls are broken with %s", row.Broken, row.Calls, r.with)
			}
		}
	}
	return nil
}
