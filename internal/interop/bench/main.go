// Bench measures HTTP/2 servers side by side: this repository's, golang.org/x/net/http2, net/http, and those in
// other languages that the machine has. Each is a process of its own, started anew for each measurement; they are
// driven in turn, A B A B, so that what the machine does meanwhile falls on all alike.
//
// The stacks' clients are measured the same way: each a process of its own, in turn, with the same servers.
//
// The figure to compare is the CPU time for a request, the server's or the client's: throughput on a machine that
// runs the load generator too says as much about that.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"h2fork.example/net/internal/interop/bench/load"
	"h2fork.example/net/internal/interop/bench/processes"
)

const usage = `Usage:

  bench [-scenarios names] [-servers names] [-procs 1,2,4] [-duration time] [-rounds n] [-all] [-goals] [files to write]
      Measure. Most servers are driven by h2load (Debian: nghttp2-client), the rest by this program. Scenarios
      called transport or linkdown measure clients. GOMAXPROCS, if it is set, reaches what is written in Go.

  bench -from file.json[,file.json ...] [files to write]
      Show what was measured before: of several runs, the medians of their medians.

Names are separated by commas, and may be patterns: transport*.

Scenarios:

%s
Servers:

%s
Flags:
`

// Options are the flags.
type options struct {
	scenarios, servers, procsList string
	procs                         []int // nil for what the scenarios say
	duration                      time.Duration
	rounds, idle                  int
	all, goals                    bool
	from                          string
	json, svg, md                 string // files to write
}

func main() {
	var o options
	flag.StringVar(&o.scenarios, "scenarios", "", "`names` of the scenarios to run; the main set if empty")
	flag.StringVar(&o.servers, "servers", "", "`names` of the servers to measure; all if empty")
	flag.StringVar(&o.procsList, "procs", "", "values of GOMAXPROCS to measure what is written in Go with, a `list`")
	flag.DurationVar(&o.duration, "duration", time.Second, "`time` that each measurement takes")
	flag.IntVar(&o.rounds, "rounds", 3, "how many `times` each server is measured in each scenario")
	flag.IntVar(&o.idle, "idle", 4000, "`connections` in scenario idle")
	flag.BoolVar(&o.all, "all", false, "run every scenario, and every client with every server")
	flag.BoolVar(&o.goals, "goals", false, "measure what the goals need, and nothing else")
	flag.StringVar(&o.from, "from", "", "show these `files` instead of measuring")
	flag.StringVar(&o.json, "json", "", "write every sample to this `file`")
	flag.StringVar(&o.svg, "svg", "", "write a chart to this `file`")
	flag.StringVar(&o.md, "md", "", "write tables in Markdown to this `file`")
	child := flag.String("child", "", "be a child in this `role`, for bench's own use")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), usage, listScenarios(), listServers())
		flag.PrintDefaults()
	}
	flag.Parse()

	var err error
	switch {
	case *child != "":
		err = processes.RunChild(*child, flag.Arg(0), load.Roles())
	case flag.NArg() > 0:
		err = fmt.Errorf("what is %q?", flag.Arg(0))
	case o.from != "":
		err = redraw(o)
	default:
		err = bench(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
