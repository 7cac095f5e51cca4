// Lost counts the requests that a client loses when its server ends connections, and when a connection leads nowhere any
// more: once on golang.org/x/net/http2 and once on this repository's http2, client and server each.
//
// A server that ends a connection with GOAWAY says which streams it has not processed (RFC 9113 §6.8). Those can be sent
// again whatever their method is, and a server that ends a connection in two phases leaves none behind. A connection that
// the network has forgotten is found out by a PING that nothing answers.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"h2fork.example/net/internal/interop/progress"
	"h2fork.example/net/internal/interop/stack"
)

const usage = `Usage:

  lost [-n requests] [-t time] [-patience time]
      Count what is lost where servers end connections and where a connection goes dead, on
      golang.org/x/net/http2 and on this package. Exits with status 1 if this package loses more than it may.

  lost -storms n
      Count what is answered, of requests that are sent all the time, by n servers that end with Shutdown and
      Close after a moment.

Flags:
`

func main() {
	var s size
	flag.IntVar(&s.posts, "n", 100, "`requests` that each meet a GOAWAY")
	flag.DurationVar(&s.rolling, "t", 3*time.Second, "`time` for which the proxy's backend is replaced again and again")
	flag.DurationVar(&s.patience, "patience", 5*time.Second, "`time` after which a dead connection is taken to be used for ever")
	ends := flag.Int("storms", 0, "servers that `end` while requests are sent all the time; nothing else is done, then")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if !progress.IsTerminal(os.Stdout) || os.Getenv("NO_COLOR") != "" {
		text.DisableColors()
	}
	err := s.check()
	if flag.NArg() > 0 {
		err = fmt.Errorf("what is %q?", flag.Arg(0))
	}
	stacks := []stack.Stack{stack.XNet(), stack.Ours()}
	switch {
	case err != nil:
	case *ends < 0:
		err = fmt.Errorf("-storms: %d is less than none", *ends)
	case *ends > 0:
		err = storms(*ends, stacks, progress.New(os.Stdout, *ends*len(stacks), "storms"))
	default:
		err = compare(s, stacks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lost:", err)
		os.Exit(1)
	}
}

// compare runs every scenario on both stacks and prints what came of it.
func compare(s size, stacks []stack.Stack) error {
	list := scenarios(s)
	steps := 0
	for _, sc := range list {
		steps += sc.steps * len(stacks)
	}
	show := progress.New(os.Stdout, steps, "steps")
	var rows []row
	for _, sc := range list {
		r := row{scenario: sc}
		for _, st := range stacks {
			out, err := sc.show(st, show)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", st.Path, sc.name, err)
			}
			r.outcomes = append(r.outcomes, out)
		}
		rows = append(rows, r)
	}
	show.Finish()
	fmt.Printf("\nRequests lost\n%s\n", outcomeTable(stacks, rows))
	if texts := textTable(stacks, rows); texts != "" {
		fmt.Printf("\nWhat the client was told\n%s\n", texts)
	}
	if err := verdict(rows); err != nil {
		return err
	}
	fmt.Printf("%s lost no more than it may.\n", stack.Ours().Path)
	return nil
}

// show runs the scenario on st. It takes sc.steps of show's steps, however many the run has.
func (sc scenario) show(st stack.Stack, show *progress.Display) (*outcome, error) {
	part := fmt.Sprintf("%-24s  %-42s", st.Path, sc.name)
	show.Begin(part)
	taken := 0
	step := func() {
		if taken < sc.steps {
			taken++
			show.Step()
		}
	}
	out, err := sc.run(st, step)
	if err != nil {
		return nil, err
	}
	for taken < sc.steps {
		step()
	}
	show.End(fmt.Sprintf("%s  %v", part, out))
	return out, nil
}

// verdict returns an error if the last of the stacks, which is ours, lost more than it may.
func verdict(rows []row) error {
	var errs []error
	for _, r := range rows {
		if out := r.outcomes[len(r.outcomes)-1]; !r.goal.met(out) {
			errs = append(errs, fmt.Errorf("%s: %v on %s, which is more than the goal of %v", r.name, out, stack.Ours().Path, r.goal))
		}
	}
	return errors.Join(errs...)
}
