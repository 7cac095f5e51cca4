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
	"io"
	"path/filepath"

	"h2fork.example/net/internal/toolkit"
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

var program = toolkit.Program[options]{Name: "replacexnet", Flags: defineFlags, Check: checkOptions, Do: do}

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
	flags.StringVar(&o.dir, "C", ".", "the `directory` of the module to change")
	flags.StringVar(&o.output, "o", "", "where the tree goes: a `directory` relative to the module's root (default "+defaultOutput+")")
	flags.StringVar(&o.fork, "fork", "", "this project's source, a `directory` (default: as the go command finds it)")
	flags.BoolVar(&o.fast, "fast", false, "build the module, but don't vet it")
	flags.BoolVar(&o.check, "check", false, "change nothing; fail if the tree isn't what this would make now")
	flags.BoolVar(&o.undo, "undo", false, "remove the tree and the replace directive")
}

func checkOptions(o *options, rest []string) error {
	if o.check && o.undo {
		return errors.New("-check and -undo exclude each other")
	}
	return toolkit.NoArguments(rest)
}
