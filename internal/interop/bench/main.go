// Bench measures HTTP/2 servers side by side: this repository's, golang.org/x/net/http2, net/http, and
// nghttpd and h2o where they are installed. Each is a process of its own, started anew for each measurement;
// h2load drives them in turn, A B A B, so that what the machine does meanwhile falls on all alike.
//
// The stacks' clients are measured the same way: each a process of its own, in turn, with one and the same server.
//
// The figure to compare is the CPU time for a request, the server's or the client's: throughput on a machine that runs the load
// generator too says as much about that.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/progress"
)

const usage = `Usage:

  bench [-scenarios names] [-servers names] [-duration time] [-rounds n] [-json file]
      Measure HTTP/2 servers with h2load (Debian: nghttp2-client), and the clients of those that have one, in
      the scenarios called transport, with requests to this package's server. GOMAXPROCS, if it is set, reaches
      what is written in Go.

Scenarios:

%s
Servers:

%s
Flags:
`

func main() {
	var (
		scenarioNames = flag.String("scenarios", "", "`names` of the scenarios to run, with commas between; all if empty")
		serverNames   = flag.String("servers", "", "`names` of the servers to measure; all if empty")
		duration      = flag.Duration("duration", 4*time.Second, "`time` that each measurement takes")
		rounds        = flag.Int("rounds", 3, "how many `times` each server is measured in each scenario")
		idle          = flag.Int("idle", 2000, "`connections` in scenario idle")
		jsonFile      = flag.String("json", "", "write every sample to this `file` too")
		child         = flag.String("child", "", "be the `server` of this name; for bench's own use, as -streams")
		streams       = flag.Uint("streams", 0, "concurrent `streams` that a -child allows")
		client        = flag.String("client", "", "be the `client` of this name; for bench's own use, as the next three")
		url           = flag.String("url", "", "what a -client requests")
		inFlight      = flag.Int("inflight", 1, "how many requests a -client makes at a time")
		body          = flag.String("body", "", "`file` that a -client sends")
	)
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), usage, listScenarios(), listServers())
		flag.PrintDefaults()
	}
	flag.Parse()

	var err error
	switch {
	case *child != "":
		err = serveChild(*child, uint32(*streams), os.Stdout)
	case *client != "":
		err = runClient(clientRun{*client, *url, *inFlight, *body, *duration}, os.Stdout)
	default:
		err = bench(options{
			scenarios: *scenarioNames,
			servers:   *serverNames,
			duration:  *duration,
			rounds:    *rounds,
			idle:      *idle,
			jsonFile:  *jsonFile,
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	scenarios, servers string
	duration           time.Duration
	rounds, idle       int
	jsonFile           string
}

func bench(o options) error {
	if !progress.IsTerminal(os.Stdout) || os.Getenv("NO_COLOR") != "" {
		text.DisableColors()
	}
	if o.rounds < 1 || o.duration < time.Second || o.idle < 1 {
		return errors.New("there must be at least one round, one second and one idle connection")
	}
	scenarios, err := choose(allScenarios, func(s scenario) string { return s.name }, o.scenarios)
	if err != nil {
		return fmt.Errorf("-scenarios: %w", err)
	}
	servers, err := choose(allServers(), func(s server) string { return s.name }, o.servers)
	if err != nil {
		return fmt.Errorf("-servers: %w", err)
	}
	servers, scenarios, missing := present(servers, scenarios)
	for _, line := range missing {
		fmt.Println("missing:", line)
	}

	m, err := newMachine()
	if err != nil {
		return err
	}
	defer m.close()
	fmt.Printf("%s\n\n", m)
	r := runner{options: o, machine: m, scenarios: scenarios, servers: servers}
	samples := r.run(os.Stdout)
	fmt.Println(reportTable(scenarios, servers, samples))
	for _, s := range samples {
		if s.Error != "" {
			fmt.Printf("%s on %s, round %d: %s\n", s.Scenario, s.Server, s.Round, s.Error)
		}
	}
	if o.jsonFile == "" {
		return nil
	}
	return writeJSON(o.jsonFile, m, samples)
}

func writeJSON(name string, m *machine, samples []sample) error {
	out, err := json.MarshalIndent(struct {
		Machine *machine `json:"machine"`
		Samples []sample `json:"samples"`
	}{m, samples}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(out, '\n'), 0o666)
}

// choose returns the elements of all that list names, all of them if it is empty.
func choose[T any](all []T, name func(T) string, list string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var chosen []T
next:
	for want := range strings.SplitSeq(list, ",") {
		for _, one := range all {
			if name(one) == strings.TrimSpace(want) {
				chosen = append(chosen, one)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no %q", want)
	}
	return chosen, nil
}
