// Std runs net/http's own tests on this project's HTTP/2, and on net/http's.
//
// It puts ours under net/http with replacestd, in a copy of a Go installation, and runs the tests of net/http, of
// net/http/httputil and of net/http/httptest twice with the same binaries: as they are, and with GODEBUG=http2fork=0,
// which is net/http as Go has it. From Go 1.27 on, where golang.org/x/net leaves HTTP/2 to net/http, it runs that one's
// tests, too. Every test whose outcome differs must be in the list of those that are known to.
//
// Left out are the runs over HTTP/1, net/http/internal/http2, which is the implementation that is not used, and what
// known.go says. It ends with status 1 if an outcome differs that is not on
// the list, or if one on the list does not differ any more.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	releases := flag.String("go", "local,go1.27.2", "`releases` of Go, as GOTOOLCHAIN has them")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "std runs net/http's own tests on this project's HTTP/2, and on net/http's.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, strings.Split(*releases, ","))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "std:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, releases []string) error {
	var bad []string
	for _, toolchain := range releases {
		s, err := newSuite(ctx, toolchain)
		if err != nil {
			return err
		}
		verdict, err := s.run(ctx)
		s.remove()
		if err != nil {
			return err
		}
		fmt.Print(verdict)
		if !verdict.ok() {
			bad = append(bad, s.version)
		}
	}
	if bad != nil {
		return fmt.Errorf("not as known.go has it: %s", strings.Join(bad, ", "))
	}
	return nil
}
