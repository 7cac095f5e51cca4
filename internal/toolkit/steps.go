package toolkit

import (
	"fmt"
	"io"
	"time"
)

// Steps tells what a command is doing: a line for each step, with the time that it took.
type Steps struct{ W io.Writer }

// Do runs a step.
func (s Steps) Do(what string, step func() error) error {
	fmt.Fprintf(s.W, "%s …", what)
	begin := time.Now()
	err := step()
	if err != nil {
		fmt.Fprintln(s.W, " failed")
	} else {
		fmt.Fprintf(s.W, " %.1f s\n", time.Since(begin).Seconds())
	}
	return err
}
