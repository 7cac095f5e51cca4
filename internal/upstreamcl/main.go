// Upstreamcl applies this project's change for gRPC errors to upstream's own HTTP/2 server: golang.org/x/net's, and the
// one inside Go.
//
//	go run h2fork.example/net/internal/upstreamcl -C checkout -cl trailersonly|reverseproxy|status [-issue N] [-check]
//	go run h2fork.example/net/internal/upstreamcl -overlay dir [-C module] [-cl name,…] [-check]
//
// With -C and -cl it makes one commit in a git checkout of golang.org/x/net or of Go, with tests, a message and, for Go,
// a release note. With -overlay it writes the changed files of the Go release in use to dir, with an overlay.json for
// go build -overlay; GOROOT stays as it is. With -check it only says whether it would.
//
// It carries the lines that are added, and the names of what they are added to. Each place is found in upstream's
// syntax tree; if one is missing, or there are two, it says which and changes nothing. README.md tells more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// options are the command line's.
type options struct {
	dir     string    // a checkout, or a module that chooses a Go release
	changes []*change // what to apply; nil for all that the release can have
	overlay string    // where the overlay goes; empty to commit
	issue   int       // the number of the issue at golang/go; 0 if none was given
	check   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status: 0, 1 for what was refused or failed, 2 for a mistaken command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	do := makeCommit
	if o.overlay != "" {
		do = makeOverlay
	}
	if err := do(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "upstreamcl: %v\n", err)
		return 1
	}
	return 0
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	var names string
	flags := flag.NewFlagSet("upstreamcl", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "C", ".", "the `directory` of a checkout; with -overlay, of a module")
	flags.StringVar(&names, "cl", "", "the change to commit: "+strings.Join(changeNames(), ", ")+"; with -overlay, a comma-separated `list` (default: all that the release can have)")
	flags.StringVar(&o.overlay, "overlay", "", "write an overlay for the Go release in use to this `directory`")
	flags.IntVar(&o.issue, "issue", 0, "the `number` of the issue at golang/go that the change is for; Go's release note is named after it")
	flags.BoolVar(&o.check, "check", false, "change nothing; say whether the change applies")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	err := o.complete(names, flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, err)
		flags.Usage()
	}
	return o, err
}

// complete fills in the changes, and says what is wrong with the command line.
func (o *options) complete(names string, rest []string) error {
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		c, err := findChange(name)
		if err != nil {
			return err
		}
		o.changes = append(o.changes, c)
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.issue < 0:
		return fmt.Errorf("-issue: %d is not the number of an issue", o.issue)
	case o.overlay == "" && len(o.changes) != 1:
		return fmt.Errorf("one commit is one change: -cl needs one of %s", strings.Join(changeNames(), ", "))
	}
	return nil
}
