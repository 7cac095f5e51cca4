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
	"flag"
	"fmt"
	"io"
	"strings"

	"h2fork.example/net/internal/toolkit"
)

// options are the command line's.
type options struct {
	dir     string    // a checkout, or a module that chooses a Go release
	names   string    // the changes', as they were given
	changes []*change // what to apply; nil for all that the release can have
	overlay string    // where the overlay goes; empty to commit
	issue   int       // the number of the issue at golang/go; 0 if none was given
	check   bool
}

var program = toolkit.Program[options]{Name: "upstreamcl", Flags: defineFlags, Check: (*options).complete, Do: do}

func main() { program.Main() }

func do(ctx context.Context, o options, stdout io.Writer) error {
	if o.overlay != "" {
		return makeOverlay(ctx, o, stdout)
	}
	return makeCommit(ctx, o, stdout)
}

func defineFlags(flags *flag.FlagSet, o *options) {
	flags.StringVar(&o.dir, "C", ".", "the `directory` of a checkout; with -overlay, of a module")
	flags.StringVar(&o.names, "cl", "", "the change to commit: "+strings.Join(changeNames(), ", ")+"; with -overlay, a comma-separated `list` (default: all that the release can have)")
	flags.StringVar(&o.overlay, "overlay", "", "write an overlay for the Go release in use to this `directory`")
	flags.IntVar(&o.issue, "issue", 0, "the `number` of the issue at golang/go that the change is for; Go's release note is named after it")
	flags.BoolVar(&o.check, "check", false, "change nothing; say whether the change applies")
}

// complete fills in the changes, and says what is wrong with the command line.
func (o *options) complete(rest []string) error {
	for name := range strings.SplitSeq(o.names, ",") {
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
		return toolkit.NoArguments(rest)
	case o.issue < 0:
		return fmt.Errorf("-issue: %d is not the number of an issue", o.issue)
	case o.overlay == "" && len(o.changes) != 1:
		return fmt.Errorf("one commit is one change: -cl needs one of %s", strings.Join(changeNames(), ", "))
	}
	return nil
}
