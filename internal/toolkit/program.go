package toolkit

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// A Program is a command. Its options, O, are those of its command line.
type Program[O any] struct {
	Name  string
	Flags func(flags *flag.FlagSet, o *O)                        // defines the flags
	Check func(o *O, rest []string) error                        // says what is wrong with the command line; rest follows the flags
	Do    func(ctx context.Context, o O, stdout io.Writer) error // does what the options say
}

// Main runs the program until it is done or interrupted, and exits.
func (p Program[O]) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := p.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// Run returns the exit status: 0, 1 if Do failed, 2 for a mistaken command line.
func (p Program[O]) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o O
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	p.Flags(flags, &o)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := p.Check(&o, flags.Args()); err != nil {
		fmt.Fprintln(stderr, err)
		flags.Usage()
		return 2
	}
	if err := p.Do(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.Name, err)
		return 1
	}
	return 0
}

// NoArguments is what is wrong with a command line that has more than flags.
func NoArguments(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	return nil
}
