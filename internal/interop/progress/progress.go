// Package progress shows how far a long run is: a bar on a terminal, a line for each part elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Display shows progress on one file.
type Display struct {
	out io.Writer
	bar *progressbar.ProgressBar // nil where out is not a terminal
}

// New returns a display for a run of so many steps, which are called unit: "calls".
func New(out *os.File, steps int, unit string) *Display {
	d := &Display{out: out}
	if IsTerminal(out) {
		d.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString(unit),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return d
}

// Begin says which part is running.
func (d *Display) Begin(part string) {
	if d.bar != nil {
		d.bar.Describe(part)
	}
}

// Step counts a step.
func (d *Display) Step() {
	if d.bar != nil {
		d.bar.Add(1)
	}
}

// End says how the part ended.
func (d *Display) End(line string) {
	if d.bar == nil {
		fmt.Fprintln(d.out, line)
	}
}

// Finish removes the bar.
func (d *Display) Finish() {
	if d.bar != nil {
		d.bar.Finish()
	}
}

// IsTerminal reports whether somebody is looking at f.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
