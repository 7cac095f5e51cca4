// Replacestd puts this project's HTTP/2 under net/http, for every program that is built with a Go release.
//
//	go run h2fork.example/net/internal/replacestd [-C dir] [-fork dir] [-check | -undo] -out dir
//	go run h2fork.example/net/internal/replacestd [-C dir] [-fork dir] [-check | -undo] -goroot dir
//
// With -out it writes an overlay to a folder: files that go build -overlay takes in the place of some of net/http's, and
// beside them. Neither the Go installation nor any module changes. With -goroot it makes a patched copy of the whole Go
// installation instead, for where Go takes no overlay: below the module cache, where it keeps the releases that it has
// downloaded.
//
// The Go release is that which the go command uses in the directory that -C names. Before anything is in its place,
// net/http is built; when the program refuses to do something, everything is as it was. Running it again brings the
// folder up to date.
//
// With -check it changes nothing, and fails if the folder isn't what it would make now. With -undo it removes the
// folder.
package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"h2fork.example/net/internal/toolkit"
)

// options are the command line's.
type options struct {
	dir    string // where the go command is asked for its release, and which module uses what
	out    string // the overlay's folder; empty if a copy of GOROOT is wanted
	goroot string // the copy's; empty if an overlay is wanted
	fork   string // this project's source; empty to ask the go command
	check  bool
	undo   bool
	tests  bool // net/http's own tests are to be run
}

var program = toolkit.Program[options]{Name: "replacestd", Flags: defineFlags, Check: checkOptions, Do: do}

func main() { program.Main() }

func do(ctx context.Context, o options, stdout io.Writer) error {
	switch {
	case o.check:
		return check(ctx, o, stdout)
	case o.undo:
		return undo(ctx, o, stdout)
	}
	return install(ctx, o, stdout)
}

func defineFlags(flags *flag.FlagSet, o *options) {
	flags.StringVar(&o.dir, "C", ".", "a `directory` of the module that is to be built")
	flags.StringVar(&o.out, "out", "", "the `directory` for an overlay")
	flags.StringVar(&o.goroot, "goroot", "", "the `directory` for a patched copy of the Go installation")
	flags.StringVar(&o.fork, "fork", "", "this project's source, a `directory` (default: as the go command finds it)")
	flags.BoolVar(&o.check, "check", false, "change nothing; fail if the folder isn't what this would make now")
	flags.BoolVar(&o.undo, "undo", false, "remove the folder")
	flags.BoolVar(&o.tests, "tests", false, "also for net/http's own tests: show them our idle connections")
}

func checkOptions(o *options, rest []string) error {
	switch {
	case len(rest) > 0:
		return toolkit.NoArguments(rest)
	case (o.out == "") == (o.goroot == ""):
		return errors.New("one of -out and -goroot must name a folder")
	case o.check && o.undo:
		return errors.New("-check and -undo exclude each other")
	}
	return nil
}
