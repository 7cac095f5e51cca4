package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a comparison is: a bar on a terminal, a line for each run elsewhere.
type progress struct {
	out io.Writer
	bar *progressbar.ProgressBar // nil where out is not a terminal
}

func newProgress(out *os.File, calls int) *progress {
	p := &progress{out: out}
	if isTerminal(out) {
		p.bar = progressbar.NewOptions(calls,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("calls"),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// begin announces a run.
func (p *progress) begin(server string, concurrency int, k kind) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%-24s %4d× %-16s", server, concurrency, k.name))
	}
}

// call counts a call.
func (p *progress) call() {
	if p.bar != nil {
		p.bar.Add(1)
	}
}

// end tells how a run ended.
func (p *progress) end(r *result) {
	if p.bar == nil {
		fmt.Fprintf(p.out, "%-24s %4d× %-16s  %6d calls  %4d failed  %v\n",
			r.server, r.concurrency, r.kind, r.calls, r.failed, r.took.Round(time.Millisecond))
	}
}

// finish removes the bar.
func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
