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
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/progress"
)

const usage = `Usage:

  bench [-scenarios names] [-servers names] [-procs 1,2,4] [-duration time] [-rounds n] [-all] [files to write]
      Measure. Most servers are driven by h2load (Debian: nghttp2-client), the rest by this program. Scenarios
      called transport measure clients. GOMAXPROCS, if it is set, reaches what is written in Go.

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
	all                           bool
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
		err = runChild(*child, flag.Arg(0))
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

// redraw shows earlier runs.
func redraw(o options) error {
	var records []*record
	for name := range strings.SplitSeq(o.from, ",") {
		rec, err := readRecord(name)
		if err != nil {
			return err
		}
		records = append(records, rec)
	}
	if o.json != "" {
		return errors.New("-json is for what is measured now")
	}
	return show(o, records)
}

// bench measures.
func bench(o options) error {
	r, rec, err := prepare(&o)
	if err != nil {
		return err
	}
	defer r.machine.close()
	turns := r.turns()
	if len(turns) == 0 {
		return errors.New("none of these servers can take part in any of these scenarios")
	}
	fmt.Printf("%s\n%d measurements, about %.1f minutes\n\n", r.machine, len(turns), r.estimate(turns).Minutes())
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	rec.Samples = r.run(ctx, turns, os.Stdout)
	if ctx.Err() != nil {
		fmt.Println("interrupted: this is not all")
	}
	if o.json != "" {
		if err := rec.write(o.json); err != nil {
			return err
		}
	}
	return show(o, []*record{rec})
}

// prepare returns what measures, and the record that the samples belong in.
func prepare(o *options) (*runner, *record, error) {
	if o.rounds < 1 || o.duration < time.Second || o.idle < 1 {
		return nil, nil, errors.New("there must be at least one round, one second and one idle connection")
	}
	scenarios, err := chooseScenarios(o.scenarios, o.all)
	if err != nil {
		return nil, nil, fmt.Errorf("-scenarios: %w", err)
	}
	servers, err := choose(allServers(), func(s server) string { return s.name }, o.servers)
	if err != nil {
		return nil, nil, fmt.Errorf("-servers: %w", err)
	}
	if o.procs, err = numbers(o.procsList); err != nil {
		return nil, nil, fmt.Errorf("-procs: %w", err)
	}
	if err := allowFiles(o.idle); err != nil {
		return nil, nil, err
	}
	servers, missing := present(servers)
	scenarios, more := runnable(scenarios)
	missing = append(missing, more...)
	for _, text := range missing {
		fmt.Println("missing:", text)
	}
	m, err := newMachine()
	if err != nil {
		return nil, nil, err
	}
	rec := &record{
		Began: time.Now().Round(time.Second), Machine: m, Versions: versions(servers),
		Command: command(), Missing: missing, Loads: make(map[string]string),
	}
	for _, sc := range scenarios {
		rec.Loads[sc.name] = sc.load.String()
	}
	return &runner{options: *o, machine: m, scenarios: scenarios, servers: servers}, rec, nil
}

// command returns how this program was called: what matters of it.
func command() []string {
	line := []string{"go", "run", "-C", "internal/interop", "./bench"}
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "json" && f.Name != "svg" && f.Name != "md" {
			line = append(line, "-"+f.Name+"="+f.Value.String())
		}
	})
	return line
}

// numbers returns the numbers of a list, nil of an empty one.
func numbers(list string) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number of processors", text)
		}
		all = append(all, n)
	}
	return all, nil
}

// show prints the tables, what could not be measured and why, and writes the files.
func show(o options, records []*record) error {
	if !progress.IsTerminal(os.Stdout) || os.Getenv("NO_COLOR") != "" {
		text.DisableColors()
	}
	res := merge(records)
	fmt.Println(reportTable(res))
	for _, rec := range records {
		for _, s := range rec.Samples {
			if s.Error != "" {
				fmt.Printf("%s, %s, round %d: %s\n", s.key.title(), s.Server, s.Round, s.Error)
			}
		}
	}
	fmt.Println(goalsTable(res, painted).Render())
	if o.md != "" {
		if err := os.WriteFile(o.md, []byte(markdown(records, res)), 0o666); err != nil {
			return err
		}
	}
	if o.svg == "" {
		return nil
	}
	svg, err := chart(records, res)
	if err != nil {
		return err
	}
	return os.WriteFile(o.svg, []byte(svg), 0o666)
}
