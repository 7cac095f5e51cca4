// Replacexnet puts this project's HTTP/2 under golang.org/x/net for a module and everything that it depends on.
//
//	go run h2fork.example/net/internal/replacexnet [-C dir] [-o dir] [-fork dir] [-fast | -check | -undo]
//
// It copies the version of golang.org/x/net that the module selects to a folder of the module, with the packages
// http2, http2/h2c and http2/hpack taken from this project, and adds a replace directive for it to go.mod. Before
// it changes go.mod, it builds the module with the new tree and, unless -fast is given, vets the packages that import
// http2; when it refuses to do something, everything is as it was. Running it again brings the tree up to date.
//
// It reaches what calls golang.org/x/net/http2. An http.Server or http.Transport has net/http's own HTTP/2 until
// ConfigureServer or ConfigureTransports is called for it: replacestd is for those.
//
// With -check it changes nothing, and fails if the tree isn't what it would make now. With -undo it removes the
// tree and the directive.
//
// This project's own source is the module that the program was built from, as the go command finds it from the
// current directory or from the module's; -fork names another folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

// options are the command line's.
type options struct {
	dir    string // a directory of the module to change
	output string // where the tree goes, relative to the module's root; empty for where it is, or defaultOutput
	fork   string // this project's source; empty to ask the go command
	fast   bool
	check  bool
	undo   bool
}

// defaultOutput is relative to the module's root.
var defaultOutput = filepath.Join("third_party", "golang.org", "x", "net")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status: 0, 1 for what failed or isn't current, 2 for a mistaken command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	do := install
	switch {
	case o.check:
		do = check
	case o.undo:
		do = undo
	}
	if err := do(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "replacexnet: %v\n", err)
		return 1
	}
	return 0
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("replacexnet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "C", ".", "the `directory` of the module to change")
	flags.StringVar(&o.output, "o", "", "where the tree goes: a `directory` relative to the module's root (default "+defaultOutput+")")
	flags.StringVar(&o.fork, "fork", "", "this project's source, a `directory` (default: as the go command finds it)")
	flags.BoolVar(&o.fast, "fast", false, "build the module, but don't vet it")
	flags.BoolVar(&o.check, "check", false, "change nothing; fail if the tree isn't what this would make now")
	flags.BoolVar(&o.undo, "undo", false, "remove the tree and the replace directive")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	var problem string
	switch {
	case flags.NArg() > 0:
		problem = fmt.Sprintf("unexpected argument %q", flags.Arg(0))
	case o.check && o.undo:
		problem = "-check and -undo exclude each other"
	default:
		return o, nil
	}
	fmt.Fprintln(stderr, problem)
	flags.Usage()
	return options{}, errors.New(problem)
}
