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

	"h2fork.example/net/internal/interop/bench/processes"
	"h2fork.example/net/internal/interop/bench/report"
	"h2fork.example/net/internal/interop/progress"
)

// redraw shows earlier runs.
func redraw(o options) error {
	var records []*report.Record
	for name := range strings.SplitSeq(o.from, ",") {
		rec, err := report.ReadRecord(name)
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
	defer r.machine.Close()
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
		if err := rec.Write(o.json); err != nil {
			return err
		}
	}
	return show(o, []*report.Record{rec})
}

// prepare returns what measures, and the record that the samples belong in.
func prepare(o *options) (*runner, *report.Record, error) {
	if o.rounds < 1 || o.duration < time.Second || o.idle < 1 {
		return nil, nil, errors.New("there must be at least one round, one second and one idle connection")
	}
	scenarios, err := chooseScenarios(o.scenarios, o.all)
	if err != nil {
		return nil, nil, fmt.Errorf("-scenarios: %w", err)
	}
	servers, err := chooseServers(o.servers)
	if err != nil {
		return nil, nil, fmt.Errorf("-servers: %w", err)
	}
	if o.procs, err = numbers(o.procsList); err != nil {
		return nil, nil, fmt.Errorf("-procs: %w", err)
	}
	if err := processes.AllowFiles(o.idle); err != nil {
		return nil, nil, err
	}
	servers, missing := processes.Present(servers)
	scenarios, more := runnable(scenarios)
	missing = append(missing, more...)
	for _, text := range missing {
		fmt.Println("missing:", text)
	}
	m, err := processes.NewMachine()
	if err != nil {
		return nil, nil, err
	}
	rec := &report.Record{
		Began: time.Now().Round(time.Second), Machine: m, Versions: processes.Versions(servers),
		Command: command(), Missing: missing, Loads: make(map[string]string),
	}
	for _, sc := range scenarios {
		rec.Loads[sc.Name] = sc.Load.String()
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
func show(o options, records []*report.Record) error {
	if !progress.IsTerminal(os.Stdout) || os.Getenv("NO_COLOR") != "" {
		text.DisableColors()
	}
	res := report.Merge(records)
	fmt.Println(report.Table(res))
	fmt.Print(report.Errors(records))
	fmt.Println(report.Goals(res))
	if o.md != "" {
		if err := os.WriteFile(o.md, []byte(report.Markdown(records, res)), 0o666); err != nil {
			return err
		}
	}
	if o.svg == "" {
		return nil
	}
	svg, err := report.Chart(records, res)
	if err != nil {
		return err
	}
	return os.WriteFile(o.svg, []byte(svg), 0o666)
}
